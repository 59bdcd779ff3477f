// What an apply says of slots that it left alone: what becomes of them, and who goes on.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Terminal } from "../../src/adapters/terminal.ts";
import { type AfterApply, tellPending } from "../../src/cli/apply/report-apply.ts";
import type { PendingSlot } from "../../src/model/apply.ts";

function tell(action: PendingSlot["action"], after: Partial<AfterApply> = {}): readonly string[] {
  const lines: string[] = [];
  const terminal = { err: (text: string) => void lines.push(text) } as Pick<Terminal, "err"> as Terminal;
  const slot = { slot: "acme-ci-forge-1", unit: null, action, why: "a Runner.Worker process runs" };
  const all = { isRemoval: false, isGone: false, isWatched: true, ...after };
  tellPending({ version: 1, slots: [slot] }, all, terminal);
  return lines.join("").trimEnd().split("\n").slice(1);
}

test("who goes on with what waits for a job", () => {
  assert.deepEqual(tell("restart"), [
    "the next `ci-fleet apply` goes on with it, with restarts the watchdog too",
  ]);
  assert.deepEqual(tell("restart", { isWatched: false }), ["the next `ci-fleet apply` goes on with it"]);
  assert.deepEqual(tell("remove"), ["the next `ci-fleet apply` goes on with it"]);
  assert.deepEqual(tell("remove", { isRemoval: true }), ["then run `ci-fleet apply --remove` again"]);
});

test("of a fleet that is gone, where to look for registrations that may be left", () => {
  assert.deepEqual(tell("deregister", { isRemoval: true, isGone: true }), [
    "look in GitHub's settings, Actions, Runners, and remove what is there under these names",
  ]);
  assert.deepEqual(tell("deregister"), []);
});
