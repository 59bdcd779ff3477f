// YAML scalars are read back by npm's yaml as 1.1 and as 1.2; PyYAML and Compose judge in test/tools.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import {
  escapeComposeDollars,
  quoteComposeYaml,
  quoteYaml,
  quoteYamlKey,
  writePlainYaml,
} from "../../src/render/quote-yaml.ts";
import { anyText, corpus } from "./hostile-text.ts";

const versions = ["1.1", "1.2"] as const;

function readBack(text: string): void {
  for (const version of versions) {
    assert.equal(parse(quoteYaml(text), { version }), text);
    assert.deepEqual(parse(`- ${quoteYaml(text)}\n- b: ${quoteYaml(text)}`, { version }), [
      text,
      { b: text },
    ]);
    const key = quoteYamlKey(text);
    const map = parse(`${key}: 1\nz z: 2`, { version, mapAsMap: true }) as Map<unknown, unknown>;
    assert.deepEqual(
      [...map],
      [
        [text, 1],
        ["z z", 2],
      ],
      key,
    );
  }
}

test("any text comes back from a value and from a key, in YAML 1.1 and 1.2", () => {
  fc.assert(fc.property(anyText, readBack), { numRuns: 1000 });
  for (const text of corpus.filter((text) => text.length < 500)) readBack(text);
});

test("a scalar is one line of printable characters", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      assert.doesNotMatch(
        quoteYaml(text),
        /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u,
      );
    }),
  );
});

test("characters outside the basic plane stay: go-yaml refuses surrogate pairs as escapes", () => {
  assert.equal(quoteYaml("👍\u{1f1e9}"), '"👍\u{1f1e9}"');
});

test("what some reader folds, hides or refuses is escaped", () => {
  assert.equal(
    quoteYaml("\x7f\x85\xad\u200b\u2028\u202e\ufeff\ufffe"),
    '"\\u007f\\u0085\\u00ad\\u200b\\u2028\\u202e\\ufeff\\ufffe"',
  );
});

test("keys are bare only where every reader sees text", () => {
  for (const bare of ["image", "stop_grace_period", "x-ci-fleet", "_a", "app.kubernetes.io/name", "v1"]) {
    assert.equal(quoteYamlKey(bare), bare);
  }
  for (const word of [
    "on",
    "On",
    "OFF",
    "y",
    "N",
    "yes",
    "no",
    "true",
    "null",
    "~",
    "",
    "1",
    "1e3",
    "<<",
    "=",
    "a:",
    "a b",
    "-a",
    ".inf",
    "nan",
    "0x1",
    "a#",
  ]) {
    assert.equal(quoteYamlKey(word), JSON.stringify(word));
  }
});

test("a key longer than YAML's limit for implicit keys throws", () => {
  assert.throws(() => quoteYamlKey("k".repeat(1001)), /too long/);
  assert.equal(parse(`${quoteYamlKey("k ".repeat(400))}: 1`)["k ".repeat(400)], 1);
});

test("a bare word that could be more than text throws", () => {
  for (const word of ["unless-stopped", "json-file", "apps/v1", "/dev/kvm", "linux/arm64"]) {
    assert.equal(writePlainYaml(word), word);
    for (const version of versions) assert.equal(parse(word, { version }), word);
  }
  for (const word of [
    "no",
    "Off",
    "null",
    "",
    "1",
    "0755",
    "a b",
    "a: b",
    "a:",
    "a #",
    "-",
    "- a",
    "*a",
    "&a",
    "!a",
    "a\n",
    "é",
    "~",
    "=",
    "a-",
  ]) {
    assert.throws(() => writePlainYaml(word), /cannot be written as a bare YAML word/, JSON.stringify(word));
  }
});

test("Compose's dollars are doubled, once, and nothing else changes", () => {
  assert.equal(escapeComposeDollars("$$a${B}$"), "$$$$a$${B}$$");
  assert.equal(quoteComposeYaml('a"$HOME'), '"a\\"$$HOME"');
  fc.assert(
    fc.property(anyText, (text) => assert.equal(escapeComposeDollars(text).replaceAll("$$", "$"), text)),
  );
});

test("what is no text throws", () => {
  for (const bad of [undefined, null, 1, {}, ["a"]]) assert.throws(() => quoteYaml(bad as never), TypeError);
  assert.throws(() => quoteYaml("\ud800"), /lone surrogate/);
  assert.throws(() => quoteYamlKey("\udfff"), /lone surrogate/);
});
