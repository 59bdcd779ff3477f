// entrypoint.sh as bash runs it, against a stand-in for GitHub's runner: registrations, secrets, and signals.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readlinkSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import {
  EPHEMERAL,
  listState,
  makeSlot,
  PERSISTENT,
  register,
  type Slot,
  STAMP,
  WRITE_IDENTITY,
} from "./runner-world.ts";

/** Variables of a call that hold a text. */
function variablesWith(slot: Slot, call: string, text: string): readonly string[] {
  const lines = (slot.read("log", `${call}.env`) ?? "").split("\n");
  return lines.filter((line) => line.includes(text)).map((line) => line.slice(0, line.indexOf("=")));
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** As GitHub makes it, with the order and the spaces that JSON leaves open. */
function jitConfig(files: Readonly<Record<string, string>>): string {
  const entries = Object.entries(files).map(([name, text]) => [name, base64(text)]);
  return base64(JSON.stringify(Object.fromEntries(entries), null, 1));
}

test("a JIT config is read, deleted, and becomes the runner's files, not its environment", async (t) => {
  const slot = makeSlot(t);
  const rsa = `{"d":"${"secret".repeat(900)}"}`;
  const files = {
    ".runner": '\uFEFF{"agentId":7}',
    ".credentials": '{"scheme":"OAuth"}',
    ".credentials_rsaparams": rsa,
  };
  slot.write(`${jitConfig(files)}\n`, "run", "jitconfig");
  const seen = slot.at("log/root");
  const listener = `ls -A ${slot.at("run")} >${slot.at("log/run-folder")}
    mkdir ${seen}; cp -p .runner .credentials .credentials_rsaparams ${seen}; echo "${STAMP} Running job: build"`;
  const { code, reason } = await slot.run({ ...EPHEMERAL, FAKE_LISTENER: listener });
  assert.deepEqual({ code, reason }, { code: 0, reason: "ended" });
  for (const [name, text] of Object.entries(files)) {
    assert.equal(slot.read("log", "root", name), text);
    assert.equal(statSync(slot.at("log", "root", name)).mode & 0o777, 0o600);
  }
  assert.deepEqual(variablesWith(slot, "listener", base64(rsa).slice(0, 40)), []);
  assert.deepEqual(variablesWith(slot, "listener", "ACTIONS_RUNNER_INPUT"), []);
  assert.equal(slot.read("log", "listener.argv"), "run\n");
  assert.equal(slot.read("log", "run-folder"), "");
  assert.equal(slot.read("log", "config.count"), null);
});

test("a JIT config of a form that is not known goes to the runner as it is", async (t) => {
  const slot = makeSlot(t);
  slot.write("c2VjcmV0\n", "run", "jitconfig");
  const { code, output } = await slot.run({
    ...EPHEMERAL,
    FAKE_LISTENER: `echo "${STAMP} Running job: build"`,
  });
  assert.equal(code, 0);
  assert.match(output, /form that ci-fleet does not know/);
  assert.deepEqual(variablesWith(slot, "listener", "c2VjcmV0"), ["ACTIONS_RUNNER_INPUT_JITCONFIG"]);
});

test("no name in a JIT config leads out of the runner's folder", async (t) => {
  const slot = makeSlot(t);
  const files = { "../escaped": "x", ".runner": '{"agentId":7}', ".credentials": "{}" };
  slot.write(`${jitConfig(files)}\n`, "run", "jitconfig");
  await slot.run({ ...EPHEMERAL, FAKE_LISTENER: `echo "${STAMP} Running job: build"` });
  assert.ok(!existsSync(slot.at("escaped")));
});

test("an ephemeral slot without a JIT config ends with a code of its own", async (t) => {
  const slot = makeSlot(t);
  const { code, reason, output } = await slot.run(EPHEMERAL);
  assert.deepEqual({ code, reason }, { code: 40, reason: "not-configured" });
  assert.match(output, /there is no .*\/jitconfig/);
  assert.equal(slot.read("log", "listener.count"), null);
});

test("identity files of an earlier registration are gone before a JIT start", async (t) => {
  const slot = makeSlot(t);
  for (const name of [".runner_migrated", ".credentials_migrated"]) slot.write("old", "root", name);
  slot.write("jit\n", "run", "jitconfig");
  await slot.run({ ...EPHEMERAL, FAKE_LISTENER: `ls -A >${slot.at("log/root")}` });
  assert.ok(!(slot.read("log", "root") ?? "").includes("migrated"));
});

test("a persistent slot configures itself once and saves its identity", async (t) => {
  const slot = makeSlot(t);
  await register(slot, { CI_FLEET_GROUP: "my $GROUP" });
  assert.deepEqual((slot.read("log", "config.argv") ?? "").trimEnd().split("\n"), [
    "--unattended",
    "--replace",
    "--disableupdate",
    "--no-default-labels",
    "--url",
    "https://github.com/acme",
    "--name",
    "acme-ci-forge-1",
    "--labels",
    "self-hosted,linux,x64",
    "--work",
    slot.at("work"),
    "--runnergroup",
    "my $GROUP",
  ]);
  assert.deepEqual(variablesWith(slot, "config", "TOKEN123"), ["ACTIONS_RUNNER_INPUT_TOKEN"]);
  assert.deepEqual(variablesWith(slot, "listener", "TOKEN123"), []);
  assert.equal(existsSync(slot.at("run/token")), false);
  const saved = readdirSync(slot.at("state/current")).sort();
  assert.deepEqual(saved, [".credentials", ".credentials_rsaparams", ".runner"]);
  for (const name of saved) assert.equal(statSync(slot.at("state/current", name)).mode & 0o777, 0o600);
});

test("a new image starts with the saved identity, and what GitHub pushed is saved too", async (t) => {
  const slot = makeSlot(t);
  await register(slot, { FAKE_LISTENER: "printf new >.credentials_migrated" });
  assert.deepEqual(listState(slot), ["current", "generation", "generation", "previous"]);
  slot.renewRoot();
  const listener = `cat .credentials_migrated .credentials_rsaparams >${slot.at("log/seen")}`;
  const { code } = await slot.run({ ...PERSISTENT, FAKE_LISTENER: listener });
  assert.equal(code, 0);
  assert.equal(slot.read("log", "seen"), 'new{"d":"1"}');
  assert.equal(slot.read("log", "config.count"), "x\n");
});

test("many ends leave two generations, not many", async (t) => {
  const slot = makeSlot(t);
  await register(slot);
  for (let round = 0; round < 3; round++) {
    await slot.run({ ...PERSISTENT, FAKE_LISTENER: `printf ${round} >.credentials_migrated` });
  }
  assert.deepEqual(listState(slot), ["current", "generation", "generation", "previous"]);
  assert.equal(slot.read("state", "current", ".credentials_migrated"), "2");
  assert.equal(slot.read("state", "previous", ".credentials_migrated"), "1");
});

test("a torn generation is passed over for the one before it", async (t) => {
  const slot = makeSlot(t);
  await register(slot, { FAKE_LISTENER: "printf pushed >.credentials_migrated" });
  truncateSync(slot.at("state/current/.credentials_rsaparams"), 0);
  slot.renewRoot();
  const { code } = await slot.run({ ...PERSISTENT, FAKE_LISTENER: `ls -A >${slot.at("log/root")}` });
  assert.equal(code, 0);
  const root = (slot.read("log", "root") ?? "").split("\n");
  assert.ok(root.includes(".credentials_rsaparams") && !root.includes(".credentials_migrated"));
  assert.equal(slot.read("log", "config.count"), "x\n");
});

test("where every generation is torn nothing of it is used, and a token is awaited", async (t) => {
  const slot = makeSlot(t);
  await register(slot);
  writeFileSync(slot.at("state/current/.runner"), "");
  const running = slot.start(PERSISTENT);
  await running.says("Waiting.");
  assert.deepEqual(listState(slot), []);
  running.process.kill("SIGTERM");
  assert.equal((await running.ended).code, 143);
});

test("a job that deletes one of the files does not spoil what is saved", async (t) => {
  const slot = makeSlot(t);
  await register(slot);
  const before = readlinkSync(slot.at("state/current"));
  await slot.run({ ...PERSISTENT, FAKE_LISTENER: "rm .credentials; ln -s /etc/hostname .credentials" });
  assert.equal(readlinkSync(slot.at("state/current")), before);
});

test("TERM reaches the listener as INT, after the identity was saved", async (t) => {
  const slot = makeSlot(t);
  await register(slot);
  const listener = `
    trap 'cat ${slot.at("state/current/.credentials_migrated")} >${slot.at("log/at-int")}; echo "Exiting..."; exit 0' INT
    printf pushed >.credentials_migrated
    echo "${STAMP} Running job: long"
    for ((i = 0; i < 600; i++)); do sleep 0.1; done`;
  const running = slot.start({ ...PERSISTENT, FAKE_LISTENER: listener });
  await running.says("Running job");
  running.process.kill("SIGTERM");
  const { code, reason, output } = await running.ended;
  assert.deepEqual({ code, reason }, { code: 143, reason: "stopped" });
  assert.match(output, /Exiting\.\.\./);
  assert.equal(slot.read("log", "at-int"), "pushed");
});

test("a listener that does not hear the first INT is told again", async (t) => {
  const slot = makeSlot(t);
  await register(slot);
  const listener = `
    trap "" INT
    echo starting
    until [[ -e ${slot.at("log/told")} ]]; do sleep 0.1; done
    trap 'echo "Exiting..."; exit 0' INT
    echo "${STAMP} Listening for Jobs"
    for ((i = 0; i < 600; i++)); do sleep 0.1; done`;
  const running = slot.start({ ...PERSISTENT, FAKE_LISTENER: listener });
  await running.says("starting");
  running.process.kill("SIGTERM");
  // run.sh waits in vain by now: its own trap is gone.
  await new Promise((resolve) => setTimeout(resolve, 300));
  slot.write("", "log", "told");
  const { code, reason } = await running.ended;
  assert.deepEqual({ code, reason }, { code: 143, reason: "stopped" });
});

test("TERM at any moment of a start ends it", async (t) => {
  const slot = makeSlot(t);
  await register(slot);
  const listener = `trap 'exit 0' INT; for ((i = 0; i < 600; i++)); do sleep 0.1; done`;
  for (const pause of [0, 20, 40, 60, 80, 120, 160]) {
    const running = slot.start({ ...PERSISTENT, FAKE_LISTENER: listener });
    await new Promise((resolve) => setTimeout(resolve, pause));
    running.process.kill("SIGTERM");
    const { code, output } = await running.ended;
    // Before the script has its trap, the signal ends it as any program.
    assert.ok(code === 143 || code === null, `${pause} ms: ${code} ${output}`);
  }
});

test("TERM while it configures lets that end, saves, and starts no runner", async (t) => {
  const slot = makeSlot(t);
  slot.write("TOKEN123\n", "run", "token");
  const running = slot.start({ ...PERSISTENT, FAKE_CONFIG: `echo configuring; sleep 1; ${WRITE_IDENTITY}` });
  await running.says("configuring");
  running.process.kill("SIGTERM");
  assert.equal((await running.ended).code, 143);
  assert.ok(listState(slot).includes("current"));
  assert.equal(slot.read("log", "listener.count"), null);
});

test("a token means that the registration is to be made anew", async (t) => {
  const slot = makeSlot(t);
  await register(slot, { AGENT: "1" });
  slot.write("https://github.com/alice/lib\n", "run", "url");
  await register(slot, { AGENT: "2" });
  assert.match(slot.read("state", "current", ".runner") ?? "", /"agentId":2/);
  assert.match(slot.read("log", "config.argv") ?? "", /^https:\/\/github\.com\/alice\/lib$/m);
});

test("without a registration it prints the one command that gives it one, and waits for it", async (t) => {
  const slot = makeSlot(t);
  const running = slot.start({ ...PERSISTENT, FAKE_LISTENER: `echo "${STAMP} Listening for Jobs"` });
  await running.says("Waiting.");
  const command = `gh api -X POST orgs/acme/actions/runners/registration-token --jq .token | docker exec -i acme-ci-forge-1 bash ${slot.at("scripts/entrypoint.sh")} put-token`;
  assert.equal(running.output().split(command).length, 2, running.output());
  const put = slot.start(PERSISTENT, "put-token");
  put.process.stdin?.end("ABCD_1234\n");
  assert.equal((await put.ended).code, 0);
  const { code, output } = await running.ended;
  assert.equal(code, 0, output);
  assert.deepEqual(variablesWith(slot, "config", "ABCD_1234"), ["ACTIONS_RUNNER_INPUT_TOKEN"]);
  assert.ok(!output.includes("ABCD_1234"));
});

test("under systemd it does not wait for a token that mint was kept from writing", async (t) => {
  const slot = makeSlot(t);
  const { code } = await slot.run({ ...PERSISTENT, INVOCATION_ID: "0d4e" });
  assert.equal(code, 40);
});

test("put-token refuses what is no token", async (t) => {
  const slot = makeSlot(t);
  const put = slot.start(PERSISTENT, "put-token");
  put.process.stdin?.end("$(id)\n");
  assert.equal((await put.ended).code, 2);
  assert.deepEqual(readdirSync(slot.at("run")), []);
});
