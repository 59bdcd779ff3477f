// The model fleet: one GitHub, several hosts, a watchdog on each that runs the real observe, decide and act over
// ports which lie, fail and die as they are told. Every law that can be broken at an instant is checked at that
// instant. In: a plan, what happens. Out: the laws that were broken.

import { WorldError } from "../../src/base/world-error.ts";
import { listOwnedSlots, type OwnedSlots } from "../../src/model/ownership.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { Decided, Memory, Outcome } from "../../src/model/watchdog.ts";
import { readMemory, writeMemory } from "../../src/model/watchdog-memory.ts";
import { act } from "../../src/watchdog/act.ts";
import { decide, keyOf } from "../../src/watchdog/decide.ts";
import { observe } from "../../src/watchdog/observe.ts";
import { shareOf } from "../../src/watchdog/share.ts";
import type { ActPorts, ObservePorts } from "../../src/watchdog/watch-ports.ts";
import { chooseWindows, type Windows } from "../../src/watchdog/windows.ts";
import { type Fault, openModelDemand, openModelScope } from "./model-api.ts";
import { type HostOptions, ModelHost, type ModelSlot } from "./model-host.ts";
import { Hub, type HubOptions } from "./model-hub.ts";

export interface PassOptions {
  readonly fault: Fault;
  /** The process dies at this step of act; null: it does not. */
  readonly diesAt: number | null;
}

/** The process was killed. */
export class Killed extends Error {}

export interface PassRecord {
  readonly host: string;
  readonly decided: Decided;
  readonly outcomes: readonly Outcome[];
  readonly requests: number;
}

const MINUTE = 60_000;

/** Short, so that a history reaches what takes a day in life. */
export function shortWindows(plan: Plan): Windows {
  return {
    ...chooseWindows(plan),
    offline: 3 * MINUTE,
    offlineConnecting: 5 * MINUTE,
    gone: 8 * MINUTE,
    staleSign: 4 * MINUTE,
    start: 2 * MINUTE,
  };
}

export class ModelFleet {
  readonly plan: Plan;
  readonly hub: Hub;
  readonly hosts: ReadonlyMap<string, ModelHost>;
  readonly windows: Windows;
  readonly broken: string[] = [];
  readonly memories = new Map<string, string>();
  /** Jobs that wait for the watchdog to lay hands on a runner. */
  sneaks = 0;
  private readonly lies = new Map<string, number>();
  private readonly owned: OwnedSlots;

  constructor(plan: Plan, hub: HubOptions, host: HostOptions) {
    this.plan = plan;
    this.hub = new Hub(hub);
    this.hosts = new Map(plan.hosts.map((each) => [each.name, new ModelHost(each, this.hub, host)]));
    this.windows = shortWindows(plan);
    this.owned = listOwnedSlots(plan);
  }

  advance(milliseconds: number): void {
    const end = this.hub.now + milliseconds;
    while (this.hub.now < end) {
      this.hub.now = Math.min(end, this.hub.now + 5000);
      for (const host of this.hosts.values()) host.tick();
      this.hub.tick((runner, job) => [...this.hosts.values()].some((host) => host.takes(runner, job)));
      this.hub.expire((job) => this.slots().some(({ worker }) => worker === job));
    }
    this.checkMax();
  }

  slots(): readonly ModelSlot[] {
    return [...this.hosts.values()].flatMap((host) => [...host.slots.values()]);
  }

  slot(name: string): ModelSlot {
    const found = this.slots().find(({ slot }) => slot.name === name);
    if (found === undefined) throw new Error(`no slot ${name}`);
    return found;
  }

  shareOf(pool: string, { host }: ModelHost): number {
    const planned = this.plan.pools.find(({ name }) => name === pool);
    return planned === undefined ? 0 : shareOf(this.plan, planned, host.name);
  }

  private checkMax(): void {
    for (const { name, scaling } of this.plan.pools) {
      if (scaling === null) continue;
      const up = this.slots().filter(
        ({ unit, placement }) => unit !== "inactive" && placement.pool === name,
      ).length;
      if (up > scaling.max) this.broken.push(`${up} of ${name} are up, and max is ${scaling.max}`);
    }
  }

  /** null: the host is down, or its watchdog was killed. */
  async pass(name: string, options: PassOptions): Promise<PassRecord | null> {
    const at = this.hosts.get(name);
    if (at === undefined || !at.isUp) return null;
    const memory = readMemory(this.memories.get(name) ?? null);
    const fault = this.tameLies(name, options.fault);
    const calls = { count: 0 };
    const observation = await observe(
      { plan: this.plan, host: at.host, memory, windows: this.windows },
      this.observePorts(at, fault, calls),
    );
    const inputs = { plan: this.plan, host: at.host, observation, memory, windows: this.windows };
    const decided = decide(inputs);
    const { changes, ports } = this.actPorts(at, { ...options, fault }, calls, memory);
    try {
      const { decisions, memory: next } = decided;
      const acted = await act(
        { host: name, decisions, memory: next, owned: this.owned, windows: this.windows },
        ports,
      );
      this.checkAudit(changes, acted.outcomes);
      return { host: name, decided, outcomes: acted.outcomes, requests: calls.count };
    } catch (error) {
      if (error instanceof Killed) return null;
      throw error;
    }
  }

  /** "Not found" is a lie for two passes in a row at most: nobody could tell a longer one from the truth. */
  private tameLies(name: string, fault: Fault): Fault {
    const lies = fault === "gone-lie" ? (this.lies.get(name) ?? 0) + 1 : 0;
    this.lies.set(name, lies);
    return lies > 2 ? "none" : fault;
  }

  /** Each change is one that a decision with evidence explains. */
  private checkAudit(changes: readonly string[], outcomes: readonly Outcome[]): void {
    const explained = new Set(
      outcomes
        .filter(({ decision }) => decision.evidence.length > 0)
        .map(({ decision }) => decision.subject.slot),
    );
    for (const change of changes) {
      const slot = change.split(" ")[1] ?? "";
      if (!explained.has(slot)) this.broken.push(`nothing explains: ${change}`);
    }
    const removals = changes.filter((change) => change.startsWith("delete ")).length;
    const limit = this.plan.watchdog.removalsPerPass;
    if (removals > limit) this.broken.push(`${removals} removals in a pass, and the budget is ${limit}`);
  }

  private observePorts(at: ModelHost, fault: Fault, calls: { count: number }): ObservePorts {
    return {
      time: () => this.timeOf(at),
      look: async () => ({
        slots: [...at.slots.values()].map((one) =>
          at.look(one, fault === "engine-down", fault === "worker-hidden"),
        ),
        foreign: { known: true, value: [] },
        disks: [],
        unfinished: [],
        guestUnits: [],
        waitsForReboot: false,
      }),
      scopes: [{ target: "default", api: openModelScope(this.worldOf(calls), fault, () => {}) }],
      closed: [],
      demand: new Map([["default", openModelDemand(this.worldOf(calls), fault)]]),
      within: async (work) => work,
    };
  }

  private worldOf(calls: { count: number }) {
    return {
      ...{ hub: this.hub, calls },
      advance: (milliseconds: number) => this.advance(milliseconds),
      sneak: (id: number) => this.sneak(id),
    };
  }

  private timeOf(at: ModelHost) {
    const monotonic = this.hub.now - at.bootedAt;
    return { wall: this.hub.now + at.skew, monotonic, boot: `boot-${at.boot}` };
  }

  private actPorts(
    at: ModelHost,
    { fault, diesAt }: PassOptions,
    calls: { count: number },
    before: Memory | null,
  ) {
    const changes: string[] = [];
    let step = 0;
    const pass = (): void => {
      if (step++ === diesAt) throw new Killed();
    };
    const one = (name: string): ModelSlot => this.slot(name);
    /** Each step takes a moment, in which the world goes on. */
    const doing = async (change: string, work: () => void): Promise<void> => {
      pass();
      this.sneakInto(change);
      this.advance(1000);
      changes.push(change);
      work();
      pass();
    };
    const ports: ActPorts = {
      time: () => this.timeOf(at),
      lookAt: async (name) => at.look(one(name), fault === "engine-down", fault === "worker-hidden"),
      scope: () => openModelScope(this.worldOf(calls), fault, (id) => this.noteDeletion(id, before, changes)),
      start: (name) => doing(`start ${name}`, () => at.start(one(name))),
      stop: (name) => doing(`stop ${name}`, () => this.stop(at, one(name), before)),
      hold: (name) =>
        doing(`hold ${name}`, () => {
          one(name).holder ??= "watchdog";
        }),
      letGo: (name) =>
        doing(`let-go ${name}`, () => {
          if (one(name).holder === "watchdog") one(name).holder = null;
        }),
      assign: async () => {},
      admit: async () => {},
      rest: async () => undefined,
      stopping: () => null,
      forget: (name) =>
        doing(`forget ${name}`, () => {
          one(name).identity = null;
        }),
      save: async (memory) => {
        if (fault === "disk-full") throw new WorldError("write watchdog.json", "no space left");
        pass();
        this.memories.set(at.host.name, writeMemory(memory));
        pass();
      },
      pass,
    };
    return { changes, ports };
  }

  private sneakInto(change: string): void {
    const [what, name] = change.split(" ");
    if ((what !== "hold" && what !== "stop") || name === undefined) return;
    const { runner } = this.slot(name);
    if (runner !== null) this.sneak(runner);
  }

  private sneak(runner: number): void {
    if (this.sneaks === 0) return;
    this.sneaks -= 1;
    this.hub.sneak(runner);
  }

  private stop(at: ModelHost, one: ModelSlot, before: Memory | null): void {
    const { name } = one.slot;
    const job = one.worker ?? [...this.hub.jobs.values()].find((each) => isOnItsWay(each, one));
    if (job !== undefined && job !== null)
      this.broken.push(`${name} was stopped with job ${job.id} (${job.state})`);
    const wasMarked =
      before?.retiring[name] !== undefined ||
      Object.keys(before?.marks ?? {}).some((key) => key.startsWith(`${name} `));
    if (!wasMarked) this.broken.push(`${name} was stopped without an earlier pass that marked it`);
    at.stop(one);
  }

  private noteDeletion(id: number, before: Memory | null, changes: string[]): void {
    const runner = this.hub.runners.get(id);
    const slot = runner === undefined ? "" : runner.ephemeral ? runner.name.slice(0, -8) : runner.name;
    changes.push(`delete ${slot} ${id}`);
    const marked = Object.values(before?.marks ?? {}).some(({ of }) => of === String(id));
    const retiring = Object.values(before?.retiring ?? {}).some(
      ({ registration }) => registration?.id === id,
    );
    const held = this.slots().some((one) => one.slot.name === slot && one.holder === "watchdog");
    if (!marked && !retiring && !held)
      this.broken.push(`registration ${id} was deleted without an earlier mark`);
  }
}

function isOnItsWay(job: { state: string; runner: number | null }, one: ModelSlot): boolean {
  return job.state === "dispatched" && job.runner === one.runner && one.runner !== null;
}

/** What a pass would still change. */
export function listChanges({ decided }: PassRecord): readonly string[] {
  return decided.decisions.flatMap(({ action, subject, reason }) =>
    action === null ? [] : [`${reason} ${action.kind} ${keyOf(subject)}`],
  );
}
