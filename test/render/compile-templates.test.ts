// What the build refuses in a template, with the place.

import assert from "node:assert/strict";
import { test } from "node:test";
import { compileTemplates, lintTemplate, TemplateError } from "../../src/render/compile-templates.ts";

const helpers = ["sh", "yaml"];
const lint = (source: string) => lintTemplate(source, helpers);
const expected = "is not a quoting helper (sh, yaml)";
const partForm = "a part has a line of its own, a plain name and no arguments";

const faults: readonly (readonly [string, string, readonly string[]])[] = [
  ["a bare value", "a: {{x}}\n", [`1:4 'x' ${expected}`]],
  ["a bare value of a record", "\n{{host.name}}\n", [`2:1 'host.name' ${expected}`]],
  ["this", "{{this}}\n", [`1:1 'this' ${expected}`]],
  ["a value of the outer view", "{{#each xs}}{{../sh}}{{/each}}\n", [`1:13 '../sh' ${expected}`]],
  ["a loop variable", "{{#each xs}}{{@index}}{{/each}}\n", [`1:13 '@index' ${expected}`]],
  ["three braces", "{{{sh x}}}\n", ["1:1 '{{{' and '{{&' print without quoting: use a quoting helper"]],
  ["an ampersand", "{{&sh x}}\n", ["1:1 '{{{' and '{{&' print without quoting: use a quoting helper"]],
  ["a helper without a value", "{{sh}}\n", ["1:1 'sh' is a quoting helper and needs a value"]],
  ["an unknown helper", "{{html x}}\n", [`1:1 'html' ${expected}`]],
  ["a built-in that prints", "{{lookup x 1}}\n", [`1:1 'lookup' ${expected}`]],
  ["a call inside a call", "{{sh (yaml x)}}\n", ["1:6 a call inside a call: let the view carry the value"]],
  [
    "a call inside a block's head",
    "{{#if (sh x)}}{{/if}}\n",
    ["1:7 a call inside a call: let the view carry the value"],
  ],
  [
    "a quoted value inside quotes",
    'say "what {{sh x}} gave" \'a "\' \\" {{sh x}}\n',
    ["1:11 'sh' brings its own quotes and stands inside double quotes: end those first"],
  ],
  ["a helper as a block", "{{#sh x}}{{/sh}}\n", ["1:1 '#sh' is not one of #if, #unless, #each, #with"]],
  ["a value as a block", "{{#x}}{{/x}}\n", ["1:1 '#x' is not one of #if, #unless, #each, #with"]],
  ["a bare value in an else", "{{#if a}}\n{{else}}{{x}}{{/if}}\n", [`2:9 'x' ${expected}`]],
  ["a part inside a line", "a {{> x}}\n", [`1:3 ${partForm}`]],
  ["an indented part", " {{> x}}\n", [`1:2 ${partForm}`]],
  ["a part with another view", "{{> x y}}\n", [`1:1 ${partForm}`]],
  ["a part whose name is a value", "{{> (sh x)}}\n", [`1:1 ${partForm}`]],
  ["a partial block", "{{#> x}}{{/x}}\n", ["1:1 a partial is not allowed in a template"]],
  ["an inline partial", '{{#*inline "x"}}{{/inline}}\n', ["1:1 a decorator is not allowed in a template"]],
  ["an expression of GitHub", "${{ sh x }}\n", ["1:2 '${{' would lose its braces: write '$\\{{'"]],
  ["CRLF", "a\r\n", ["1:1 carriage return: lines end with LF"]],
  ["a byte order mark", "\ufeffa\n", ["1:1 byte order mark"]],
  ["no end of line", "a\nb", ["2:1 no LF at the end"]],
];

for (const [name, source, wanted] of faults) {
  test(`a template with ${name} is refused`, () => {
    const found = lint(source);
    assert.deepEqual(
      found.filter((line) => wanted.includes(line)),
      wanted,
      found.join("\n"),
    );
  });
}

test("a template of quoted values, blocks and escaped braces passes", () => {
  const source = "{{#each xs}}{{#if this.a}}{{yaml this.b}}{{else}}$\\{{ x }}{{/if}}{{sh @index}}{{/each}}\n";
  assert.deepEqual(lint(source), []);
});

test("all faults of all templates are told at once, with file and place", () => {
  const sources = [
    { path: "b.sh.hbs", text: "{{x}}\n{{{y}}}\n" },
    { path: "a.yml.hbs", text: "{{#if}}\n" },
  ];
  assert.throws(
    () => compileTemplates(sources, helpers),
    (error) => {
      assert.ok(error instanceof TemplateError);
      const lines = error.message.split("\n");
      assert.equal(lines[0], "templates/a.yml.hbs:2:1 Parse error on line 2:");
      assert.deepEqual(lines.slice(-2), [
        `templates/b.sh.hbs:1:1 'x' ${expected}`,
        "templates/b.sh.hbs:2:1 '{{{' and '{{&' print without quoting: use a quoting helper",
      ]);
      return true;
    },
  );
});

test("the same templates give the same module, in the order of their names", () => {
  const sources = ["b", "a", "c"].map((name) => ({ path: `${name}.hbs`, text: `${name} {{sh x}}\n` }));
  const text = compileTemplates(sources, helpers);
  assert.equal(compileTemplates(sources.toReversed(), helpers), text);
  assert.deepEqual(
    [...text.matchAll(/^ {2}"(\w)": /gm)].map((found) => found[1]),
    ["a", "b", "c"],
  );
});

test("a part is put where its template names it, as if it had stood there", () => {
  const sources = [
    { path: "a/long.sh.hbs", text: "1\n{{#if x}}\n{{> long-two.part.sh}}\n{{/if}}\n3\n" },
    { path: "a/long-two.part.sh.hbs", text: "{{sh x}}\n\n" },
  ];
  const whole = [{ path: "a/long.sh.hbs", text: "1\n{{#if x}}\n{{sh x}}\n\n{{/if}}\n3\n" }];
  assert.equal(compileTemplates(sources, helpers), compileTemplates(whole, helpers));
});

test("a part that is not there, lies elsewhere, is a whole template, or has parts itself is refused", () => {
  const sources = [
    { path: "a/long.sh.hbs", text: "{{> gone.part}}\n{{> other.part}}\n{{> whole}}\n{{> ok.part}}\n" },
    { path: "b/other.part.hbs", text: "b\n" },
    { path: "a/whole.hbs", text: "c\n" },
    { path: "a/inner.part.hbs", text: "d {{bare}}\n" },
    { path: "a/ok.part.hbs", text: "{{> inner.part}}\n" },
  ];
  assert.throws(() => compileTemplates(sources, helpers), {
    message: [
      `templates/a/inner.part.hbs:1:3 'bare' ${expected}`,
      "templates/a/long.sh.hbs:1:1 there is no part 'gone.part' to put here",
      "templates/a/long.sh.hbs:2:1 there is no part 'other.part' to put here",
      "templates/a/long.sh.hbs:3:1 there is no part 'whole' to put here",
      "templates/a/ok.part.hbs:1:1 there is no part 'inner.part' to put here",
    ].join("\n"),
  });
});
