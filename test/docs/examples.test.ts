// Every example of the pages is run: specs are parsed, commands are carried out in order in one new folder per page,
// shown output is compared with the real one. In: pages.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { parse } from "yaml";
import { COMMANDS } from "../../src/cli/command-table.ts";
import { parseSpec } from "../../src/spec/parse-spec.ts";
import { makeFolder } from "../adapters/folder.ts";
import { cleanEnv, programLine } from "../cli/run-cli.ts";
import { type Block, readBlocks } from "./read-blocks.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGES = [
  ...["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md"],
  ...["docs/guide.md", "docs/on-a-host.md", "docs/cloud-init.md", "docs/proxmox.md"],
  "docs/research-group.md",
  "docs/kvm.md",
];
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** What a person has after building: `ci-fleet` on the PATH. */
function makeEnv(t: TestContext): Record<string, string> {
  const bin = makeFolder(t);
  writeFileSync(join(bin, "ci-fleet"), `#!/bin/sh\nexec ${programLine()} "$@"\n`);
  chmodSync(join(bin, "ci-fleet"), 0o755);
  return cleanEnv({ PATH: `${bin}:${process.env.PATH ?? ""}` });
}

function checkYaml(block: Block, place: string): void {
  const document = parse(block.text) as Record<string, unknown>;
  if (document.fleet === undefined) {
    assert.ok(document.jobs !== undefined, `${place} is neither a spec nor a workflow`);
    return;
  }
  const errors = parseSpec(block.text).diagnostics.filter(({ severity }) => severity === "error");
  assert.deepEqual(errors, [], place);
}

const SCRIPTS = (JSON.parse(read("package.json")) as { scripts: Record<string, string> }).scripts;

/** Installing and building is what the CI does with these very lines; here only their words are checked. */
function checkNpm(block: Block, place: string): void {
  for (const [, script = ""] of block.text.matchAll(/npm (?:run )?([a-z:]+)/g)) {
    assert.ok(["ci", "test", "start"].includes(script) || script in SCRIPTS, `${place}: npm ${script}`);
  }
}

function runShell(block: Block, place: string, cwd: string, env: Record<string, string>): void {
  if (/^npm /m.test(block.text)) {
    checkNpm(block, place);
    return;
  }
  const ran = spawnSync("bash", ["-euc", block.text], { cwd, env, encoding: "utf8" });
  assert.equal(ran.status, 0, `${place}:\n${ran.stdout}${ran.stderr}`);
}

/** `$ command`, then its output; `…` on the last line stands for more of it. */
function compareConsole(block: Block, place: string, t: TestContext, env: Record<string, string>): void {
  const fixture = /^in (.+)$/.exec(block.comment ?? "")?.[1];
  assert.ok(fixture !== undefined, `${place} does not say in which folder`);
  const cwd = makeFolder(t);
  cpSync(join(ROOT, fixture), cwd, { recursive: true });
  const [command = "", ...lines] = block.text.trimEnd().split("\n");
  assert.ok(command.startsWith("$ "), place);
  const ran = spawnSync("bash", ["-c", command.slice(2)], { cwd, env, encoding: "utf8" });
  const isCut = lines.at(-1) === "…";
  const shown = isCut ? `${lines.slice(0, -1).join("\n")}\n` : `${lines.join("\n")}\n`;
  assert.equal(isCut ? ran.stdout.slice(0, shown.length) : ran.stdout, shown, place);
}

for (const page of PAGES) {
  test(`the examples of ${page} are true`, (t) => {
    const env = makeEnv(t);
    const cwd = makeFolder(t);
    mkdirSync(join(cwd, ".git"));
    for (const block of readBlocks(read(page))) {
      const place = `${page}:${block.line}`;
      if (block.language === "yaml") checkYaml(block, place);
      else if (block.language === "sh") runShell(block, place, cwd, env);
      else if (block.language === "console") compareConsole(block, place, t, env);
      else assert.equal(block.language, "", `${place}: nobody checks ${block.language}`);
    }
  });

  test(`the links of ${page} lead somewhere`, () => {
    for (const [, target = ""] of read(page).matchAll(/\]\(([^)#:]+)\)/g)) {
      assert.ok(existsSync(join(ROOT, dirname(page), target)), `${page}: ${target}`);
    }
  });
}

test("README's two commands stand there as they are typed", () => {
  const commands = readBlocks(read("README.md")).map(({ text }) => text);
  assert.ok(commands.includes("npm ci && npm start\n"));
  assert.ok(commands.includes("npm ci && npm test\n"));
});

test("README lists exactly the commands there are, and the guide has every flag of render", () => {
  const row = /^\| there \| (.+) \|$/m.exec(read("README.md"))?.[1] ?? "";
  assert.deepEqual(
    [...row.matchAll(/`([a-z]+)`/g)].map((match) => match[1]).sort(),
    COMMANDS.map(({ name }) => name).sort(),
  );
  const flags = COMMANDS.find(({ name }) => name === "render")?.options ?? [];
  const guide = read("docs/guide.md");
  for (const { flags: words } of flags) {
    const long = /--[a-z-]+/.exec(words)?.[0] ?? "";
    if (long !== "--json") assert.ok(guide.includes(`| \`${long}`), long);
  }
});

test("every command that a page shows exists, with its flags", () => {
  for (const page of PAGES) {
    for (const [, name = "", rest = ""] of read(page).matchAll(/`?ci-fleet ([a-z]+)((?: [^`\n|]*)?)/g)) {
      const command = COMMANDS.find((one) => one.name === name);
      if (command === undefined) continue;
      for (const [flag] of rest.matchAll(/--[a-z-]+/g)) {
        assert.ok(
          command.options.some(({ flags }) => flags.includes(flag)),
          `${page}: ci-fleet ${name} has no ${flag}`,
        );
      }
    }
  }
});
