// The helpers of templates as templates use them: each word in a line of its format, and what they refuse.

import assert from "node:assert/strict";
import { test } from "node:test";
import Handlebars from "handlebars";
import { fillTemplate, isolateView, type TemplateView } from "../../src/render/fill-template.ts";
import { loadTemplates } from "../../src/render/load-template.ts";
import { templateHelperNames, templateHelpers } from "../../src/render/template-helpers.ts";

function fill(source: string, view: TemplateView): string {
  const knownHelpers = Object.fromEntries(templateHelperNames.map((name) => [name, true]));
  const spec = new Function(
    `return ${Handlebars.precompile(source, { strict: true, knownHelpersOnly: true, knownHelpers })}`,
  )();
  return loadTemplates(templateHelpers, { t: spec })("t", isolateView(view));
}

const hostile = `a"b'c $d %e \\f {{g}} <h>`;
const key = "K";

test("each word quotes for its own format", () => {
  const cases: readonly (readonly [line: string, view: TemplateView, wanted: string])[] = [
    ["{{sh v}}", { v: hostile }, `'a"b'\\''c $d %e \\f {{g}} <h>'`],
    ["{{yaml v}}", { v: hostile }, `"a\\"b'c $d %e \\\\f {{g}} <h>"`],
    ["{{composeYaml v}}", { v: hostile }, `"a\\"b'c $$d %e \\\\f {{g}} <h>"`],
    ["{{yamlKey v}}: 1", { v: "on" }, '"on": 1'],
    ["{{json v}}", { v: { b: [hostile], a: 1 } }, `{"a":1,"b":["a\\"b'c $d %e \\\\f {{g}} <h>"]}`],
    ["{{unit v}}", { v: hostile }, `a"b'c $d %%e \\f {{g}} <h>`],
    ["{{unitPath v}}", { v: "/a b%" }, "/a b%%"],
    [
      "{{unitProgram v}} {{unitArg w}}",
      { v: "/bin/a", w: hostile },
      `/bin/a "a\\"b'c $$d %%e \\\\f {{g}} <h>"`,
    ],
    ["{{unitEnv v key=k}}", { v: hostile, k: key }, `"K=a\\"b'c $d %%e \\\\f {{g}} <h>"`],
    ["{{unitListPath v}} {{unitListPathIfPresent v}}", { v: "/a b" }, '"/a b" "-/a b"'],
    ["{{unitWord v}}", { v: "400%" }, "400%"],
    ["a@{{unitInstance v}}.service", { v: "b/c-d" }, "a@b-c\\x2dd.service"],
    ["{{unitPathInstance v}}.mount", { v: "/b/c" }, "b-c.mount"],
    ["{{unitName v}}", { v: "a.timer" }, "a.timer"],
    ["{{tmpfiles v}} {{sysusers v}}", { v: "a b%" }, '"a b%%" "a b%%"'],
    ["{{env v key=k}}", { v: hostile, k: key }, `K="a\\"b'c \\$d %e \\\\f {{g}} <h>"`],
    ["{{systemdEnv v key=k}}", { v: "`", k: key }, 'K="\\`"'],
    ["{{composeEnv v key=k}}", { v: "a\nb", k: key }, 'K="a\\nb"'],
    ["{{rawEnv v key=k}}", { v: 'a "b"', k: key }, 'K=a "b"'],
    ["FROM {{dockerImage v}}", { v: "debian:13" }, "FROM debian:13"],
    ["ENV {{dockerEnv v key=k}}", { v: "$a", k: key }, 'ENV K="\\$a"'],
    ["LABEL {{dockerLabel v key=k}}", { v: "a", k: "org.b" }, 'LABEL org.b="a"'],
    ["CMD {{dockerExec v}}", { v: ["a", "b c"] }, 'CMD ["a","b c"]'],
    [
      "options {{module v}} {{moduleOption w key=k}}",
      { v: "vfio-pci", w: "1", k: "ids" },
      "options vfio-pci ids=1",
    ],
    ["{{kernelToken v}}", { v: "iommu=pt" }, "iommu=pt"],
    ["name: {{pve v}},a={{pveProperty v}}", { v: "b" }, "name: b,a=b"],
    ["{{pveDescription v}}", { v: "a:b\nc" }, "#a%3Ab\n#c\n"],
    ["{{cron v}}", { v: "date +%s" }, "date +\\%s"],
    ["# {{comment v}}", { v: "why: $x" }, "# why: $x"],
    ["{{markdown v}}", { v: "a|b" }, "a\\|b"],
    ["{{markdownCode v}}", { v: "a|b" }, "`a\\|b`"],
    ["{{name v}} {{plain v}}", { v: "gpu-1" }, "gpu-1 gpu-1"],
    ["{{int v}}", { v: 0 }, "0"],
  ];
  const used = new Set<string>();
  for (const [line, view, wanted] of cases) {
    assert.equal(fill(line, view), wanted, line);
    for (const [, name] of line.matchAll(/\{\{(\w+)/g)) used.add(name as string);
  }
  assert.deepEqual([...used].sort(), [...templateHelperNames].sort());
});

test("every word refuses what is no value of its kind", () => {
  for (const name of templateHelperNames.filter((name) => name !== "json")) {
    for (const wrong of [null, true, {}, ["a", 1], 1.5, Number.NaN]) {
      assert.throws(() => templateHelpers[name](wrong, { key: "a" }), /wants|takes/, `${name} ${wrong}`);
    }
  }
  assert.throws(() => templateHelpers.json(undefined, {}), /undefined/);
});

test("words refuse options that they do not know, and miss the one they need", () => {
  assert.throws(() => fill("{{sh v key=v}}", { v: "a" }), /wants the options \[\]/);
  assert.throws(() => fill("{{unitEnv v}}", { v: "a" }), /wants the options \[key\]/);
  assert.throws(() => fill("{{unitEnv v key=nope}}", { v: "a" }), /template t: /);
  assert.throws(() => fill("{{sh v v}}", { v: "a" }), /takes one value and got 2/);
});

test("a view is copied without prototypes, and holds plain data only", () => {
  const view = isolateView({ a: [{ b: null }], __proto__x: 1 }) as { a: object[] };
  assert.equal(Object.getPrototypeOf(view), null);
  assert.equal(Object.getPrototypeOf(view.a[0]), null);
  for (const bad of [undefined, () => 1, new Date(0), new Map(), Symbol("a"), 1n, Number.NaN]) {
    assert.throws(() => isolateView({ a: bad as never }), /view\.a is \w+: a view holds plain data only/);
  }
});

test("what the view lacks throws, also inside records and where every JavaScript object has it", () => {
  assert.throws(() => fill("{{sh a.b}}", { a: {} }), /\{\{sh\}\} got a value that the view does not have/);
  assert.throws(() => fill("{{sh toString}}", {}), /template t: /);
  assert.throws(() => fill("{{sh constructor}}", {}), /template t: /);
});

test("a template that does not exist throws", () => {
  assert.throws(() => fillTemplate("no/such/template", {}), /there is no template no\/such\/template/);
});
