// Sizes and durations: what is taken, what is refused, and that writing and reading agree.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDuration, formatSize, guessMeasure, parseDuration, parseSize } from "../../src/base/units.ts";

test("sizes keep binary and decimal units apart", () => {
  assert.equal(parseSize("48GiB"), 48 * 2 ** 30);
  assert.equal(parseSize("48GB"), 48e9);
  assert.equal(parseSize("1.5TiB"), 1.5 * 2 ** 40);
  assert.equal(parseSize("10kB"), 10_000);
  assert.equal(parseSize("0MiB"), 0);
});

test("what is no size is none", () => {
  for (const text of [
    "",
    "48",
    "48G",
    "48 GiB",
    "-1GiB",
    "1e3GiB",
    ".5GiB",
    "GiB",
    "48gib",
    "999999999999TiB",
    "1GiB\n",
  ]) {
    assert.equal(parseSize(text), null, JSON.stringify(text));
  }
});

test("another tool's notation is understood well enough to name ours", () => {
  const guesses: readonly (readonly ["size" | "duration", string, string | null])[] = [
    ["size", "32g", "32GiB"],
    ["size", "32Gi", "32GiB"],
    ["size", "512 MB", "512MB"],
    ["size", "48gib", "48GiB"],
    ["size", "1.5t", "1.5TiB"],
    ["size", "32", null],
    ["size", "lots", null],
    ["size", "99999999999t", null],
    ["duration", "90 min", "90m"],
    ["duration", "2hours", "2h"],
    ["duration", "5D", "5d"],
    ["duration", "10 seconds", "10s"],
    ["duration", "3 months", null],
    ["duration", "1.5h", null],
    ["duration", "soon", null],
  ];
  for (const [kind, text, guess] of guesses) assert.equal(guessMeasure(text, kind), guess, text);
});

test("durations are days, hours, minutes, seconds in this order", () => {
  assert.equal(parseDuration("90s"), 90_000);
  assert.equal(parseDuration("1h30m"), 5_400_000);
  assert.equal(parseDuration("5d"), 432_000_000);
  for (const text of ["", "5", "1m30h", "1.5h", "-1m", "1 h", "5D", "999999999d", "1h\n"]) {
    assert.equal(parseDuration(text), null, JSON.stringify(text));
  }
});

test("what is formatted is read back as the same", () => {
  fc.assert(
    fc.property(fc.nat(10_000_000), (seconds) => {
      assert.equal(parseDuration(formatDuration(seconds * 1000)), seconds * 1000);
    }),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.constantFrom(1e3, 1e6, 2 ** 10, 2 ** 20, 2 ** 30),
      (n, unit) => {
        assert.equal(parseSize(formatSize(n * unit)), n * unit);
      },
    ),
  );
});

test("odd sizes are rounded for reading", () => {
  assert.equal(formatSize(1), "1B");
  assert.equal(formatSize(2 ** 30 + 1), "1.0GiB");
  assert.equal(formatSize(2 ** 20 + 1), "1.0MiB");
  assert.equal(formatDuration(999), "0s");
});
