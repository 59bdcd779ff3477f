// Shell words, JSON, metrics, kernel files and unit names, each read back by the program they are for.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { quoteHelpText, quoteLabelValue } from "../../src/base/quote-prometheus.ts";
import { formatShellCommand, quoteShellWord } from "../../src/base/quote-shell.ts";
import { escapeUnitPath, escapeUnitText } from "../../src/base/unit-name.ts";
import { writeJson } from "../../src/base/write-json.ts";
import { quoteMarkdown, quoteMarkdownCode } from "../../src/render/quote-document.ts";
import { writeKernelToken, writeModuleName, writeModuleOption } from "../../src/render/quote-kernel.ts";
import { corpusNote, sampleTexts } from "../render/hostile-text.ts";
import { hasTools, hasTrixie, hasWorking, runInTrixie, runTool } from "./tool.ts";

const texts = sampleTexts(600);
const splitNul = (output: string) => output.split("\0").slice(0, -1);

function inFolder(use: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "words-"));
  try {
    use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const [tool, ...args] of [["dash"], ["bash"], ["bash", "--posix"], ["busybox", "ash"]] as const) {
  test(`${[tool, ...args].join(" ")} reads every word back`, (t) => {
    if (!hasTools(t, tool)) return;
    t.diagnostic(corpusNote);
    for (const source of [
      texts.map(quoteShellWord).join(" "),
      formatShellCommand(["printf", ...texts]).slice(7),
    ]) {
      const answer = runTool(tool, args, `printf '%s\\0' ${source}\n`);
      assert.equal(answer.stderr, "");
      assert.deepEqual(splitNul(answer.stdout), texts);
    }
  });
}

test("jq reads every text back from JSON", (t) => {
  if (!hasTools(t, "jq")) return;
  t.diagnostic(corpusNote);
  const value = { texts, keys: Object.fromEntries(texts.map((text, at) => [text, at])) };
  const answer = runTool("jq", ["-c", "."], writeJson(value));
  assert.equal(answer.stderr, "");
  assert.deepEqual(JSON.parse(answer.stdout), value);
});

test("Prometheus' own Python client reads every label value and help text back", (t) => {
  const python = "/usr/bin/python3";
  if (!hasWorking(t, python, "-c", "import prometheus_client")) return;
  t.diagnostic(corpusNote);
  const lines = texts.map(
    (text, at) =>
      `# HELP m${at} ${quoteHelpText(text)}\n# TYPE m${at} gauge\nm${at}{a=${quoteLabelValue(text)},b="x"} ${at}\n`,
  );
  const script = [
    "import json, sys",
    "from prometheus_client.parser import text_string_to_metric_families as read",
    "text = sys.stdin.buffer.read().decode()",
    "families = {f.name: [f.documentation, [[s.labels, s.value] for s in f.samples]] for f in read(text)}",
    "json.dump(families, sys.stdout)",
  ].join("\n");
  const answer = runTool(python, ["-c", script], lines.join(""));
  assert.equal(answer.stderr, "");
  const families = JSON.parse(answer.stdout) as Record<
    string,
    [string, [{ a: string; b: string }, number][]]
  >;
  for (const [at, text] of texts.entries()) {
    const family = families[`m${at}`];
    assert.deepEqual(family?.[1], [[{ a: text, b: "x" }, at]], JSON.stringify(text));
    // The client trims what Python calls white space off the ends of help text.
    if (!/^[\s\x1c-\x1f\x85]|[\s\x1c-\x1f\x85]$/.test(text)) assert.equal(family?.[0], text);
  }
});

test("GitHub's Markdown shows every text as it is, and in a cell makes nothing of it", (t) => {
  if (!hasTools(t, "cmark-gfm")) return;
  t.diagnostic(corpusNote);
  const extensions = ["table", "autolink", "strikethrough", "tasklist"].flatMap((name) => ["-e", name]);
  const read = (source: string) =>
    runTool("cmark-gfm", [...extensions, "--unsafe", "-t", "xml"], source).stdout;
  const lines = [...texts, "www.example.com", "a@b.example", "x www.a.b/`c` | d", "http://a.b"].filter(
    // White space at the ends of a line is no content, and cmark takes some characters for white space.
    (text) => !/[\0-\x1f\x7f-\x9f]|^\s|\s$|^$/u.test(text),
  );
  for (const [at, text] of lines.entries()) {
    const cell = read(`| a |\n| --- |\n| ${quoteMarkdownCode(text)} |\n`);
    const [code, more] = [...cell.matchAll(/<code xml:space="preserve">(.*?)<\/code>/gs)].map(
      ([, inner]) => inner,
    );
    assert.deepEqual(
      [unescapeXml(code ?? ""), more, cell.match(/<table_cell/g)?.length],
      [text, undefined, 2],
      `${at}`,
    );
    const line = read(`${quoteMarkdown(text)}\n`);
    const shown = [...line.matchAll(/<text xml:space="preserve">(.*?)<\/text>/gs)]
      .map(([, inner]) => inner)
      .join("");
    assert.equal(unescapeXml(shown), text);
    const others = [...line.matchAll(/<(\w+)/g)].map(([, name]) => name);
    const known = new Set(["document", "paragraph", "text", ...(text.includes("@") ? ["link"] : [])]);
    assert.deepEqual(
      others.filter((name) => !known.has(name ?? "")),
      [],
      line,
    );
  }
});

function unescapeXml(text: string): string {
  const names: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"' };
  return text.replace(/&(lt|gt|amp|quot);/g, (_, name) => names[name] ?? "");
}

test("modprobe reads every module option back", (t) => {
  if (!hasTools(t, "modprobe")) return;
  const value = fc.stringMatching(/^[A-Za-z0-9_.,:/+-]{0,20}$/);
  const key = fc.stringMatching(/^cf_[A-Za-z0-9_]{0,10}$/);
  const name = fc.stringMatching(/^[a-z0-9_][A-Za-z0-9_-]{0,10}$/);
  const cases = fc.sample(fc.tuple(name, key, value), { numRuns: 300, seed: 1 });
  inFolder((folder) => {
    const lines = cases.map(([n, k, v]) => `options ${writeModuleName(n)} ${writeModuleOption(k, v)}\n`);
    writeFileSync(join(folder, "t.conf"), lines.join(""));
    const answer = runTool("modprobe", ["--showconfig", `--config=${folder}`]);
    assert.equal(answer.stderr, "");
    // The machine's own kernel command line is in the answer too. modprobe says names with "_" wherever "-" stood: the kernel holds both for one.
    const read = answer.stdout.split("\n").filter((line) => /^options \S+ cf_/.test(line));
    const wanted = cases.map(([n, k, v]) => `options ${n.replaceAll("-", "_")} ${k}=${v}`);
    assert.deepEqual(read.sort(), wanted.sort());
  });
});

test("kernel tokens pass through sh and through grub.cfg as they are", (t) => {
  if (!hasTools(t, "grub-script-check", "dash")) return;
  const token = fc.stringMatching(/^[A-Za-z0-9_.][A-Za-z0-9_.,:=/@+-]{0,20}$/);
  const tokens = fc.sample(token, { numRuns: 400, seed: 1 }).map(writeKernelToken);
  inFolder((folder) => {
    const line = tokens.join(" ");
    const script = `A=before\nA="$A ${line}"\nprintf '%s' "$A"\n`;
    assert.equal(runTool("dash", [], script).stdout, `before ${line}`);
    writeFileSync(join(folder, "grub.cfg"), `menuentry "t" {\n\tlinux /vmlinuz ${line}\n}\n`);
    assert.deepEqual(runTool("grub-script-check", [join(folder, "grub.cfg")]), {
      code: 0,
      stdout: "",
      stderr: "",
    });
  });
});

test("systemd-escape agrees on every text and path", (t) => {
  if (!hasTrixie(t)) return;
  t.diagnostic(corpusNote);
  const named = texts.filter((text) => text !== "" && text.length < 500);
  const paths = named.map((text) => `/${text}`).filter((path) => !path.split("/").includes(".."));
  // A line of output cannot hold the answer to a text with line breaks; escaping leaves none.
  const ask = (args: readonly string[], given: readonly string[]) => {
    const answer = runInTrixie({}, () => ["systemd-escape", ...args, "--", ...given]);
    assert.equal(answer.stderr, "");
    return answer.stdout.trimEnd().split(" ");
  };
  assert.deepEqual(ask([], named), named.map(escapeUnitText));
  assert.deepEqual(ask(["--path"], paths), paths.map(escapeUnitPath));
});

test("every path of a mount unit fits what systemd wants its name to be", (t) => {
  if (!hasTrixie(t)) return;
  const where = "/var/lib/ci-fleet/a b/é.d";
  const unit = `${escapeUnitPath(where)}.mount`;
  const text = `[Mount]\nWhat=tmpfs\nWhere=${where}\nType=tmpfs\n`;
  const check = 'chmod 644 "$1" && systemd-analyze verify --man=no "$1"';
  const answer = runInTrixie({ [unit]: text }, (folder) => ["sh", "-c", check, "sh", join(folder, unit)]);
  assert.deepEqual(answer, { code: 0, stdout: "", stderr: "" });
});
