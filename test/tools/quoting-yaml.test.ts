// YAML as its real readers see it: PyYAML (cloud-init) and Compose (go-yaml, then interpolation).

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { quoteComposeEnvLine, quoteSharedEnvLine, writeRawEnvLine } from "../../src/render/quote-env-file.ts";
import { commented, plain, writeYaml, type YamlValue } from "../../src/render/write-yaml.ts";
import { corpusNote, sampleTexts } from "../render/hostile-text.ts";
import { hasWorking, runTool } from "./tool.ts";

const python = "/usr/bin/python3";
const texts = sampleTexts(600);

/** Texts as values, as items, as keys (the long ones are no keys), and between marks. */
const document = new Map<string, YamlValue>([
  ["values", commented("a: b\n- c", [...texts])],
  ["nested", texts.map((text) => ({ a: [text, { b: text }], word: plain("unless-stopped") }))],
  [
    "keys",
    new Map(texts.filter((text) => text.length < 150).map((text, at): [string, YamlValue] => [text, at])),
  ],
  ["numbers", [0, -1, 1.5, true, false, null, [], {}]],
]);

/** The same without marks, as JSON would hold it; keys as pairs, for JavaScript orders some of its own. */
const wanted = {
  values: texts,
  nested: texts.map((text) => ({ a: [text, { b: text }], word: "unless-stopped" })),
  keys: [...(document.get("keys") as ReadonlyMap<string, number>)],
  numbers: [0, -1, 1.5, true, false, null, [], {}],
};

test("PyYAML reads every text back", (t) => {
  if (!hasWorking(t, python, "-c", "import yaml")) return;
  t.diagnostic(corpusNote);
  const script = [
    "import json, sys, yaml",
    "data = yaml.safe_load(sys.stdin.buffer.read())",
    "data['keys'] = list(data['keys'].items())",
    "json.dump(data, sys.stdout)",
  ].join("\n");
  const answer = runTool(
    python,
    ["-c", script],
    writeYaml(document, { airy: true, head: "#cloud-config\n" }),
  );
  assert.equal(answer.stderr, "");
  assert.deepEqual(JSON.parse(answer.stdout), wanted);
});

/** One service's configuration after Compose has read it. Files lie beside compose.yaml. */
function readByCompose(
  compose: YamlValue,
  files: Readonly<Record<string, string>> = {},
): Record<string, unknown> {
  const folder = mkdtempSync(join(tmpdir(), "compose-"));
  try {
    const file = join(folder, "compose.yaml");
    writeFileSync(file, writeYaml(compose, { dollars: "compose" }));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const answer = runTool("docker", ["compose", "-f", file, "config", "--format", "json"]);
    assert.equal(answer.stderr, "");
    assert.equal(answer.code, 0);
    return JSON.parse(answer.stdout).services.a;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `config` prints what could be read again: it doubles the dollars of what it has read. */
function undouble(value: string): string {
  return value.replaceAll("$$", "$");
}

function hasCompose(t: TestContext): boolean {
  return hasWorking(t, "docker", "compose", "version");
}

test("Compose reads every text back from environment, command and labels", (t) => {
  if (!hasCompose(t)) return;
  t.diagnostic(corpusNote);
  const service = readByCompose({
    name: plain("t"),
    services: {
      a: {
        image: "debian",
        command: texts,
        environment: new Map(texts.map((text, at) => [`V${at}`, text])),
        labels: new Map(texts.map((text, at) => [`l${at}`, text])),
      },
    },
  });
  assert.deepEqual((service.command as string[]).map(undouble), texts);
  for (const [field, lead] of [
    ["environment", "V"],
    ["labels", "l"],
  ] as const) {
    const map = service[field] as Record<string, string>;
    assert.deepEqual(
      texts.map((_, at) => undouble(map[`${lead}${at}`] ?? "missing")),
      texts,
    );
  }
});

test("Compose does not interpolate keys", (t) => {
  if (!hasCompose(t)) return;
  const labels = new Map([
    ["a.$HOME", "1"],
    ["a.$$", "2"],
    ["a.${NO", "3"],
  ]);
  const service = readByCompose({ name: plain("t"), services: { a: { image: "debian", labels } } });
  const read = Object.entries(service.labels as Record<string, string>).map(([key, value]) => [
    undouble(key),
    value,
  ]);
  assert.deepEqual(read.sort(), [...labels].sort());
});

test("Compose reads every text back from the three forms of env_file", (t) => {
  if (!hasCompose(t)) return;
  t.diagnostic(corpusNote);
  const cases = [
    { write: quoteComposeEnvLine, format: {}, kept: texts },
    {
      write: quoteSharedEnvLine,
      format: {},
      kept: texts.filter((text) => !/[`\n\r]|\p{Noncharacter_Code_Point}/u.test(text)),
    },
    {
      write: writeRawEnvLine,
      format: { format: plain("raw") },
      kept: texts.filter((text) => !/[\n\r]|^\s|\s$/.test(text)),
    },
  ];
  for (const { write, format, kept } of cases) {
    const lines = kept.map((text, at) => `${write(`V${at}`, text)}\n`).join("");
    const compose = {
      name: plain("t"),
      services: { a: { image: "debian", env_file: [{ path: "./env", ...format }] } },
    };
    const environment = readByCompose(compose, { env: lines }).environment as Record<string, string>;
    assert.deepEqual(
      kept.map((_, at) => undouble(environment[`V${at}`] ?? "missing")),
      kept,
      write.name,
    );
  }
});
