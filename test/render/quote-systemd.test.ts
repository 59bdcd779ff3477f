// Values of unit files, read back by a reader made from systemd's manual; test/tools asks systemd itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  quoteSysusersField,
  quoteTmpfilesField,
  quoteUnitArgument,
  quoteUnitEnv,
  quoteUnitListPath,
  writeUnitCommand,
  writeUnitExecutable,
  writeUnitPath,
  writeUnitValue,
  writeUnitWord,
} from "../../src/render/quote-systemd.ts";
import { corpus, lineText, systemdText } from "./hostile-text.ts";
import { expandDollars, expandSpecifiers, readUnitWords } from "./systemd-reader.ts";

/** Runs `check` on random text and on the whole corpus. */
function forAny(
  arbitrary: fc.Arbitrary<string>,
  check: (text: string) => void,
  keep = (_: string) => true,
): void {
  fc.assert(fc.property(arbitrary.filter(keep), check), { numRuns: 500 });
  for (const text of corpus.filter(keep)) check(text);
}

test("any text comes back from Environment=, dollars literal", () => {
  forAny(systemdText, (text) => {
    assert.deepEqual(readUnitWords(quoteUnitEnv("KEY", text)).map(expandSpecifiers), [`KEY=${text}`]);
  });
});

test("any text comes back as one argument of ExecStart=", () => {
  forAny(systemdText, (text) => {
    const line = writeUnitCommand(["/usr/bin/printf", text, "b"]);
    const words = readUnitWords(line).map(expandSpecifiers).map(expandDollars);
    assert.deepEqual(words, ["/usr/bin/printf", text, "b"]);
  });
});

test("a quoted value or argument holds no control character, so that a unit stays readable text", () => {
  const all = Array.from({ length: 127 }, (_, at) => String.fromCharCode(at + 1)).join("");
  for (const written of [quoteUnitEnv("K", all), quoteUnitArgument(all), quoteTmpfilesField(all)]) {
    assert.doesNotMatch(written, /\p{Cc}/u);
  }
});

test("a semicolon alone is quoted, so that it does not end the command", () => {
  assert.equal(writeUnitCommand(["/bin/a", ";", "", "-x"]), '/bin/a ";" "" "-x"');
});

test("a program is an absolute path without anything that systemd reads as syntax", () => {
  for (const good of ["/usr/bin/docker", "/opt/ci-fleet/runner/2.338.1/run.sh", "/a/b+c@d"]) {
    assert.equal(writeUnitExecutable(good), good);
  }
  for (const bad of [
    "",
    "docker",
    "-/bin/a",
    "@/bin/a",
    "+/bin/a",
    "!/bin/a",
    ":/bin/a",
    "/bin/a b",
    "/bin/%i",
    "/bin/$A",
    "/bin/../x",
    "/bin//x",
    "/bin/",
    "/bin/a\n",
    '/bin/"a"',
    "/bin/a\\",
  ]) {
    assert.throws(() => writeUnitExecutable(bad), /cannot be written as the program/, JSON.stringify(bad));
  }
  assert.throws(() => writeUnitCommand([]), /at least a program/);
});

test("any line comes back from an unquoted value", () => {
  const keep = (text: string) => !/^\s|\s$|\\$|^$|[\0-\x1f\x7f]/.test(text);
  forAny(lineText, (text) => assert.equal(expandSpecifiers(writeUnitValue(text)), text), keep);
});

test("what an unquoted value cannot say throws", () => {
  for (const bad of ["", "a\nb", "a\r", "a\u0000", "\u001b[1m", " a", "a ", "a\t", "a\\", "\ud800"]) {
    assert.throws(() => writeUnitValue(bad), /cannot be written as a value in a unit/, JSON.stringify(bad));
  }
  for (const bad of ["a/b", "-/a", "~", "", "%h/a"])
    assert.throws(() => writeUnitPath(bad), /is not absolute/);
  assert.equal(writeUnitPath("/srv/100%/a b"), "/srv/100%%/a b");
});

test("any path comes back from a list of paths", () => {
  const keep = (text: string) => !/[:\0-\x1f\x7f]/.test(text) && !text.split("/").includes("..");
  const check = (text: string) => {
    const path = `/${text}`;
    const read = (line: string) => readUnitWords(line, "literal").map(expandSpecifiers);
    assert.deepEqual(read(quoteUnitListPath(path)), [path]);
    assert.deepEqual(read(quoteUnitListPath(path, { ifPresent: true })), [`-${path}`]);
  };
  forAny(lineText, check, keep);
  for (const bad of ["a", "-/a", "/a:b", "/a\nb", "/a\tb", "", "/a/../b"])
    assert.throws(() => quoteUnitListPath(bad));
});

test("bare words have no quote, no space and a percent sign only at the end", () => {
  for (const good of ["400%", "48G", "ci-fleet-acme", "2min", "root", "0-3,8", "u@h"]) {
    assert.equal(writeUnitWord(good), good);
  }
  for (const bad of ["", "a b", "%i", "a%b", "400%%", "-a", "a\n", '"a"', "a\\", "$A", "#a", ";a", "=a"]) {
    assert.throws(() => writeUnitWord(bad), /cannot be written as a bare word/, JSON.stringify(bad));
  }
});

test("fields of tmpfiles.d and sysusers.d come back", () => {
  const isSet = (text: string) => text !== "" && text !== "-";
  const readField = (text: string) => readUnitWords(quoteTmpfilesField(text)).map(expandSpecifiers);
  forAny(systemdText, (text) => assert.deepEqual(readField(text), [text]), isSet);
  const keep = (text: string) => isSet(text) && !/[:\0-\x1f\x7f-\x9f]/.test(text);
  forAny(
    lineText,
    (text) =>
      assert.deepEqual(readUnitWords(quoteSysusersField(text), "literal").map(expandSpecifiers), [text]),
    keep,
  );
  for (const bad of ["", "-"]) assert.throws(() => quoteTmpfilesField(bad), /cannot be written/);
  for (const bad of ["", "-", "a:b", "a\nb"])
    assert.throws(() => quoteSysusersField(bad), /cannot be written/);
});

test("NUL, lone surrogates, noncharacters, bad names and values that are no text throw", () => {
  for (const bad of ["a\0", "\udc00", "\ufffe", "\u{1ffff}"]) {
    assert.throws(() => quoteUnitEnv("K", bad), /cannot be written/);
    assert.throws(() => quoteUnitArgument(bad), /cannot be written/);
    assert.throws(() => quoteTmpfilesField(bad), /cannot be written/);
  }
  for (const key of ["", "1A", "A B", "A=B", 'A"', "A\n"])
    assert.throws(() => quoteUnitEnv(key, "v"), /name of a variable/);
  assert.throws(() => quoteUnitArgument(undefined as never), TypeError);
  assert.throws(() => quoteUnitArgument(1 as never), TypeError);
});
