// What a slot is doing, for each kind of evidence, and the law that nothing with a job is ever called stoppable.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type SlotObservation, seen, unseen } from "../../src/model/host-observation.ts";
import { isUp, judgeLife, mayStop, type SlotLife } from "../../src/model/slot-life.ts";
import { JOB, makeContainer, makeProcess, makeSlot, makeUnit, STOPPED } from "./observed.ts";

const idle = seen([makeProcess("listener")]);
const busy = seen([makeProcess("listener"), makeProcess("worker")]);

const TABLE: readonly (readonly [string, Partial<SlotObservation>, SlotLife])[] = [
  ["a listener and no worker", {}, "idle"],
  ["a worker", { processes: busy }, "busy"],
  ["a marker that a killed worker left behind", { job: seen(JOB) }, "idle"],
  ["a worker whose hook has not run yet", { processes: busy, job: seen(null) }, "busy"],
  ["processes that cannot be seen, and a marker", { processes: unseen("hidden"), job: seen(JOB) }, "busy"],
  ["processes that cannot be seen, and no marker", { processes: unseen("hidden") }, "unknown"],
  ["a container that starts", { processes: seen([]) }, "starting"],
  ["no listener, but a marker", { processes: seen([]), job: seen(JOB) }, "unknown"],
  [
    "no listener, and a marker that may not be read",
    { processes: seen([]), job: unseen("denied") },
    "unknown",
  ],
  [
    "mint at work",
    { ...STOPPED, unit: seen(makeUnit({ active: "activating", sub: "start-pre" })) },
    "starting",
  ],
  [
    "a start that a condition holds back",
    { ...STOPPED, unit: seen(makeUnit({ active: "activating", sub: "condition" })) },
    "stopped",
  ],
  [
    "the same between two tries of an old systemd",
    {
      ...STOPPED,
      unit: seen(makeUnit({ active: "activating", sub: "auto-restart", result: "exec-condition" })),
    },
    "stopped",
  ],
  [
    "a pause before the next try after a failure",
    { ...STOPPED, unit: seen(makeUnit({ active: "activating", sub: "auto-restart", result: "exit-code" })) },
    "starting",
  ],
  [
    "a process whose registration a condition holds back",
    { ...STOPPED, mintUnit: seen(makeUnit({ active: "activating", sub: "condition" })) },
    "stopped",
  ],
  [
    "a start that finds a container at work",
    { unit: seen(makeUnit({ active: "activating" })), processes: busy },
    "busy",
  ],
  ["a container that its client lost", { unit: seen(makeUnit({ active: "inactive" })) }, "idle"],
  ["the same with a job", { unit: seen(makeUnit({ active: "failed" })), processes: busy }, "busy"],
  ["being stopped", { unit: seen(makeUnit({ active: "deactivating" })), processes: seen([]) }, "stopping"],
  [
    "being stopped while its job is cancelled",
    { unit: seen(makeUnit({ active: "deactivating" })), processes: busy },
    "busy",
  ],
  ["stopped", STOPPED, "stopped"],
  [
    "a process that waits for its registration",
    { ...STOPPED, mintUnit: seen(makeUnit({ active: "activating", sub: "start" })) },
    "starting",
  ],
  [
    "a process that was registered and then stopped",
    { ...STOPPED, mintUnit: seen(makeUnit({ active: "inactive", sub: "dead" })) },
    "stopped",
  ],
  ["failed", { ...STOPPED, unit: seen(makeUnit({ active: "failed", result: "exit-code" })) }, "failed"],
  ["a unit that systemd does not know", { ...STOPPED, unit: seen(null) }, "absent"],
  [
    "no unit, and an engine that does not answer",
    { ...STOPPED, unit: seen(null), container: unseen("no engine"), processes: unseen("no engine") },
    "unknown",
  ],
  [
    "systemd does not answer",
    { unit: unseen("no bus"), container: seen(null), processes: seen([]) },
    "unknown",
  ],
  ["systemd does not answer, the container runs", { unit: unseen("no bus") }, "idle"],
  ["Docker does not answer", { container: unseen("no engine"), processes: unseen("no engine") }, "unknown"],
  ["without systemd: a container that runs", { unit: seen(null), processes: idle }, "idle"],
  [
    "without systemd: a container that ended",
    {
      unit: seen(null),
      container: seen(makeContainer({ running: false, status: "exited" })),
      processes: seen([]),
    },
    "stopped",
  ],
];

for (const [what, change, life] of TABLE) {
  test(`${what}: ${life}`, () => {
    const verdict = judgeLife(makeSlot(change));
    assert.equal(verdict.life, life);
    assert.notEqual(verdict.evidence, "");
  });
}

const arbitrarySlot = fc
  .record({
    active: fc.constantFrom("active", "activating", "deactivating", "inactive", "failed", "reloading"),
    unit: fc.constantFrom("known", "none", "unknown"),
    container: fc.constantFrom("running", "exited", "none", "unknown"),
    processes: fc.constantFrom("none", "listener", "worker", "unknown"),
    job: fc.constantFrom("none", "there", "unknown"),
  })
  .map((given) => ({
    given,
    slot: makeSlot({
      unit:
        given.unit === "unknown"
          ? unseen("no bus")
          : seen(given.unit === "none" ? null : makeUnit({ active: given.active })),
      container:
        given.container === "unknown"
          ? unseen("no engine")
          : seen(
              given.container === "none" ? null : makeContainer({ running: given.container === "running" }),
            ),
      processes:
        given.processes === "unknown"
          ? unseen("hidden")
          : given.processes === "none"
            ? seen([])
            : given.processes === "listener"
              ? idle
              : busy,
      job: given.job === "unknown" ? unseen("denied") : seen(given.job === "there" ? JOB : null),
    }),
  }));

test("whatever else is seen, a slot with a worker, or where none could be seen, is not called stoppable", () => {
  fc.assert(
    fc.property(arbitrarySlot, ({ given, slot }) => {
      const { life } = judgeLife(slot);
      if (given.processes === "worker") assert.equal(life, "busy");
      if (given.processes === "unknown" && life !== "starting") assert.ok(!mayStop(life), life);
      if (given.processes === "unknown" && given.job !== "none")
        assert.ok(!mayStop(life) || life === "starting");
      if (mayStop(life)) assert.ok(isUp(life));
    }),
  );
});
