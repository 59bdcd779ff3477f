// Files of variables, read back by /bin/sh itself where sh is a reader, else by readers made from the
// documentation of the others; test/tools asks Compose and systemd.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import {
  quoteComposeEnvLine,
  quoteSharedEnvLine,
  quoteSystemdEnvLine,
  writeRawEnvLine,
} from "../../src/render/quote-env-file.ts";
import { anyText, corpus, sampleTexts, systemdText } from "./hostile-text.ts";
import { readEnvFileValue } from "./systemd-reader.ts";

/** What sh has in V0, V1, … after `. file`. */
function sourceBySh(lines: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "env-"));
  try {
    const file = join(folder, "variables");
    writeFileSync(file, `${lines.join("\n")}\n`);
    const print = lines.map((_, at) => `"$V${at}"`).join(" ");
    const output = execFileSync("/bin/sh", [], {
      input: `. ${file}\nprintf '%s\\0' ${print}\n`,
      cwd: folder,
    });
    return output.toString("utf8").split("\0").slice(0, -1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Compose's env_file format, double quotes. */
function readComposeValue(line: string): string {
  const quoted = /^[A-Z0-9]+="((?:[^"\\\n\r]|\\["\\$nrt])*)"$/.exec(line)?.[1];
  if (quoted === undefined) throw new Error(`not one quoted value: ${line}`);
  if (/(?<!\\)(?:\\\\)*\$/.test(quoted)) throw new Error(`a dollar would be expanded: ${line}`);
  const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
  return quoted.replace(/\\(.)/g, (_, c) => escapes[c] ?? c);
}

test("sh reads any text back from the form for systemd", () => {
  const texts = sampleTexts(600, systemdText);
  assert.deepEqual(sourceBySh(texts.map((text, at) => quoteSystemdEnvLine(`V${at}`, text))), texts);
});

test("systemd's own rule reads any text back", () => {
  const check = (text: string) =>
    assert.equal(readEnvFileValue(quoteSystemdEnvLine("K", text).slice(2)), text);
  fc.assert(fc.property(systemdText, check), { numRuns: 500 });
  corpus.forEach(check);
});

test("Compose's rule reads any text back, from one line", () => {
  const check = (text: string) => assert.equal(readComposeValue(quoteComposeEnvLine("K", text)), text);
  assert.equal(quoteComposeEnvLine("K", "a\n\r\t"), 'K="a\\n\\r\\t"');
  fc.assert(fc.property(anyText, check), { numRuns: 500 });
  corpus.forEach(check);
});

test("the shared form is read alike by sh, systemd and Compose", () => {
  const texts = sampleTexts(600, systemdText).filter((text) => !/[`\n\r]/.test(text));
  const lines = texts.map((text, at) => quoteSharedEnvLine(`V${at}`, text));
  assert.deepEqual(sourceBySh(lines), texts);
  for (const [at, text] of texts.entries()) {
    const line = lines[at] as string;
    assert.equal(readEnvFileValue(line.slice(line.indexOf("=") + 1)), text);
    assert.equal(readComposeValue(line), text);
  }
});

test("the shared form refuses what the three read differently", () => {
  for (const bad of ["`", "a\nb", "a\rb", "a\0"])
    assert.throws(() => quoteSharedEnvLine("K", bad), /cannot be written/);
});

test("a raw line is the text itself, and refuses what could end or change it", () => {
  assert.equal(writeRawEnvLine("K", `a "b" $c \\ # d`), `K=a "b" $c \\ # d`);
  assert.equal(writeRawEnvLine("K", ""), "K=");
  for (const bad of ["a\nb", "a\rb", " a", "a ", "a\t", "\u00a0a"]) {
    assert.throws(() => writeRawEnvLine("K", bad), /cannot be written/, JSON.stringify(bad));
  }
});

test("every form refuses names that are not POSIX names, NUL and lone surrogates", () => {
  for (const write of [quoteSystemdEnvLine, quoteComposeEnvLine, quoteSharedEnvLine, writeRawEnvLine]) {
    for (const key of ["", "1A", "A-B", "A B", "A=B", "A\n", "export A"])
      assert.throws(() => write(key, "v"));
    for (const value of ["a\0b", "\ud800", undefined as never]) assert.throws(() => write("K", value));
  }
});
