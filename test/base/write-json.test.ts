// JSON: one spelling for one value, and nothing dropped in silence.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type JsonValue, writeCompactJson, writeJson } from "../../src/base/write-json.ts";

test("keys are sorted at every depth and lists keep their order", () => {
  const value = { b: [{ z: 1, a: 2 }, "x"], a: { "10": 1, "9": 2, é: 3, Z: 4 } };
  assert.equal(
    writeJson(value),
    '{\n  "a": {\n    "9": 2,\n    "10": 1,\n    "Z": 4,\n    "é": 3\n  },\n  "b": [\n    {\n      "a": 2,\n      "z": 1\n    },\n    "x"\n  ]\n}\n',
  );
  assert.equal(writeCompactJson({ b: 1, a: [] }), '{"a":[],"b":1}');
});

test("equal values give equal bytes whatever the order of their keys, and come back", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 6 }).map((key) => key.toWellFormed());
  const value = fc.letrec<{ v: JsonValue }>((tie) => ({
    v: fc.oneof(
      { depthSize: "small" },
      fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null)),
      fc.array(tie("v"), { maxLength: 3 }),
      fc.dictionary(text, tie("v"), { maxKeys: 4 }),
    ),
  })).v;
  fc.assert(
    fc.property(value, (data) => {
      const written = writeJson(data);
      assert.equal(JSON.stringify(JSON.parse(written)), writeCompactJson(data));
      assert.equal(writeJson(reverseKeys(data)), written);
    }),
  );
});

test("a key __proto__ stays a key", () => {
  const value = JSON.parse('{"__proto__":{"a":1},"b":2}') as JsonValue;
  assert.equal(writeCompactJson(value), '{"__proto__":{"a":1},"b":2}');
});

test("what JSON would drop or change throws and names its place", () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /\$ is undefined/],
    [{ a: [1, undefined] }, /\$\.a\[1\] is undefined/],
    [{ a: Number.NaN }, /\$\.a is NaN/],
    [{ a: Number.NEGATIVE_INFINITY }, /-Infinity/],
    [{ a: () => 1 }, /function/],
    [{ a: 1n }, /bigint/],
    [{ a: new Date(0) }, /\$\.a is object/],
    [{ a: new Map() }, /\$\.a is object/],
    [{ a: "\ud800" }, /\$\.a holds a lone surrogate/],
    [{ "\udc00": 1 }, /lone surrogate/],
  ];
  for (const [value, message] of cases) assert.throws(() => writeJson(value as JsonValue), message);
});

function reverseKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(reverseKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reverseKeys(item)]),
  );
}
