// What a second render of a large fleet may skip: nothing, as soon as anything is not as the first one left it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { StyleNames, Terminal } from "../../src/adapters/terminal.ts";
import type { CommandCall, Flags } from "../../src/cli/command.ts";
import { readTree } from "../adapters/folder.ts";
import { makeFleet } from "../bench/make-fleet.ts";
import { COMMIT, copyFleet, runCli, VERSION } from "./run-cli.ts";

// What build.mjs puts into the bundle; without them the program is run from source and never skips a thing.
Object.assign(globalThis, { CI_FLEET_VERSION: VERSION, CI_FLEET_COMMIT: COMMIT });
const { run } = await import("../../src/cli/commands/render.ts");
const { recallRender } = await import("../../src/cli/recall-render.ts");
const { chooseOutput } = await import("../../src/cli/choose-output.ts");

const folder = makeFleet(8, 1);
after(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, "images/own"), { recursive: true });
writeFileSync(join(folder, "images/own/Dockerfile"), "FROM debian:13\n");
const spec = join(folder, "fleet.yaml");
cpSync("fixtures/fleets/behind-a-company-s-authority/certs", join(folder, "certs"), { recursive: true });
writeFileSync(
  spec,
  `network: {ca: certs/corp.pem}\n${readFileSync(spec, "utf8").replace(/^pools:\n/m, (pools) => `${pools}  own: {hosts: [h0000], image: {dockerfile: images/own/Dockerfile}}\n`)}`,
);
const record = join(folder, ".ci-fleet/last-render");
const CORP = join(folder, "certs/corp.pem");
const HOST = join(folder, "rendered/hosts/h0007");

let said = "";
function listen(text: string): void {
  said += text;
}
const style = new Proxy({}, { get: () => (text: string) => text }) as StyleNames;
const terminal: Terminal = {
  out: listen,
  err: listen,
  outStyle: style,
  errStyle: style,
  outColour: false,
  errColour: false,
  interactive: false,
  columns: null,
};

function makeCall(flags: Readonly<Record<string, string | true>> = {}): CommandCall {
  const reader: Flags = {
    has: (name) => Object.hasOwn(flags, name),
    text: (name) => (typeof flags[name] === "string" ? flags[name] : null),
    texts: (name) => (typeof flags[name] === "string" ? [flags[name]] : []),
  };
  return { args: [], flags: reader, folder, specFile: null, terminal };
}

function recall(flags: Readonly<Record<string, string | true>> = {}) {
  const call = makeCall(flags);
  return recallRender(call, spec, chooseOutput(call, folder));
}

async function render(): Promise<string> {
  said = "";
  assert.equal(await run(makeCall()), 0, said);
  return said;
}

await render();

test("nothing has changed: the same words without reading anything anew", async () => {
  const recalled = recall();
  const before = readTree(folder);
  rmSync(join(folder, ".ci-fleet"), { recursive: true });
  const whole = await render();
  assert.deepEqual(recalled, recall());
  assert.match(whole, /warning: [\s\S]*rendered is up to date: 125 files\n$/);
  assert.equal(await render(), whole);
  const tree = readTree(folder);
  const keys = (one: object) => Object.keys(one).filter((path) => !path.includes(".ci-fleet"));
  assert.deepEqual(keys(tree), keys(before));
});

test("the record hides itself from git and is no file of the fleet", () => {
  assert.equal(readFileSync(join(folder, ".ci-fleet/.gitignore"), "utf8"), "*\n");
  const checked = runCli(["render", "--check"], { cwd: folder });
  assert.deepEqual([checked.code, checked.stdout], [0, ""]);
  spawnSync("git", ["init", "-q"], { cwd: folder });
  const status = spawnSync("git", ["status", "--porcelain", "-uall"], { cwd: folder, encoding: "utf8" });
  assert.doesNotMatch(status.stdout, /\.ci-fleet/);
  assert.match(status.stdout, /rendered\/hosts\/h0007\/manifest\.json/);
  rmSync(join(folder, ".git"), { recursive: true });
});

for (const flag of ["check", "diff", "dry-run", "json", "prune", "force"]) {
  test(`--${flag} goes the whole way`, () => assert.equal(recall({ [flag]: true }), null));
}

test("other hosts or another folder go the whole way", () => {
  assert.equal(recall({ host: "h0007" }), null);
  assert.equal(recall({ out: "elsewhere" }), null);
});

/** What is done to the folder, and undone by the render that follows or by the second function. */
const CHANGES: readonly (readonly [string, () => void, (() => unknown)?])[] = [
  ["the spec", () => writeFileSync(spec, `${readFileSync(spec, "utf8")}# a word\n`)],
  ["an inventory", () => swap("hosts/h0003.yaml", "version: 1", "# Seen.\nversion: 1")],
  [
    "an inventory that is gone",
    () => rmSync(join(folder, "hosts/h0007.yaml")),
    () => cpSync(join(folder, "hosts/h0006.yaml"), join(folder, "hosts/h0007.yaml")),
  ],
  ["a file of an image", () => writeFileSync(join(folder, "images/own/Dockerfile"), "FROM debian:12\n")],
  ["a new file of an image", () => writeFileSync(join(folder, "images/own/more"), "")],
  ["a mode of an image's file", () => chmodSync(join(folder, "images/own/more"), 0o755)],
  ["the authority", () => writeFileSync(CORP, `${readFileSync(CORP, "utf8")}\n`)],
  [
    "an authority that is gone",
    () => rmSync(CORP),
    () => cpSync("fixtures/fleets/behind-a-company-s-authority/certs/corp.pem", CORP),
  ],
  ["the schema", () => swap("fleet.schema.json", "{", "{ ")],
  ["the schema that is gone", () => rmSync(join(folder, "fleet.schema.json"))],
  ["a rendered file that is gone", () => rmSync(`${HOST}/compose.yaml`)],
  ["a rendered file's mode", () => chmodSync(`${HOST}/runner/entrypoint.sh`, 0o644)],
  ["a manifest that is gone", () => rmSync(`${HOST}/manifest.json`)],
  ["a manifest", () => swap("rendered/hosts/h0007/manifest.json", '"0644"', '"0755"')],
  ["a whole folder that is gone", () => rmSync(HOST, { recursive: true })],
  [
    "a folder of ours that is too much",
    () => cpSync(HOST, `${HOST}x`, { recursive: true }),
    () => rmSync(`${HOST}x`, { recursive: true }),
  ],
  ["a journal", () => writeFileSync(join(folder, "rendered/.ci-fleet-journal.json"), "{}"), render],
  [
    "the record's text",
    () => writeFileSync(record, readFileSync(record, "utf8").replace(/"line":"[^"]/, '"line":"!')),
  ],
  ["half a record", () => writeFileSync(record, readFileSync(record, "utf8").slice(0, 500))],
  ["an empty record", () => writeFileSync(record, "")],
  ["a record from elsewhere", () => copyRecord()],
];

function swap(path: string, from: string, to: string): void {
  const text = readFileSync(join(folder, path), "utf8");
  assert.ok(text.includes(from), `${path} has ${from}`);
  writeFileSync(join(folder, path), text.replace(from, to));
}

/** As a clone, a copy or an archive brings it: the same bytes, other inodes. */
function copyRecord(): void {
  const there = join(folder, ".ci-fleet");
  cpSync(there, `${there}-copy`, { recursive: true, preserveTimestamps: true });
  rmSync(there, { recursive: true });
  renameSync(`${there}-copy`, there);
}

for (const [what, change, undo] of CHANGES) {
  test(`${what} sends it the whole way, once`, async () => {
    assert.notEqual(recall(), null);
    change();
    assert.equal(recall(), null);
    await undo?.();
    await render();
    assert.notEqual(recall(), null);
  });
}

test("an edited file is found and refused, however often", async () => {
  const path = `${HOST}/compose.yaml`;
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace("init: true", "init: null"));
  for (let round = 0; round < 2; round += 1) {
    assert.equal(recall(), null);
    said = "";
    assert.equal(await run(makeCall()), 1);
    assert.match(said, /was edited by hand since ci-fleet wrote it/);
  }
  writeFileSync(path, text);
  assert.notEqual(recall(), null);
});

test("a link in place of a folder or a file is looked at anew", () => {
  for (const path of [HOST, `${HOST}/compose.yaml`, join(folder, ".ci-fleet"), record]) {
    renameSync(path, `${path}-real`);
    symlinkSync(`${path}-real`, path);
    assert.equal(recall(), null, path);
    rmSync(path);
    renameSync(`${path}-real`, path);
  }
  assert.notEqual(recall(), null);
});

test("another day and another program are not what the record was made for", (t) => {
  assert.notEqual(recall(), null);
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 24 * 60 * 60 * 1000 });
  assert.equal(recall(), null);
  t.mock.timers.reset();
  assert.notEqual(recall(), null);
  const program = join(folder, "program");
  const [, original] = process.argv;
  cpSync(original as string, program);
  utimesSync(program, 1, 1);
  process.argv[1] = program;
  const recalled = recall();
  process.argv[1] = original as string;
  assert.equal(recalled, null);
});

test("a folder of one's own choice gets what is rendered and nothing else", (t) => {
  const cwd = copyFleet(t);
  assert.equal(runCli(["render", "--out", "own"], { cwd }).code, 0);
  assert.equal(
    Object.keys(readTree(cwd)).some((path) => path.includes(".ci-fleet")),
    false,
  );
  assert.equal(runCli(["render"], { cwd }).code, 0);
  assert.deepEqual(readTree(join(cwd, "rendered")), readTree(join(cwd, "own")));
});
