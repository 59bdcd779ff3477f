// JSON that somebody else wrote, taken for no more than it is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { asObject, parseObject, readEach } from "../../src/base/read-json.ts";

test("only an object is an object", () => {
  assert.deepEqual(parseObject('{"a":1}'), { a: 1 });
  for (const text of ["", "{", "null", "1", '"a"', "[]", "\uFEFF{}"])
    assert.equal(parseObject(text), null, text);
  for (const value of [undefined, null, 0, "a", [], () => 1]) assert.equal(asObject(value), null);
});

test("entries that cannot be read are left out, and no name reaches a prototype", () => {
  const read = (value: unknown) => (typeof value === "number" ? value : null);
  const each = readEach(JSON.parse('{"a":1,"b":"x","__proto__":2}'), read);
  assert.deepEqual(Object.entries(each), [
    ["a", 1],
    ["__proto__", 2],
  ]);
  assert.deepEqual(readEach([1, 2], read), {});
});
