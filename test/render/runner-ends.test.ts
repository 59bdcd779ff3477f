// How a slot ends: what entrypoint.sh makes of the runner's files, exit code and words, run by bash against a
// stand-in for GitHub's runner.

import assert from "node:assert/strict";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EPHEMERAL, listState, makeSlot, PERSISTENT, register, STAMP } from "./runner-world.ts";

test("a runner that removed its own files is forgotten at once (2.336.0 and later)", async (t) => {
  const slot = makeSlot(t);
  await register(slot);
  const listener = `echo "The runner no longer exists on the server. Cleaning up local configuration."
    rm -f .credentials .runner .credentials_rsaparams`;
  const { code, reason } = await slot.run({ ...PERSISTENT, FAKE_LISTENER: listener });
  assert.deepEqual({ code, reason }, { code: 41, reason: "registration-deleted" });
  assert.deepEqual(listState(slot), []);
});

test("a runner that only says so is forgotten when it says it again (before 2.336.0)", async (t) => {
  const slot = makeSlot(t);
  await register(slot);
  const listener = `echo "Failed to create a session. The runner registration has been deleted from the server, please re-configure." >&2; exit 1`;
  const first = await slot.run({ ...PERSISTENT, FAKE_LISTENER: listener });
  assert.equal(first.code, 41);
  assert.ok(listState(slot).includes("current"));
  const second = await slot.run({ ...PERSISTENT, FAKE_LISTENER: listener });
  assert.equal(second.code, 41);
  assert.deepEqual(listState(slot), []);
});

test("what it said once is void after a start at which it listened", async (t) => {
  const slot = makeSlot(t);
  await register(slot);
  const gone = `echo "The runner no longer exists on the server. Please reconfigure the runner."; exit 1`;
  await slot.run({ ...PERSISTENT, FAKE_LISTENER: gone });
  await slot.run({ ...PERSISTENT, FAKE_LISTENER: `echo "${STAMP} Listening for Jobs"` });
  await slot.run({ ...PERSISTENT, FAKE_LISTENER: gone });
  assert.ok(listState(slot).includes("current"));
});

test("the name of a job cannot make a slot throw its registration away", async (t) => {
  const slot = makeSlot(t);
  await register(slot);
  const listener = `printf '%s\\n' "${STAMP} Running job: x" "The runner no longer exists on the server. Please reconfigure"; exit 1`;
  for (let round = 0; round < 2; round++) {
    const { reason } = await slot.run({ ...PERSISTENT, FAKE_LISTENER: listener });
    assert.equal(reason, "ended");
  }
  assert.ok(listState(slot).includes("current"));
});

const ends: readonly (readonly [string, number, string])[] = [
  [
    "echo 'Stop retry on SessionConflictException after retried for 240 seconds.'; exit 5",
    42,
    "session-conflict",
  ],
  [
    "echo 'An error occurred: Runner version v2.300.0 is deprecated and cannot receive messages.'; exit 1",
    43,
    "version-deprecated",
  ],
  ["exit 7", 43, "version-deprecated"],
  [
    "echo 'Registration 01234567-89ab-cdef-0123-456789abcdef was not found.'; exit 1",
    41,
    "registration-deleted",
  ],
  ["echo 'Stopped retrying OAuth token request exception after 1800 seconds.'; exit 1", 48, "clock-skew"],
  ["exit 127", 46, "runner-broken"],
  ["exit 1", 49, "listener-error"],
  ["exit 134", 49, "listener-error"],
  ["exit 0", 0, "ended"],
];
for (const [listener, code, reason] of ends) {
  test(`a listener that does "${listener}" ends the slot with ${code}, ${reason}`, async (t) => {
    const slot = makeSlot(t);
    slot.write("jit\n", "run", "jitconfig");
    const ended = await slot.run({ ...EPHEMERAL, FAKE_LISTENER: listener });
    assert.deepEqual({ code: ended.code, reason: ended.reason }, { code, reason }, ended.output);
  });
}

const failures: readonly (readonly [string, number, string])[] = [
  [
    "echo \"Http response code: NotFound from 'POST https://api.github.com/actions/runner-registration'\" >&2",
    44,
    "registration-rejected",
  ],
  [
    "echo \"Http response code: NotFound from 'POST https://api.github.com/actions/runner-registration'\"; echo 'Your runner version is out of date and can no longer register with GitHub.'",
    43,
    "version-deprecated",
  ],
  ['echo "Libicu\'s dependencies is missing for Dotnet Core 6.0"', 46, "runner-broken"],
  ["echo no", 45, "configuration-failed"],
];
for (const [config, code, reason] of failures) {
  test(`a config.sh that does "${config}" and fails ends the slot with ${code}, ${reason}`, async (t) => {
    const slot = makeSlot(t);
    slot.write("TOKEN123\n", "run", "token");
    const ended = await slot.run({ ...PERSISTENT, FAKE_CONFIG: `${config}; exit 1` });
    assert.deepEqual({ code: ended.code, reason: ended.reason }, { code, reason }, ended.output);
    assert.deepEqual(listState(slot), []);
    assert.ok(!ended.output.includes("TOKEN123"));
  });
}

test("a process that a job left behind does not hold the slot up", async (t) => {
  const slot = makeSlot(t);
  slot.write("jit\n", "run", "jitconfig");
  const listener = `sleep 300 & echo $! >${slot.at("log/left")}`;
  const { code } = await slot.run({ ...EPHEMERAL, FAKE_LISTENER: listener });
  assert.equal(code, 0);
  process.kill(Number(readFileSync(join(slot.folder, "log/left"), "utf8")));
});

test("the end of the job before is forgotten at the next start", async (t) => {
  const slot = makeSlot(t);
  slot.write("{}", "run", "job.json");
  slot.write("jit\n", "run", "jitconfig");
  await slot.run({ ...EPHEMERAL, FAKE_LISTENER: `ls ${slot.at("run")} >${slot.at("log/run-folder")}` });
  assert.equal(slot.read("log", "run-folder"), "");
  assert.match(
    slot.read("run", "last-exit.json") ?? "",
    /^\{"class":"ended","code":0,"at":\d+,"job":false\}\n$/,
  );
});

test("whether it had a job is told, for a runner that ends without one may not start again at once", async (t) => {
  const slot = makeSlot(t);
  slot.write("jit\n", "run", "jitconfig");
  await slot.run({ ...EPHEMERAL, FAKE_LISTENER: `echo "${STAMP} Running job: build"` });
  assert.match(
    slot.read("run", "last-exit.json") ?? "",
    /^\{"class":"ended","code":0,"at":\d+,"job":true\}\n$/,
  );
});

test("health sees a listener", async (t) => {
  const slot = makeSlot(t);
  slot.write("jit\n", "run", "jitconfig");
  const running = slot.start({
    ...EPHEMERAL,
    FAKE_LISTENER: `echo up; until [[ -e ${slot.at("log/go")} ]]; do sleep 0.1; done`,
  });
  await running.says("up");
  assert.equal((await slot.run(EPHEMERAL, "health")).code, 0);
  slot.write("", "log", "go");
  assert.equal((await running.ended).code, 0);
});

test("a runner whose own scripts do not start is broken, not at its end", async (t) => {
  const slot = makeSlot(t);
  chmodSync(slot.at("root/run-helper.sh.template"), 0o644);
  slot.write("jit\n", "run", "jitconfig");
  const { code, reason } = await slot.run(EPHEMERAL);
  assert.deepEqual({ code, reason }, { code: 46, reason: "runner-broken" });
});
