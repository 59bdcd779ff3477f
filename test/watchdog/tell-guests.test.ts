// What a pass over guests says: to people, to programs, to the audit log, to a daemon's log, in metrics.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  describeGuests,
  hasSeenGuests,
  listGuestAudit,
  listGuestNews,
  makeGuestsDocument,
} from "../../src/watchdog/tell-guests.ts";
import { makeByHand, openNodeScene } from "./node-scene.ts";

test("a pass says what was done to which guest, why, and what came of it", async (t) => {
  const scene = await openNodeScene(t, { count: 2 });
  makeByHand(scene);
  scene.state.guest(9102).description = "mine";
  const pass = await scene.pass();
  assert.ok(pass !== null);
  const why = "it is stopped; nobody has seen its set-up end; it has no clean state yet";
  const lines = describeGuests(pass, false);
  assert.equal(lines[0], `set-up       guest vm-1  NeverStarted: ${why}`);
  assert.match(lines[1] ?? "", /^ {13}done: start: done \(UPID:pve1:/);
  assert.match(
    lines[2] ?? "",
    /^wait {9}guest vm-2 {2}NotOurs: its description does not begin with "ci-fleet guest /,
  );
  assert.match(lines[3] ?? "", /^notice {7}GuestNotOurs: guest 9102 \(vm-2\) is not touched: /);
  assert.equal(lines[4], "0 of 2 guests left as they are");
  assert.equal(
    describeGuests({ ...pass, outcomes: [] }, true)[0],
    `would set-up guest vm-1  NeverStarted: ${why}`,
  );
  const { decisions, outcomes, notices } = makeGuestsDocument(pass);
  assert.deepEqual(
    [decisions.map(({ reason }) => reason), outcomes.map(({ result }) => result), notices.length],
    [["NeverStarted", "NotOurs"], ["done"], 1],
  );
  const audit = listGuestAudit(pass).map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    audit.map(({ guest, action, result, notice }) => [guest, action, result, notice]),
    [
      ["vm-1", "set-up", "done", undefined],
      [undefined, undefined, undefined, "GuestNotOurs"],
    ],
  );
  assert.deepEqual(
    listGuestNews(pass).map(({ key }) => key),
    [null, "guest vm-2 wait NotOurs", "notice GuestNotOurs guest 9102 (vm-2)"],
  );
  assert.equal(hasSeenGuests(pass), true);
});
