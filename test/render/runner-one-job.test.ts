// one-job.sh as a guest runs it, with stand-ins for what it calls: when a slot may start, and when its end is the
// guest's.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { SERVE_WORD } from "../../src/model/one-job.ts";
import { renderSystemd } from "../../src/render/systemd.ts";
import { makeFolder } from "../adapters/folder.ts";
import { unitCases } from "./systemd-cases.ts";

const LISTENING = "2026-11-21 17:00:00Z: Listening for Jobs\n";
const JOB = `${LISTENING}2026-11-21 17:00:01Z: Running job: build\n`;

interface World {
  readonly journal?: string;
  readonly containers?: string;
  readonly dockerFails?: boolean;
}

function openGuest(t: TestContext, name: "a-guest-of-one-job" | "a-guest-of-one-job-as-a-process") {
  const folder = makeFolder(t);
  const { plan, host } = unitCases[name] as NonNullable<(typeof unitCases)[string]>;
  const file = renderSystemd(plan, host).find(({ path }) => path.endsWith("/one-job.sh"));
  const [state, bin] = [join(folder, "state"), join(folder, "bin")];
  for (const path of [bin, join(state, "drained")]) mkdirSync(path, { recursive: true });
  const script = join(folder, "one-job.sh");
  const text = (file?.content ?? "")
    .replaceAll(host.places.state, state)
    .replaceAll("/sys/class/dmi/id/product_family", join(folder, "family"))
    .replaceAll("/proc/sys/kernel/random/boot_id", join(folder, "boot"));
  writeFileSync(script, text);
  const put = (path: string, content: string) => writeFileSync(join(folder, path), content);
  put("boot", "one\n");
  put("family", "Standard PC\n");
  const stand = (command: string, body: string) => {
    put(`bin/${command}`, `#!/bin/sh\n${body}\n`);
    chmodSync(join(bin, command), 0o755);
  };
  const run = (args: readonly string[], env: Record<string, string> = {}, world: World = {}) => {
    const off = join(folder, "off");
    writeFileSync(off, "");
    stand("systemctl", `echo "$*" >>'${off}'`);
    stand("journalctl", `cat '${join(folder, "journal")}'`);
    stand("docker", world.dockerFails ? "exit 1" : `printf '%s' '${world.containers ?? ""}'`);
    put("journal", world.journal ?? LISTENING);
    const PATH = `${bin}:${process.env.PATH}`;
    const { status } = spawnSync("bash", [script, ...args], { env: { PATH, ...env }, encoding: "utf8" });
    return { may: status === 0, off: readFileSync(off, "utf8") === "--no-block poweroff\n" };
  };
  const has = (file: string) => existsSync(join(state, file));
  const put2 = (file: string) => writeFileSync(join(state, file), "\n");
  return { run, put, has, touch: put2 };
}

const end = (code: string, status: string) => ({
  EXIT_CODE: code,
  EXIT_STATUS: status,
  SERVICE_RESULT: "success",
  INVOCATION_ID: "0123",
});
const STAYS = { may: true, off: false };
const GOES = { may: true, off: true };
const HELD = { may: false, off: false };
const REFUSED = { may: false, off: true };

test("before a guest is set up its slot does not start, and the guest stays on", (t) => {
  const { run } = openGuest(t, "a-guest-of-one-job");
  assert.deepEqual(run(["may-start"]), HELD);
});

test("a guest that is set up powers off until its node says that it is clean", (t) => {
  const { run, put } = openGuest(t, "a-guest-of-one-job");
  assert.deepEqual(run(["set-up"]), STAYS);
  assert.deepEqual(run(["may-start"]), REFUSED);
  put("family", `${SERVE_WORD}\n`);
  assert.deepEqual(run(["may-start"]), STAYS);
});

test("in one boot a slot may start again and again, in the next never", (t) => {
  const { run, put } = openGuest(t, "a-guest-of-one-job");
  put("family", `${SERVE_WORD}\n`);
  run(["set-up"]);
  assert.deepEqual(run(["may-start"]), STAYS);
  assert.deepEqual(run(["may-start"]), STAYS);
  put("boot", "two\n");
  assert.deepEqual(run(["may-start"]), REFUSED);
});

test("the guest powers off after its job, and before that no slot starts again", (t) => {
  const { run, put, has } = openGuest(t, "a-guest-of-one-job");
  put("family", `${SERVE_WORD}\n`);
  run(["set-up"]);
  run(["may-start"]);
  assert.deepEqual(run(["ended", "acme-ci-forge-1", "container"], end("exited", "0")), GOES);
  assert.equal(has("spent"), true);
  assert.deepEqual(run(["may-start"]), REFUSED);
});

const ended = (run: ReturnType<typeof openGuest>["run"], env: Record<string, string>, world: World = {}) =>
  run(["ended", "acme-ci-forge-1", "container"], env, world);

test("a start that failed leaves the guest on, to be looked at", (t) => {
  const { run, has } = openGuest(t, "a-guest-of-one-job");
  assert.deepEqual(ended(run, { SERVICE_RESULT: "exit-code" }), STAYS, "nothing was started");
  for (const code of ["1", "40", "43", "49", "125", "126", "127", "130", "143"])
    assert.deepEqual(ended(run, end("exited", code)), STAYS, code);
  assert.equal(has("spent"), false);
});

test("a job that makes up how its runner ended powers its guest off all the same", (t) => {
  const { run } = openGuest(t, "a-guest-of-one-job");
  for (const code of ["1", "43", "143"])
    assert.deepEqual(ended(run, end("exited", code), { journal: JOB }), GOES, code);
  assert.deepEqual(ended(run, end("exited", "137")), GOES);
  assert.deepEqual(ended(run, end("killed", "KILL")), GOES);
  assert.deepEqual(ended(run, end("dumped", "SEGV")), GOES);
});

test("a container that still runs keeps its guest on, and so does an engine that does not answer", (t) => {
  const { run, has } = openGuest(t, "a-guest-of-one-job");
  assert.deepEqual(ended(run, end("killed", "KILL"), { containers: "3f9a", journal: JOB }), STAYS);
  assert.deepEqual(ended(run, end("exited", "1"), { dockerFails: true, journal: JOB }), STAYS);
  assert.equal(has("spent"), false);
});

test("a process has no container that could be left", (t) => {
  const { run } = openGuest(t, "a-guest-of-one-job-as-a-process");
  const args = ["ended", "acme-bare-forge-1", "process"];
  assert.deepEqual(run(args, end("exited", "0"), { dockerFails: true }), GOES);
});

test("a drained slot's guest stays on after its job, and takes no other", (t) => {
  const { run, put, touch } = openGuest(t, "a-guest-of-one-job");
  put("family", `${SERVE_WORD}\n`);
  run(["set-up"]);
  run(["may-start"]);
  touch("drained/acme-ci-forge-1");
  assert.deepEqual(ended(run, end("exited", "0")), STAYS);
  assert.deepEqual(run(["may-start"]), REFUSED);
});
