// A fleet of two hosts for status, seen from one of them, and pieces to vary. In: what differs. Out: facts.

import type { PendingSlot } from "../../src/model/apply.ts";
import type { RunnerRecord } from "../../src/model/github.ts";
import { type Seen, type SlotObservation, seen } from "../../src/model/host-observation.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { LocalFacts, StatusFacts, TargetRunners } from "../../src/status/facts.ts";
import { makeObservation, makeSlot, NOW } from "../model/observed.ts";
import { makeHost, makePlacement, makePlan } from "../render/systemd-fleet.ts";

const forge = makeHost({ placements: [makePlacement()] });
const spark = makeHost({
  name: "spark",
  placements: [makePlacement({ slots: [{ name: "acme-ci-spark-1", index: 1, always: true, gpus: [] }] })],
});

/** `acme-ci-forge-1` always runs, `acme-ci-forge-2` on demand; `acme-ci-spark-1` is on another host. */
export const PLAN: Plan = { ...makePlan(forge), hosts: [forge, spark] };

export function makeRunner(name: string, change: Partial<RunnerRecord> = {}): RunnerRecord {
  return {
    ...{ id: 7, name, os: "Linux", online: true, busy: false, labels: [], ephemeral: true },
    ...{ version: "2.337.0", groupId: 1 },
    ...change,
  };
}

export interface Given {
  /** Of acme-ci-forge-1. */
  readonly slot?: Partial<SlotObservation>;
  /** Of acme-ci-forge-2. */
  readonly second?: Partial<SlotObservation>;
  readonly runners?: readonly RunnerRecord[];
  readonly github?: Seen<TargetRunners> | null;
  readonly local?: Partial<LocalFacts> | null;
  readonly pending?: readonly PendingSlot[];
  readonly plan?: Plan;
  readonly node?: StatusFacts["node"];
  readonly machine?: StatusFacts["machine"];
}

export function makeStatus(given: Given = {}): StatusFacts {
  const slots = [makeSlot(given.slot), makeSlot({ slot: "acme-ci-forge-2", ...given.second })];
  const here: LocalFacts = {
    host: "forge",
    observation: makeObservation(slots),
    installed: seen(true),
    isUnfinished: false,
    pending: given.pending ?? [],
    generations: new Map(),
    drifted: [],
    ...given.local,
  };
  const runners = given.runners ?? [
    makeRunner("acme-ci-forge-1-abc1234"),
    makeRunner("acme-ci-forge-2-abc1234", { id: 8 }),
    makeRunner("acme-ci-spark-1-abc1234", { id: 9 }),
  ];
  const answer =
    given.github === undefined ? seen({ runners, complete: true, onlyHost: null }) : given.github;
  return {
    now: NOW,
    plan: given.plan ?? PLAN,
    here: given.local === null ? null : here,
    node: given.node ?? null,
    machine: given.machine ?? null,
    github: answer === null ? new Map() : new Map([["default", answer]]),
  };
}
