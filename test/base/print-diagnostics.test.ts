// Places and the four printers: whole goldens for attack strings, exact text for the corner cases.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Diagnostic } from "../../src/base/diagnostic.ts";
import { type PlacedDiagnostic, placeDiagnostics } from "../../src/base/place-diagnostics.ts";
import { printGithub } from "../../src/base/print-github.ts";
import { printJson } from "../../src/base/print-json.ts";
import { printSarif } from "../../src/base/print-sarif.ts";
import { printText, summarizeDiagnostics } from "../../src/base/print-text.ts";
import { listCodes } from "../../src/model/codes.ts";
import { compareWithFile } from "../spec/compare-file.ts";
import { placeAll } from "../spec/validate-text.ts";

const FOLDER = "fixtures/diagnostics/attack-strings";
const attacked = placeAll(readFileSync(`${FOLDER}/fleet.yaml`, "utf8"), "fleets/a b,c:d%/fleet.yaml");

test("attack strings in each form of output", () => {
  compareWithFile(`${FOLDER}/expected.txt`, printText(attacked));
  compareWithFile(`${FOLDER}/expected.json`, printJson(attacked));
  compareWithFile(`${FOLDER}/expected.github`, printGithub(attacked));
  compareWithFile(
    `${FOLDER}/expected.sarif`,
    printSarif(attacked, listCodes(), { name: "ci-fleet", version: "1.0.0" }),
  );
});

test("no form prints the secret", () => {
  const printed = [printText(attacked), printJson(attacked), printGithub(attacked)].join("\n");
  assert.doesNotMatch(printed, /ghp_/);
});

const SPEC = { kind: "spec" } as const;
const TEXT = "a: 1\n\tb: 日本語 x\n";

function place(...diagnostics: Diagnostic[]): readonly PlacedDiagnostic[] {
  const forge = { kind: "inventory", host: "forge" } as const;
  return placeDiagnostics(diagnostics, [
    {
      doc: SPEC,
      file: "fleet.yaml",
      text: TEXT,
      locate: (path) => (path[0] === "b" ? { start: 13, end: 14 } : null),
    },
    { doc: forge, file: "hosts/forge.yaml", text: "cpu: 4\n", locate: () => ({ start: 0, end: 3 }) },
  ]);
}

const fault = { severity: "error", code: "CF602", message: "wrong", doc: SPEC, path: ["b"] } as const;

test("the caret stands under wide letters and behind a tab", () => {
  assert.equal(
    printText(place(fault)),
    "fleet.yaml:2:9: error: wrong [CF602]\n  |\n2 |  b: 日本語 x\n  |            ^\n",
  );
});

test("a place that is not known and a file that is not there are printed without a line", () => {
  const missing = { ...fault, doc: { kind: "inventory", host: "gone" } } as const;
  assert.equal(
    printText(place({ ...fault, path: ["z"] }, missing)),
    "fleet.yaml: error: wrong [CF602]\nhosts/gone.yaml: error: wrong [CF602]\n",
  );
});

test("a related place in an inventory is named", () => {
  const related = [
    { message: "it has four", doc: { kind: "inventory", host: "forge" }, path: ["cpu"] },
  ] as const;
  assert.equal(
    printText(place({ ...fault, related, help: "ask for less" })),
    "fleet.yaml:2:9: error: wrong [CF602]\n  |\n2 |  b: 日本語 x\n  |            ^\n  = note: it has four (hosts/forge.yaml:1:1)\n  = help: ask for less\n",
  );
});

test("colours only where asked, and nothing for nothing", () => {
  assert.equal(printText([]), "");
  assert.equal(
    printText(place({ ...fault, span: { start: 0, end: 1 } }), { color: true }),
    "\u001b[1mfleet.yaml:1:1:\u001b[0m \u001b[1;31merror:\u001b[0m wrong \u001b[2m[CF602]\u001b[0m\n  \u001b[2m|\u001b[0m\n\u001b[2m1\u001b[0m \u001b[2m|\u001b[0m a: 1\n  \u001b[2m|\u001b[0m \u001b[1;31m^\u001b[0m\n",
  );
});

test("sorted by document, place, severity and code, equal ones once", () => {
  const first = { start: 0, end: 1 };
  const order = place(
    { ...fault, doc: { kind: "inventory", host: "forge" } },
    fault,
    { ...fault, span: first, severity: "warning", code: "CF644" },
    { ...fault, span: first, code: "CF620" },
    { ...fault, span: first, code: "CF610" },
    { ...fault, span: first, code: "CF610" },
  );
  assert.deepEqual(
    order.map(({ file, code, severity }) => [file, code, severity]),
    [
      ["fleet.yaml", "CF610", "error"],
      ["fleet.yaml", "CF620", "error"],
      ["fleet.yaml", "CF644", "warning"],
      ["fleet.yaml", "CF602", "error"],
      ["hosts/forge.yaml", "CF602", "error"],
    ],
  );
});

test("the summary counts in words", () => {
  const severities = (...words: ("error" | "warning" | "info")[]) => words.map((severity) => ({ severity }));
  assert.equal(summarizeDiagnostics([]), "");
  assert.equal(summarizeDiagnostics(severities("error")), "1 error");
  assert.equal(summarizeDiagnostics(severities("warning", "error", "error")), "2 errors and 1 warning");
  assert.equal(
    summarizeDiagnostics(severities("info", "warning", "error", "info")),
    "1 error, 1 warning and 2 notes",
  );
});

test("a range over several lines has no columns in an annotation", () => {
  assert.equal(
    printGithub(place({ ...fault, span: { start: 0, end: 8 } })),
    "::error file=fleet.yaml,line=1,endLine=2,title=CF602::wrong\n",
  );
});
