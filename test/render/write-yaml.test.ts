// The YAML writer: what it prints, what it refuses, and that any data comes back.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse, parseAllDocuments } from "yaml";
import {
  airy,
  commented,
  plain,
  writeYaml,
  writeYamlDocuments,
  type YamlValue,
} from "../../src/render/write-yaml.ts";
import { anyText } from "./hostile-text.ts";

test("a document with every kind of value reads well", () => {
  const services = new Map<string, YamlValue>([
    [
      "on",
      commented("first\n\nsecond", {
        image: plain("nginx"),
        restart: "no",
        size: 0,
        f: 1.5,
        t: true,
        z: null,
      }),
    ],
    [
      "b",
      {
        list: [
          "x",
          1,
          [["deep"], []],
          { k: "v", e: {} },
          commented("an item", { a: [1] }),
          { c: commented("why", 3), d: 4 },
        ],
      },
    ],
  ]);
  const text = writeYaml(
    { name: "a$b", services: airy(services), empty: commented("none", []) },
    { head: "# made\n", airy: true, dollars: "compose" },
  );
  assert.equal(
    text,
    `# made
name: "a$$b"

services:
  # first
  #
  # second
  "on":
    image: nginx
    restart: "no"
    size: 0
    f: 1.5
    t: true
    z: null

  b:
    list:
      - "x"
      - 1
      - - - "deep"
        - []
      - k: "v"
        e: {}
      # an item
      - a:
          - 1
      -
        # why
        c: 3
        d: 4

# none
empty: []
`,
  );
  assert.deepEqual(parse(text), {
    name: "a$$b",
    services: {
      on: { image: "nginx", restart: "no", size: 0, f: 1.5, t: true, z: null },
      b: { list: ["x", 1, [["deep"], []], { k: "v", e: {} }, { a: [1] }, { c: 3, d: 4 }] },
    },
    empty: [],
  });
});

test("a document may be a scalar, a list, or empty", () => {
  assert.equal(writeYaml("a"), '"a"\n');
  assert.equal(writeYaml([1, { a: 2 }]), "- 1\n- a: 2\n");
  assert.equal(writeYaml({}), "{}\n");
  assert.equal(writeYaml([]), "[]\n");
  assert.equal(writeYaml(commented("c", { a: 1 })), "# c\na: 1\n");
});

test("several documents come back in order", () => {
  const text = writeYamlDocuments([{ a: 1 }, ["b"], "--- c"], { head: "# made\n" });
  assert.equal(text, '# made\n---\na: 1\n---\n- "b"\n---\n"--- c"\n');
  assert.deepEqual(
    parseAllDocuments(text).map((doc) => doc.toJS()),
    [{ a: 1 }, ["b"], "--- c"],
  );
});

test("dollars are doubled in values only, and only for Compose", () => {
  const data = new Map<string, YamlValue>([["$k", ["$v", { a: "${HOME}" }]]]);
  assert.equal(writeYaml(data, { dollars: "compose" }), '"$k":\n  - "$$v"\n  - a: "$${HOME}"\n');
  assert.equal(writeYaml(data), '"$k":\n  - "$v"\n  - a: "${HOME}"\n');
});

test("keys that JavaScript treats apart are keys like others", () => {
  const data = new Map<string, YamlValue>([
    ["__proto__", 1],
    ["10", 2],
    ["9", 3],
    ["constructor", 4],
  ]);
  assert.equal(writeYaml(data), '__proto__: 1\n"10": 2\n"9": 3\nconstructor: 4\n');
});

test("values without one spelling throw and name their place", () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ a: [undefined] }, /\$\.a\[0\] is undefined/],
    [{ a: Number.NaN }, /\$\.a is NaN/],
    [{ a: Number.POSITIVE_INFINITY }, /Infinity/],
    [{ a: 2 ** 53 }, /9007199254740992/],
    [{ a: 1e-7 }, /1e-7/],
    [{ a: new Date(0) }, /\$\.a is object/],
    [{ a: () => 1 }, /function/],
    [{ a: 1n }, /bigint/],
    [{ a: new Set() }, /object/],
    [{ a: "\ud800" }, /lone surrogate/],
  ];
  for (const [value, message] of cases) assert.throws(() => writeYaml(value as YamlValue), message);
});

test("a comment cannot end its line", () => {
  for (const bad of ["a\rb", "a\u0085b", "a\u2028b", "a\u0000b", "\ud800"]) {
    assert.throws(() => commented(bad, 1), /control character/);
  }
  assert.deepEqual(parse(writeYaml({ a: commented("x: y\n- z\n--- {", 1) })), { a: 1 });
});

test("any data comes back as it was, in YAML 1.1 and 1.2, whatever is marked", () => {
  const { value } = fc.letrec<{ value: YamlValue; inner: YamlValue }>((tie) => ({
    inner: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.oneof(anyText, fc.integer(), fc.boolean(), fc.constant(null), fc.constantFrom(1.5, -0.25)),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.array(fc.tuple(anyText, tie("value")), { maxLength: 4 }).map((pairs) => new Map(pairs)),
    ),
    value: fc.tuple(tie("inner"), fc.nat(5)).map(([inner, mark]) => {
      if (mark === 0) return commented("note\nmore", inner);
      return mark === 1 && typeof inner === "object" && inner !== null
        ? airy(inner as readonly YamlValue[])
        : inner;
    }),
  }));
  fc.assert(
    fc.property(value, (data) => {
      const text = writeYaml(data);
      const wanted = JSON.stringify(unmark(data));
      for (const version of ["1.1", "1.2"] as const) {
        assert.equal(JSON.stringify(listPairs(parse(text, { version, mapAsMap: true }))), wanted, text);
      }
    }),
    { numRuns: 500 },
  );
});

/** The data without marks, maps as lists of pairs. */
function unmark(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmark);
  if (value instanceof Map) return [...value].map(([key, item]) => ({ key, item: unmark(item) }));
  if (typeof value === "object" && value !== null) {
    const mark = Object.getOwnPropertySymbols(value).map((symbol) => Reflect.get(value, symbol))[0];
    return unmark(mark.value);
  }
  return value;
}

function listPairs(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(listPairs);
  if (value instanceof Map) return [...value].map(([key, item]) => ({ key, item: listPairs(item) }));
  return value;
}
