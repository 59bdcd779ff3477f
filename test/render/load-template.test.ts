// What a template does with values that it should not get: missing ones, wrong kinds, unquoted text.

import assert from "node:assert/strict";
import { test } from "node:test";
import Handlebars from "handlebars";
import { loadTemplates } from "../../src/render/load-template.ts";
import type { QuoteFunction } from "../../src/render/template-helpers.ts";
import { templateHelperNames } from "../../src/render/template-helpers.ts";

const quote: QuoteFunction = (value) => `<${String(value)}>`;
const quotes = Object.fromEntries(templateHelperNames.map((name) => [name, quote])) as never;

/** Compiles with build.mjs's options but without its lint, to see the guards of run time. */
function run(source: string, view: object): string {
  const options = { strict: true, knownHelpersOnly: true, knownHelpers: knownHelpers() };
  const spec = new Function(`return ${Handlebars.precompile(source, options)}`)();
  return loadTemplates(quotes, { t: spec })("t", view);
}
const knownHelpers = () => Object.fromEntries(templateHelperNames.map((name) => [name, true]));

test("a quoted value is printed as its helper says, without HTML escaping", () => {
  assert.equal(run("{{sh x}}", { x: "<a & 'b'>" }), "<<a & 'b'>>");
});

test("a bare value throws even where the build let it pass", () => {
  assert.throws(() => run("{{x}}", { x: "a" }), /template t: .*without a quoting helper/);
});

test("a value that the view does not have throws in a helper", () => {
  assert.throws(() => run("{{sh nope}}", {}), /template t: /);
  assert.throws(() => run("{{sh a.b}}", { a: {} }), /template t: /);
});

for (const block of ["if", "unless"]) {
  test(`#${block} takes yes, no, null, records and text, and throws on what could mean either`, () => {
    const ask = (x: unknown) => run(`{{#${block} x}}yes{{else}}no{{/${block}}}`, { x });
    const [yes, no] = block === "if" ? ["yes", "no"] : ["no", "yes"];
    for (const x of [true, "text", {}]) assert.equal(ask(x), yes);
    for (const x of [false, null]) assert.equal(ask(x), no);
    for (const x of [undefined, 0, 1, "", [], [1]]) {
      assert.throws(() => ask(x), new RegExp(`\\{\\{#${block}\\}\\} wants a boolean`));
    }
  });
}

test("#each walks a list and throws on everything else", () => {
  const walk = (x: unknown) => run("{{#each x}}{{sh this}}{{else}}none{{/each}}", { x });
  assert.equal(walk(["a", 0]), "<a><0>");
  assert.equal(walk([]), "none");
  for (const x of [undefined, null, {}, "ab", new Map()])
    assert.throws(() => walk(x), /#each\}\} wants a list/);
});

test("#with steps into a record, skips null and throws on everything else", () => {
  const step = (x: unknown) => run("{{#with x}}{{sh a}}{{else}}none{{/with}}", { x });
  assert.equal(step({ a: 1 }), "<1>");
  assert.equal(step(null), "none");
  for (const x of [undefined, [], "a", 0]) assert.throws(() => step(x), /#with\}\} wants a record/);
});

test("a name that is no template throws, also when it is a property of every object", () => {
  const render = loadTemplates(quotes, {});
  assert.throws(() => render("toString", {}), /there is no template toString/);
});
