// Unit names: what systemd-escape prints; test/tools runs systemd-escape itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { escapeUnitPath, escapeUnitText, requireUnitName } from "../../src/base/unit-name.ts";
import { anyText, corpus } from "../render/hostile-text.ts";
import { unescapeUnitText } from "../render/systemd-reader.ts";

test("the examples of systemd's manual come out", () => {
  assert.equal(escapeUnitText("acme/widgets#1"), "acme-widgets\\x231");
  assert.equal(escapeUnitText("a-b"), "a\\x2db");
  assert.equal(escapeUnitText(".a.b"), "\\x2ea.b");
  assert.equal(escapeUnitText("é"), "\\xc3\\xa9");
  assert.equal(escapeUnitText(""), "");
  assert.equal(escapeUnitPath("/"), "-");
  assert.equal(escapeUnitPath("//var//lib/./ci-fleet/"), "var-lib-ci\\x2dfleet");
  assert.equal(escapeUnitPath("/.cache"), "\\x2ecache");
});

test("any text comes back from an instance, which is always a valid part of a name", () => {
  const check = (text: string) => {
    const escaped = escapeUnitText(text);
    assert.match(escaped, /^[A-Za-z0-9:_.\\-]*$/);
    assert.equal(unescapeUnitText(escaped), text);
  };
  fc.assert(fc.property(anyText, check), { numRuns: 500 });
  corpus.forEach(check);
});

test("paths that systemd-escape refuses throw", () => {
  for (const bad of ["", "a", "./a", "/a/..", "/../a", "/a/../b", "/a\0"]) {
    assert.throws(() => escapeUnitPath(bad), /cannot be written as a path/, JSON.stringify(bad));
  }
});

test("names that systemd would refuse throw", () => {
  for (const good of ["a.service", "ci-fleet-acme@gpu-1.service", "a@.timer", "var-lib-ci\\x2dfleet.mount"]) {
    assert.equal(requireUnitName(good), good);
  }
  const long = `${"a".repeat(248)}.service`;
  for (const bad of [
    "",
    "a",
    ".service",
    "a b.service",
    "a@b@c.service",
    "@a.service",
    "a/b.service",
    "a.service\n",
    "é.service",
    "%i.service",
    long,
  ]) {
    assert.throws(() => requireUnitName(bad), /cannot be written as a unit name/, JSON.stringify(bad));
  }
});
