// Random histories of a model fleet, and the laws that hold at the end of each. In: a history as data. Out: broken
// laws; empty where all held.

import fc from "fast-check";
import type { Plan } from "../../src/model/plan.ts";
import { makePool } from "../plan/make-fleet.ts";
import { FAULTS, type Fault } from "./model-api.ts";
import { listChanges, ModelFleet, type PassRecord } from "./model-fleet.ts";
import type { HostOptions, ModelHost } from "./model-host.ts";
import type { HubOptions } from "./model-hub.ts";
import { makePlan, makeRange } from "./model-plan.ts";

export type Happening =
  | {
      readonly kind: "job";
      readonly arch: "x64" | "arm64" | "any" | "riscv";
      readonly minutes: number;
      readonly count: number;
    }
  | { readonly kind: "crash" | "come-back" | "lose-memory"; readonly host: number }
  | { readonly kind: "clock"; readonly host: number; readonly seconds: number }
  | { readonly kind: "mint-deaf"; readonly host: number; readonly seconds: number }
  | {
      readonly kind: "kill" | "hang" | "admin-delete" | "drain" | "undrain" | "let-loose";
      readonly slot: number;
    };

export interface HistoryStep {
  /** Seconds until the passes of this step. */
  readonly seconds: number;
  readonly happening: Happening | null;
  /** Jobs that come at the worst moment: when the watchdog lays hands on a runner. */
  readonly sneaks: number;
  /** By host. */
  readonly faults: readonly Fault[];
  readonly dies: { readonly host: number; readonly at: number } | null;
}

export interface History {
  readonly fleet: number;
  /** Slots beyond those that always run, up when it begins. */
  readonly warm: number;
  readonly hub: HubOptions;
  readonly host: HostOptions;
  readonly steps: readonly HistoryStep[];
}

/** Short, so that slots come and go within a history. */
const IDLE = 60_000;

/** Planned once: planning is not what is tested. */
const FLEETS: readonly Plan[] = [
  makePlan({ ash: "x64", oak: "x64", yew: "arm64" }, [makePool("ci", { runners: makeRange(1, 4, 2, IDLE) })]),
  makePlan({ ash: "x64", oak: "x64" }, [
    makePool("ci", { runners: makeRange(0, 3, null, IDLE), labels: ["quick"] }),
    makePool("old", { lifetime: "persistent", runners: { kind: "fixed", perHost: 1 } }),
  ]),
  makePlan({ ash: "x64" }, [
    makePool("ci", { runners: makeRange(0, 4, null, IDLE) }),
    makePool("keep", { lifetime: "persistent", runners: makeRange(1, 3, null, IDLE) }),
  ]),
];

const seconds = (min: number, max: number) => fc.integer({ min, max }).map((value) => value * 1000);
const host = fc.integer({ min: 0, max: 2 });
const slot = fc.integer({ min: 0, max: 6 });

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("job" as const),
      arch: fc.constantFrom("x64", "arm64", "any", "riscv"),
      minutes: fc.integer({ min: 1, max: 20 }),
      count: fc.integer({ min: 1, max: 5 }),
    }),
  },
  fc.record({ kind: fc.constantFrom("crash", "come-back", "lose-memory"), host }),
  fc.record({ kind: fc.constant("clock" as const), host, seconds: fc.integer({ min: -900, max: 900 }) }),
  fc.record({ kind: fc.constant("mint-deaf" as const), host, seconds: fc.integer({ min: 10, max: 400 }) }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("kill", "hang", "admin-delete", "drain", "undrain", "let-loose"),
      slot,
    }),
  },
);

const fault = fc.oneof({ weight: 3, arbitrary: fc.constant("none" as const) }, fc.constantFrom(...FAULTS));

const step: fc.Arbitrary<HistoryStep> = fc.record({
  seconds: fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 5, max: 30 }) },
    { weight: 2, arbitrary: fc.integer({ min: 30, max: 90 }) },
    { weight: 1, arbitrary: fc.integer({ min: 90, max: 240 }) },
  ),
  sneaks: fc.constantFrom(0, 0, 1, 2),
  happening: fc.option(happening, { freq: 2 }),
  faults: fc.array(fault, { minLength: 3, maxLength: 3 }),
  dies: fc.option(fc.record({ host, at: fc.integer({ min: 0, max: 30 }) }), { freq: 4 }),
});

export const history: fc.Arbitrary<History> = fc.record({
  fleet: fc.integer({ min: 0, max: FLEETS.length - 1 }),
  warm: fc.integer({ min: 0, max: 4 }),
  hub: fc.record({
    lag: fc.oneof(fc.constant(0), seconds(1, 90)),
    busyLie: fc.constantFrom(0, 60_000, 720_000),
    gap: fc.oneof(seconds(0, 55), fc.constantFrom(30_000, 50_000, 58_000)),
    deletesDispatched: fc.boolean(),
  }),
  host: fc.record({
    startMs: seconds(1, 90),
    endsWhenGone: fc.boolean(),
    mintDeafUntil: fc.constant(0),
  }),
  steps: fc.array(step, { minLength: 1, maxLength: 22 }),
});

const MINUTE = 60_000;
const LABELS: Readonly<Record<string, readonly string[]>> = {
  x64: ["self-hosted", "x64"],
  arm64: ["self-hosted", "arm64"],
  any: ["self-hosted", "linux"],
  riscv: ["self-hosted", "riscv64"],
};

/** Lives a history, lets the world come to rest, and says which laws were broken. */
export async function live({
  fleet: number,
  warm,
  hub,
  host: options,
  steps,
}: History): Promise<readonly string[]> {
  const plan = FLEETS[number] as Plan;
  const fleet = new ModelFleet(plan, hub, options);
  const hosts = [...fleet.hosts.values()];
  warmUp(fleet, warm);
  for (const { seconds: pause, happening: event, sneaks, faults, dies } of steps) {
    if (event !== null) happen(fleet, hosts, event);
    fleet.sneaks = sneaks;
    fleet.advance(pause * 1000);
    for (const [at, each] of hosts.entries()) {
      const diesAt = dies?.host === at ? dies.at : null;
      await fleet.pass(each.host.name, { fault: faults[at] ?? "none", diesAt });
    }
    if (fleet.broken.length > 0) return fleet.broken;
  }
  const unserved = await comeToRest(fleet, hosts);
  if (unserved.length > 0) return unserved;
  return fleet.broken.length > 0 ? fleet.broken : findUnrest(fleet, hosts);
}

/** As if a queue had just been worked off. */
function warmUp(fleet: ModelFleet, count: number): void {
  let left = count;
  for (const at of fleet.hosts.values()) {
    for (const { pool, slots } of at.host.placements) {
      const { name, scaling } = fleet.plan.pools.find((each) => each.name === pool) ?? {};
      if (name === undefined || scaling == null) continue;
      for (const slot of slots.filter(({ always }) => !always)) {
        const up = fleet
          .slots()
          .filter(({ unit, placement }) => placement.pool === name && unit !== "inactive");
        const here = up.filter(({ slot: each }) => at.slots.has(each.name));
        if (left <= 0 || up.length >= scaling.max || here.length >= fleet.shareOf(name, at)) continue;
        left -= 1;
        at.start(fleet.slot(slot.name));
      }
    }
  }
}

function happen(fleet: ModelFleet, hosts: readonly ModelHost[], event: Happening): void {
  const { hub } = fleet;
  if (event.kind === "job") {
    const labels = LABELS[event.arch] as readonly string[];
    for (let each = 0; each < event.count; each++) hub.addJob(labels, event.minutes * MINUTE);
    return;
  }
  if ("slot" in event) {
    const slots = fleet.slots();
    const one = slots[event.slot % slots.length];
    const at = hosts.find((each) => each.slots.has(one?.slot.name ?? ""));
    if (one === undefined || at === undefined || !at.isUp) return;
    const runner = one.runner === null ? undefined : hub.runners.get(one.runner);
    if (event.kind === "kill") at.kill(one);
    else if (event.kind === "hang" && one.listener && one.worker === null && runner?.job === null) {
      one.hung = true;
      hub.connect(runner.id, false);
    } else if (event.kind === "admin-delete" && runner !== undefined) hub.delete(runner.id);
    else if (event.kind === "let-loose" && one.holder === "watchdog") {
      // Somebody takes the watchdog's mark away, and the runner ends: systemd starts it anew.
      one.holder = null;
      at.kill(one);
    } else if (event.kind === "drain") one.holder ??= "hand";
    else if (event.kind === "undrain" && one.holder === "hand") {
      one.holder = null;
      if (one.slot.always) at.start(one);
    }
    return;
  }
  const at = hosts[event.host % hosts.length];
  if (at === undefined) return;
  if (event.kind === "crash") at.crash();
  else if (event.kind === "come-back") at.comeBack();
  else if (event.kind === "lose-memory") fleet.memories.delete(at.host.name);
  else if (event.kind === "clock") at.skew += event.seconds * 1000;
  else if (event.kind === "mint-deaf") {
    at.options = { ...at.options, mintDeafUntil: hub.now + event.seconds * 1000 };
  }
}

/** The deputy comes back in the end: without it, ghosts of gone hosts are nobody's. */
async function comeToRest(fleet: ModelFleet, hosts: readonly ModelHost[]): Promise<readonly string[]> {
  hosts[0]?.comeBack();
  for (const pause of [20, 40, 70, 20, 60, 20, 90]) {
    fleet.sneaks = 2;
    await passAll(fleet, hosts, pause * 1000);
  }
  fleet.sneaks = 0;
  for (let passes = 0; passes < 200 && listUnserved(fleet, hosts).length > 0; passes++) {
    await passAll(fleet, hosts, 2 * MINUTE);
  }
  const unserved = listUnserved(fleet, hosts).map(({ id, state }) => `job ${id} is ${state} for ever`);
  // What nobody here will run is cancelled by somebody, or by GitHub after a day.
  for (const job of fleet.hub.jobs.values()) if (job.state === "queued") job.state = "lost";
  for (let passes = 0; passes < 60; passes++) if ((await passAll(fleet, hosts, MINUTE)) && passes > 3) break;
  return unserved;
}

async function passAll(fleet: ModelFleet, hosts: readonly ModelHost[], pause: number): Promise<boolean> {
  fleet.advance(pause);
  let isRest = ![...fleet.hub.jobs.values()].some(
    ({ state }) => state === "running" || state === "dispatched",
  );
  for (const at of hosts) {
    const passed = await fleet.pass(at.host.name, { fault: "none", diesAt: null });
    isRest &&= passed === null || isAtRest(passed);
  }
  return isRest;
}

/** Jobs that the hosts which are up could run, and that did not come to an end. */
function listUnserved(fleet: ModelFleet, hosts: readonly ModelHost[]) {
  const up = hosts.filter(({ isUp }) => isUp);
  const able = new Set(up.flatMap((at) => at.host.placements.flatMap(({ labels }) => labels)));
  const isDrained = fleet.slots().some(({ holder }) => holder === "hand");
  return [...fleet.hub.jobs.values()].filter(({ state, labels }) => {
    if (state === "done" || state === "lost") return false;
    return state !== "queued" || (!isDrained && labels.every((label) => able.has(label)));
  });
}

/** Nothing is done, and nothing waits for its time. */
function isAtRest({ decided }: PassRecord): boolean {
  return decided.decisions.every(({ verdict }) => verdict === "leave");
}

async function findUnrest(fleet: ModelFleet, hosts: readonly ModelHost[]): Promise<readonly string[]> {
  const broken: string[] = [];
  const kept = new Set(fleet.slots().flatMap(({ runner, identity }) => [runner, identity]));
  for (const { id, name } of fleet.hub.existing())
    if (!kept.has(id)) broken.push(`ghost ${name} (${id}) is left`);
  for (const at of hosts.filter(({ isUp }) => isUp)) {
    const record = await fleet.pass(at.host.name, { fault: "none", diesAt: null });
    if (record === null) continue;
    const tell = (text: string) => broken.push(`${text}; ${describe(record)}`);
    for (const change of listChanges(record)) tell(`a pass at rest would do: ${change}`);
    for (const one of at.slots.values()) {
      if (one.holder === "watchdog") tell(`${one.slot.name} is held back for ever`);
      const isServing =
        one.listener && one.runner !== null && fleet.hub.runners.get(one.runner)?.online === true;
      if (one.slot.always && one.holder === null && !isServing) tell(`${one.slot.name} should run`);
      if (!one.slot.always && one.unit !== "inactive") tell(`${one.slot.name} should be down`);
      if (one.holder === "hand" && one.unit !== "inactive") tell(`${one.slot.name} is drained and runs`);
    }
  }
  return broken;
}

function describe({ decided }: PassRecord): string {
  return decided.decisions
    .map(
      ({ subject, verdict, reason, evidence }) =>
        `${subject.slot}: ${verdict} ${reason} (${evidence.join("; ")})`,
    )
    .join(" | ");
}
