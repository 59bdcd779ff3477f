// Shell words, read back by the shells that every Debian has; test/tools adds busybox.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { formatShellCommand, quoteShellWord } from "../../src/base/quote-shell.ts";
import { anyText, sampleTexts } from "../render/hostile-text.ts";

/** The words that a shell makes of a script's text: one process for all. */
function readWords(shell: string, args: readonly string[], source: string): readonly string[] {
  const output = execFileSync(shell, args, { input: `printf '%s\\0' ${source}\n`, maxBuffer: 1 << 26 });
  return output.toString("utf8").split("\0").slice(0, -1);
}

for (const [shell, ...args] of [["/bin/sh"], ["/bin/bash"], ["/bin/bash", "--posix"]] as const) {
  test(`${[shell, ...args].join(" ")} reads any text back as one word`, () => {
    const texts = sampleTexts(800);
    assert.deepEqual(readWords(shell, args, texts.map(quoteShellWord).join(" ")), texts);
  });

  test(`${[shell, ...args].join(" ")} reads a command line for people back`, () => {
    const texts = [
      "~",
      "~root",
      "a=b",
      "-n",
      "a b",
      "",
      "if",
      "*",
      "{a,b}",
      "!x",
      "x:y@z%1+2,3",
      ...sampleTexts(200),
    ];
    assert.deepEqual(readWords(shell, args, formatShellCommand(texts)), texts);
  });
}

test("a command line quotes only what needs it", () => {
  assert.equal(
    formatShellCommand(["/usr/bin/docker", "run", "--name=a", "-v", "/a b:/c", "it's", "", "~"]),
    "/usr/bin/docker run --name=a -v '/a b:/c' 'it'\\''s' '' '~'",
  );
});

test("a first word that looks like an assignment is quoted", () => {
  assert.equal(formatShellCommand(["A=b", "A=b"]), "'A=b' A=b");
});

test("a word is the text between single quotes, whatever it is", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const word = quoteShellWord(text);
      assert.equal(word.slice(1, -1).replaceAll("'\\''", "'"), text);
      assert.match(word, /^'(?:[^']|'\\'')*'$/);
    }),
  );
});

test("NUL, lone surrogates and what is no text throw", () => {
  for (const bad of ["a\0", "\ud800", undefined, 1]) assert.throws(() => quoteShellWord(bad as string));
});
