// cache.sh on real folders: what is thrown away when, and that what a job plants there leads nowhere else.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { renderSystemd } from "../../src/render/systemd.ts";
import { buildxCache, folderCache, makeHost, makePlacement, makePlan } from "./systemd-fleet.ts";

const slot = "acme-ci-forge-1";
const kib = (count: number) => "x".repeat(count * 1024);

interface Ground {
  readonly state: string;
  readonly cache: string;
  /** Runs the script with a Docker that says which containers run, or fails with `down`. */
  readonly run: (verb: "measure" | "renew", running?: "none" | "running" | "down") => string;
  readonly write: (path: string, content: string) => void;
}

function prepare(t: TestContext): Ground {
  const folder = mkdtempSync(join(tmpdir(), "cache-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const state = join(folder, "state");
  const small = (size: number) => ({ ...folderCache, spec: { ...folderCache.spec, size } });
  const host = makeHost({
    placements: [
      makePlacement({
        caches: [small(64 * 1024), { ...buildxCache, spec: { ...buildxCache.spec, size: 64 * 1024 } }],
      }),
    ],
  });
  const script = renderSystemd(makePlan(host), host).find(({ path }) => path.endsWith("cache.sh"));
  writeFileSync(join(folder, "cache.sh"), script?.content ?? "");
  mkdirSync(join(folder, "bin"));
  const run = (verb: string, running = "none") => {
    const docker = `#!/bin/sh\n${{ none: "", running: "echo id", down: "exit 1" }[running]}\n`;
    writeFileSync(join(folder, "bin/docker"), docker, { mode: 0o755 });
    const args = [join(folder, "cache.sh"), state, verb, ...(verb === "renew" ? [slot] : [])];
    const env = { PATH: `${folder}/bin:${process.env.PATH}`, HOME: folder };
    const answer = spawnSync("bash", args, { encoding: "utf8", env });
    assert.equal(answer.status, 0, answer.stderr);
    return answer.stderr;
  };
  const cache = join(state, slot, "cache");
  mkdirSync(join(cache, "cargo"), { recursive: true });
  mkdirSync(join(cache, "layers"));
  for (const path of [state, join(state, slot), cache]) chmodSync(path, 0o755);
  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(cache, path)), { recursive: true });
    writeFileSync(join(cache, path), content);
  };
  return { state, cache, run, write };
}

const trash = (ground: Ground) =>
  readdirSync(ground.cache).filter((name) => name.startsWith(".thrown-away."));

test("a cache within its size stays", (t) => {
  const ground = prepare(t);
  ground.write("cargo/a", kib(8));
  assert.equal(ground.run("measure"), "");
  ground.run("renew");
  assert.ok(existsSync(join(ground.cache, "cargo/a")));
});

test("a cache that has outgrown its size is emptied before the slot's next start, not while it may be used", (t) => {
  const ground = prepare(t);
  ground.write("cargo/a", kib(128));
  chmodSync(join(ground.cache, "cargo"), 0o2775);
  assert.match(ground.run("measure"), /acme-ci-forge-1: cargo takes [0-9]+ bytes of 65536/);
  assert.ok(existsSync(join(ground.cache, "cargo/a")));
  ground.run("renew", "running");
  assert.ok(existsSync(join(ground.cache, "cargo/a")), "its container runs");
  ground.run("renew", "down");
  assert.ok(existsSync(join(ground.cache, "cargo/a")), "nobody knows whether its container runs");
  ground.run("renew");
  assert.deepEqual(readdirSync(join(ground.cache, "cargo")), []);
  assert.equal(trash(ground).length, 1);
  ground.run("measure");
  assert.deepEqual(trash(ground), []);
});

test("caches that outlive the machine's disk are measured before each start, for what was noted may be gone", (t) => {
  const ground = prepare(t);
  ground.write("cargo/a", kib(128));
  const mountpoint = `#!/bin/sh\nfor last; do :; done\n[ "$last" = '${ground.cache}' ]\n`;
  writeFileSync(join(ground.state, "../bin/mountpoint"), mountpoint, { mode: 0o755 });
  assert.match(ground.run("renew", "running"), /cargo takes/);
  assert.ok(existsSync(join(ground.cache, "cargo/a")), "its container runs");
  rmSync(join(ground.state, "renew"), { recursive: true });
  ground.run("renew");
  assert.deepEqual(readdirSync(join(ground.cache, "cargo")), []);
});

test("of a layer cache the platform that was used longest ago goes first", (t) => {
  const ground = prepare(t);
  for (const [platform, seconds] of [
    ["linux-amd64", 2_000],
    ["linux-riscv64", 1_000],
  ] as const) {
    ground.write(`layers/${platform}/blobs/a`, kib(40));
    ground.write(`layers/${platform}/index.json`, "{}");
    utimesSync(join(ground.cache, `layers/${platform}/index.json`), seconds, seconds);
  }
  ground.run("measure");
  ground.run("renew");
  assert.deepEqual(readdirSync(join(ground.cache, "layers")), ["linux-amd64"]);
});

test("a finished export takes the place of the old one, half an export does not", (t) => {
  const ground = prepare(t);
  ground.write("layers/linux-amd64/index.json", "old");
  ground.write("layers/linux-amd64.new/index.json", "new");
  ground.write("layers/linux-riscv64/index.json", "old");
  ground.write("layers/linux-riscv64.new/blobs/a", "half");
  ground.run("renew");
  const layers = join(ground.cache, "layers");
  assert.deepEqual(readdirSync(layers).sort(), ["linux-amd64", "linux-riscv64"]);
  const read = (platform: string) =>
    spawnSync("cat", [join(layers, platform, "index.json")], { encoding: "utf8" }).stdout;
  assert.deepEqual([read("linux-amd64"), read("linux-riscv64")], ["new", "old"]);
});

test("links that a job planted lead nowhere", (t) => {
  const ground = prepare(t);
  const outside = mkdtempSync(join(tmpdir(), "outside-"));
  t.after(() => rmSync(outside, { recursive: true, force: true }));
  writeFileSync(join(outside, "index.json"), "precious");
  ground.write("cargo/a", kib(128));
  symlinkSync(outside, join(ground.cache, "cargo/link"));
  symlinkSync(outside, join(ground.cache, "layers/linux-amd64"));
  symlinkSync(outside, join(ground.cache, "layers/linux-riscv64.new"));
  ground.write("layers/-rf", kib(128));
  for (const _ of [1, 2]) {
    ground.run("measure");
    ground.run("renew");
  }
  ground.run("measure");
  assert.deepEqual(readdirSync(outside), ["index.json"]);
  assert.deepEqual(trash(ground), []);
  assert.deepEqual(readdirSync(join(ground.cache, "cargo")), []);
});

test("a cache that is a link itself, or lies below a folder that others can change, is left alone", (t) => {
  const ground = prepare(t);
  const outside = mkdtempSync(join(tmpdir(), "outside-"));
  t.after(() => rmSync(outside, { recursive: true, force: true }));
  writeFileSync(join(outside, "a"), kib(128));
  rmSync(join(ground.cache, "cargo"), { recursive: true });
  symlinkSync(outside, join(ground.cache, "cargo"));
  ground.run("measure");
  ground.run("renew");
  assert.deepEqual(readdirSync(outside), ["a"]);
  ground.write("layers/linux-amd64/a", kib(128));
  chmodSync(ground.cache, 0o777);
  assert.match(
    ground.run("measure"),
    /can be changed by others: leaving the caches of acme-ci-forge-1 alone/,
  );
  ground.run("renew");
  assert.ok(existsSync(join(ground.cache, "layers/linux-amd64/a")));
});
