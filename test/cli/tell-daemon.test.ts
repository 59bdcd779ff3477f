// What a daemon says of passes, without saying it twice, and without a character that a terminal would obey.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Terminal } from "../../src/adapters/terminal.ts";
import { openVoice } from "../../src/cli/watchdog/tell-daemon.ts";
import type { Decision } from "../../src/model/watchdog.ts";
import type { Pass } from "../../src/watchdog/tell-pass.ts";
import { makeSmallPlan } from "../watchdog/model-plan.ts";

function open(isJson: boolean) {
  const said: string[] = [];
  const warned: string[] = [];
  const terminal = {
    out: (text: string) => said.push(text),
    err: (text: string) => warned.push(text),
  } as unknown as Terminal;
  return { voice: openVoice(terminal, { isJson }), said, warned };
}

function makePass(evidence: string, verdict: Decision["verdict"] = "wait"): Pass {
  const decision: Decision = {
    subject: { kind: "slot", slot: "acme-ci-forge-1", pool: "ci" },
    verdict,
    reason: "Updating",
    evidence: [evidence],
    action: null,
  };
  const observation = { host: "forge", time: { wall: 0, monotonic: 0, boot: null }, guestUnits: [] };
  const decided = { decisions: [decision], notices: [], memory: {} };
  return { observation, decided, outcomes: [], isDry: false, guests: null } as unknown as Pass;
}

test("at its beginning it says what it looks after, and where it answers", () => {
  const { voice, said, warned } = open(false);
  const plan = makeSmallPlan();
  const [host] = plan.hosts;
  assert.ok(host !== undefined);
  voice.begin({ ...plan, watchdog: { ...plan.watchdog, every: 5000, listen: null } }, host);
  const listen = { address: "::1", port: 9639 };
  voice.begin({ ...plan, watchdog: { ...plan.watchdog, every: 90_000, listen } }, host);
  const slots = host.placements.flatMap((each) => each.slots).length;
  assert.deepEqual(warned, [
    `looks after ${slots} slots of forge every 5s\n`,
    `looks after ${slots} slots of forge every 1m30s; http://[::1]:9639/metrics and /healthz\n`,
  ]);
  assert.deepEqual(said, []);
});

test("a decision is said when it comes, not while it stays, and again when it comes back", () => {
  const { voice, said } = open(false);
  voice.pass(makePass("40 s more"));
  voice.pass(makePass("35 s more"));
  assert.deepEqual(said, ["wait acme-ci-forge-1  Updating: 40 s more\n"]);
  voice.pass(makePass("", "leave"));
  voice.pass(makePass("anew"));
  assert.equal(said.length, 2);
});

test("a warning is said once, as long as every pass has it", () => {
  const { voice, warned } = open(false);
  for (const text of ["full", "full", "", "full"]) {
    if (text !== "") voice.warn(text);
    voice.end();
  }
  assert.deepEqual(warned, ["warning: full\n", "warning: full\n"]);
});

test("a stranger's text is shown, and not obeyed", () => {
  const hostile = "job \u001b[2J\u202e\u009b name";
  const plain = open(false);
  plain.voice.pass(makePass(hostile));
  const lines = open(true);
  lines.voice.pass(makePass(hostile));
  for (const text of [plain.said.join(""), lines.said.join("")])
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  assert.equal(lines.said[0]?.split("\n").length, 2, "one line");
  const document = JSON.parse(lines.said[0] ?? "") as {
    readonly decisions: readonly { evidence: unknown }[];
  };
  assert.deepEqual(document.decisions[0]?.evidence, [hostile]);
});

test("a pass that threw is told whole", () => {
  const { voice, warned } = open(false);
  voice.crash(new Error("a fault"));
  assert.match(warned.join(""), /^bug: .*\n {2}Error: a fault\n/);
});
