// Contexts whose rule is mostly a list of what may pass: Dockerfile, workflows, kernel, cron, Proxmox,
// comments, Markdown. Each has what passes unchanged, what is escaped, and what throws.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  quoteDockerEnv,
  quoteDockerLabel,
  writeDockerExec,
  writeImageName,
} from "../../src/render/quote-dockerfile.ts";
import { quoteMarkdown, quoteMarkdownCode, writeComment } from "../../src/render/quote-document.ts";
import { quoteExpressionString, requireWorkflowText } from "../../src/render/quote-github.ts";
import {
  escapeCronCommand,
  writeKernelToken,
  writeModuleName,
  writeModuleOption,
  writePlainValue,
} from "../../src/render/quote-kernel.ts";
import {
  encodeProxmoxText,
  writePropertyString,
  writeProxmoxDescription,
  writeProxmoxLine,
} from "../../src/render/quote-proxmox.ts";
import { anyText, corpus } from "./hostile-text.ts";

function throwsForEach(write: (text: string) => string, bad: readonly string[]): void {
  for (const text of [...bad, "\ud800", "a\0b"]) {
    assert.throws(() => write(text), { name: "UnwritableText" }, JSON.stringify(text));
  }
  assert.throws(() => write(undefined as never), TypeError);
}

function passUnchanged(write: (text: string) => string, good: readonly string[]): void {
  for (const text of good) assert.equal(write(text), text);
}

test("any text without line breaks comes back from a Dockerfile's ENV and LABEL", () => {
  const check = (text: string) => {
    for (const line of [quoteDockerEnv("KEY", text), quoteDockerLabel("key", text)]) {
      const quoted = /^(?:KEY|key)="((?:[^"\\$]|\\["\\$])*)"$/.exec(line)?.[1];
      assert.equal(quoted?.replace(/\\(.)/gu, "$1"), text);
    }
  };
  const keep = (text: string) => !/[\n\r]/.test(text);
  fc.assert(fc.property(anyText.filter(keep), check), { numRuns: 500 });
  corpus.filter(keep).forEach(check);
  throwsForEach((text) => quoteDockerEnv("K", text), ["a\nb", "a\r"]);
  throwsForEach((key) => quoteDockerLabel(key, "v"), ["", "A", "a b", "a=b", 'a"', "a..b"]);
});

test("any words come back from a Dockerfile's exec form, on one line", () => {
  fc.assert(
    fc.property(fc.array(anyText), (argv) => {
      const line = writeDockerExec(argv);
      assert.deepEqual(JSON.parse(line), argv);
      assert.doesNotMatch(line, /[\n\r]/);
    }),
  );
  throwsForEach((text) => writeDockerExec([text]), []);
});

test("image names pass, and nothing that a Dockerfile would read as more", () => {
  const digest = `sha256:${"0a".repeat(32)}`;
  passUnchanged(writeImageName, [
    "debian",
    "ghcr.io/actions/actions-runner:2.338.1",
    `localhost:5000/a/b_c@${digest}`,
    `a:1@${digest}`,
  ]);
  throwsForEach(writeImageName, [
    "",
    "$IMAGE",
    "a b",
    "a\n",
    "--platform=x",
    "a AS b",
    "UPPER",
    "a:",
    "a@sha256:0",
    "a/",
  ]);
});

test("workflow text passes unless it starts an expression", () => {
  passUnchanged(requireWorkflowText, ["", "$ {{ x }}", "{{x}}", "}}", "$", "a\nb"]);
  throwsForEach(requireWorkflowText, ["${{", "a ${{ x }}", "$${{x}}"]);
});

test("a string in an expression has its quotes doubled", () => {
  assert.equal(quoteExpressionString("it's ''"), "'it''s '''''");
  throwsForEach(quoteExpressionString, ["${{ a", "a }}", "a\nb"]);
});

test("module names, options and kernel tokens pass only from their lists", () => {
  passUnchanged(writeModuleName, ["vfio-pci", "nvidia_drm"]);
  throwsForEach(writeModuleName, ["", "-a", "a b", "a.ko", "a\n", "a/b", "a#"]);
  assert.equal(writeModuleOption("ids", "10de:2684,10de:22ba"), "ids=10de:2684,10de:22ba");
  assert.equal(writeModuleOption("empty", ""), "empty=");
  throwsForEach(
    (value) => writeModuleOption("k", value),
    ["a b", "a#b", "a\\", 'a"b', "a\nb", "$(a)", "a=b"],
  );
  throwsForEach((key) => writeModuleOption(key, "v"), ["", "a b", "a=", "1a", "a-b"]);
  passUnchanged(writeKernelToken, [
    "intel_iommu=on",
    "vfio-pci.ids=10de:2684,10de:22ba",
    "root=/dev/sda1",
    "quiet",
  ]);
  throwsForEach(writeKernelToken, [
    "",
    "a b",
    "a;b",
    "`a`",
    "$(a)",
    "${a}",
    "a&b",
    "a'b",
    'a"b',
    "a\\b",
    "{a}",
    "a\n",
    "-a",
    "#a",
    "=a",
  ]);
  passUnchanged(
    writePlainValue,
    ["GeForce RTX 4090", "0000:01:00.0", "/dev/kvm"].filter((v) => !v.startsWith("/")),
  );
  throwsForEach(writePlainValue, [
    "",
    " a",
    "a ",
    'a"b',
    "a;b",
    "a#b",
    "a=b",
    "[a]",
    "%i",
    "$a",
    "a\\",
    "a\nb",
  ]);
});

test("percent signs of a cron command are escaped, backslashes refused", () => {
  assert.equal(escapeCronCommand("date '+%Y %%'"), "date '+\\%Y \\%\\%'");
  throwsForEach(escapeCronCommand, ["a\nb", "a\r", "a\\%", "a\\", " a", "a "]);
});

test("a Proxmox line has one value and no way to hold a second line", () => {
  assert.equal(writeProxmoxLine("name", "gpu-vm"), "name: gpu-vm");
  assert.equal(
    writeProxmoxLine("hostpci0", writePropertyString(["0000:01:00", ["pcie", "1"]])),
    "hostpci0: 0000:01:00,pcie=1",
  );
  throwsForEach(
    (value) => writeProxmoxLine("name", value),
    ["", " a", "a ", "a\nargs: -x", "a\rb", "a\tb", "a\u0085b"],
  );
  throwsForEach((key) => writeProxmoxLine(key, "v"), ["", "[snap]", "#a", "A", "a b", "a:", "a\n", "0a"]);
  throwsForEach(
    (value) => writePropertyString([["a", value]]),
    ["", "a,b=c", "a=b", "a;b", 'a"b', "a b", "a\nb"],
  );
  throwsForEach((key) => writePropertyString([[key, "v"]]), ["", "a=b", "a,b", "a b"]);
});

test("a Proxmox description comes back from its percent encoding, whatever it holds", () => {
  const check = (text: string) => {
    const written = writeProxmoxDescription(text);
    const lines = written.split("\n").slice(0, -1);
    for (const line of lines) assert.match(line, /^#(?:[\x20-\x24\x26-\x39\x3b-\x7e]|%[0-9A-F]{2})*$/);
    assert.equal(lines.map((line) => decodeURIComponent(line.slice(1))).join("\n"), text);
  };
  fc.assert(fc.property(anyText, check), { numRuns: 500 });
  corpus.forEach(check);
  assert.equal(encodeProxmoxText("a: 100% é"), "a%3A 100%25 %C3%A9");
});

test("a comment is one line that joins no other", () => {
  passUnchanged(writeComment, ["", "a # b: $c", "é\t"]);
  throwsForEach(writeComment, ["a\nb", "a\r", "a\\", "a\u0085", "a\u2028b", "\u001b"]);
});

test("Markdown's punctuation is escaped and a cell stays one", () => {
  assert.equal(quoteMarkdown("a|b `c` <d> [e](f) é 1"), "a\\|b \\`c\\` \\<d\\> \\[e\\](f) é 1");
  assert.equal(quoteMarkdown("1. https://x-y.z_"), "1\\. https\\://x-y.z\\_");
  assert.equal(quoteMarkdown("- a - b"), "\\- a - b");
  assert.equal(quoteMarkdown("www.a.b"), "www\\.a.b");
  assert.equal(quoteMarkdownCode("a|b `c` d"), "``a\\|b `c` d``");
  assert.equal(quoteMarkdownCode("`c"), "`` `c ``");
  throwsForEach(quoteMarkdown, ["a\nb"]);
});
