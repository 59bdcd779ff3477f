// A model of one host: slots with their units, listeners, workers and small files, as systemd, mint and the runner
// keep them. It dies and comes back; its watchdog is elsewhere. In: what happens. Out: what can be seen of it.

import {
  type Holder,
  type ObservedContainer,
  type ObservedUnit,
  seen,
  unseen,
} from "../../src/model/host-observation.ts";
import type { KeptName } from "../../src/model/mint-journal.ts";
import type { Placement, PlannedHost, PlannedSlot } from "../../src/model/plan.ts";
import type { RunnerIdentity } from "../../src/model/runner-identity.ts";
import type { WatchedSlot } from "../../src/model/watchdog.ts";
import type { Hub, HubJob, HubRunner } from "./model-hub.ts";

export const SCOPE = "https://github.com/acme";

export interface ModelSlot {
  readonly slot: PlannedSlot;
  readonly placement: Placement;
  unit: "inactive" | "activating" | "active";
  /** mint is done then, unless GitHub does not answer. */
  readyAt: number;
  connectAt: number;
  listener: boolean;
  hung: boolean;
  runner: number | null;
  worker: HubJob | null;
  workerSince: number;
  marker: boolean;
  names: KeptName[];
  identity: number | null;
  holder: Holder | null;
}

export interface HostOptions {
  readonly startMs: number;
  /** A listener whose registration is gone ends by itself (2.336 and later), or polls for ever. */
  readonly endsWhenGone: boolean;
  /** GitHub does not answer mint until then. */
  readonly mintDeafUntil: number;
}

export class ModelHost {
  readonly host: PlannedHost;
  readonly slots: ReadonlyMap<string, ModelSlot>;
  private readonly hub: Hub;
  options: HostOptions;
  isUp = true;
  boot = 1;
  bootedAt: number;
  /** Wall clock against the hub's. */
  skew = 0;
  private suffix = 0;

  constructor(host: PlannedHost, hub: Hub, options: HostOptions) {
    this.host = host;
    this.hub = hub;
    this.options = options;
    // It has run for long: what a reboot resets is not small by chance.
    this.bootedAt = hub.now - 10 * 3_600_000;
    this.slots = new Map(
      host.placements.flatMap((placement) =>
        placement.slots.map((slot) => [slot.name, makeSlot(slot, placement)] as const),
      ),
    );
    this.startAlways();
  }

  private startAlways(): void {
    for (const one of this.slots.values()) if (one.slot.always) this.start(one);
  }

  start(one: ModelSlot): void {
    if (!this.isUp || one.unit !== "inactive" || one.holder !== null) return;
    one.unit = "activating";
    one.readyAt = this.hub.now + this.options.startMs;
  }

  /** An ordered stop; what GitHub knows stays. */
  stop(one: ModelSlot): void {
    this.end(one);
    one.unit = "inactive";
  }

  private end(one: ModelSlot): void {
    if (one.runner !== null) this.hub.connect(one.runner, false);
    Object.assign(one, { listener: false, hung: false, runner: null, worker: null, marker: false });
  }

  /** The runner ended by itself: systemd starts it again unless it is held back. */
  private restart(one: ModelSlot): void {
    this.end(one);
    one.unit = "inactive";
    this.start(one);
  }

  kill(one: ModelSlot): void {
    if (one.unit === "active") this.restart(one);
  }

  crash(): void {
    for (const one of this.slots.values()) this.stop(one);
    this.isUp = false;
  }

  comeBack(): void {
    if (this.isUp) return;
    this.isUp = true;
    this.boot += 1;
    this.bootedAt = this.hub.now;
    this.startAlways();
  }

  takes(runner: HubRunner, job: HubJob): boolean {
    if (!this.isUp) return false;
    for (const one of this.slots.values()) {
      if (one.runner !== runner.id || !one.listener || one.worker !== null) continue;
      one.worker = job;
      one.workerSince = this.hub.now;
      return true;
    }
    return false;
  }

  tick(): void {
    if (!this.isUp) return;
    for (const one of this.slots.values()) this.tickSlot(one);
  }

  private tickSlot(one: ModelSlot): void {
    const { now } = this.hub;
    if (one.unit === "activating" && now >= one.readyAt) this.mint(one);
    if (one.unit !== "active" || one.runner === null) return;
    const runner = this.hub.runners.get(one.runner);
    if (one.worker !== null) {
      one.marker ||= now - one.workerSince >= 3000;
      if (now - one.worker.at < one.worker.duration) return;
      this.hub.finish(one.worker);
      Object.assign(one, { worker: null, marker: false });
      if (one.placement.lifetime === "ephemeral") this.restart(one);
      return;
    }
    if (runner?.exists !== true) {
      if (this.options.endsWhenGone && now >= one.connectAt) {
        if (one.placement.lifetime === "persistent") one.identity = null;
        this.restart(one);
      }
    } else if (!one.hung && now >= one.connectAt) this.hub.connect(one.runner, true);
  }

  /** What `mint --prepare` and the entrypoint do, with their back-off made simple. */
  private mint(one: ModelSlot): void {
    const { now } = this.hub;
    if (one.holder !== null) {
      one.unit = "inactive";
      return;
    }
    if (now < this.options.mintDeafUntil) {
      one.readyAt = now + 30_000;
      return;
    }
    const isEphemeral = one.placement.lifetime === "ephemeral";
    if (isEphemeral) one.names = one.names.filter(({ id }) => id !== null && this.hub.delete(id) === "busy");
    let number = isEphemeral ? null : one.identity;
    if (number === null) {
      this.suffix += 1;
      const name = isEphemeral ? `${one.slot.name}-${String(this.suffix).padStart(7, "0")}` : one.slot.name;
      const runner = this.hub.register(name, one.placement.labels, isEphemeral);
      if (runner === "taken") {
        one.readyAt = now + 30_000;
        return;
      }
      number = runner.id;
      if (isEphemeral) one.names.push({ name, url: SCOPE, id: number, at: now });
      else one.identity = number;
    }
    Object.assign(one, { unit: "active", listener: true, runner: number, connectAt: now + 3000 });
  }

  look(one: ModelSlot, isEngineDown: boolean, hidesWorkers: boolean): WatchedSlot {
    const { name } = one.slot;
    const blind = unseen("the engine does not answer");
    const processes = [
      ...(one.listener ? [makeProcess("listener", name)] : []),
      ...(one.worker !== null && !(hidesWorkers && one.marker) ? [makeProcess("worker", name)] : []),
    ];
    return {
      slot: name,
      unit: seen({ ...UNIT, name, active: one.unit }),
      mintUnit: seen(null),
      container: isEngineDown ? blind : seen(one.unit === "active" ? { ...CONTAINER, name } : null),
      processes: isEngineDown ? blind : seen(processes),
      drained: seen(one.holder !== null),
      holder: seen(one.holder),
      assigned: seen(null),
      mint: seen(null),
      job: seen(one.marker ? MARKER : null),
      lastExit: seen(null),
      identity: seen(readModelIdentity(one)),
      log: seen({ last: null, trouble: null, inJob: false }),
      names: seen([...one.names]),
      outdated: seen(false),
    };
  }
}

function makeSlot(slot: PlannedSlot, placement: Placement): ModelSlot {
  return {
    ...{ slot, placement, unit: "inactive", readyAt: 0, connectAt: 0, listener: false, hung: false },
    ...{ runner: null, worker: null, workerSince: 0, marker: false, names: [], identity: null, holder: null },
  };
}

function readModelIdentity({ identity, slot, placement }: ModelSlot): RunnerIdentity {
  if (placement.lifetime === "ephemeral" || identity === null) return { kind: "none" };
  return { kind: "whole", agentId: identity, agentName: slot.name, gitHubUrl: SCOPE, ephemeral: false };
}

function makeProcess(kind: "listener" | "worker", slot: string) {
  const owner = { kind: "container", id: slot } as const;
  return { pid: 1, kind, uid: 1001, owner, folder: null };
}

const MARKER = {
  repository: "acme/app",
  runId: "1",
  runAttempt: "1",
  workflow: "CI",
  job: "build",
  startedAt: null,
};

export const UNIT: ObservedUnit = {
  name: "",
  load: "loaded",
  active: "active",
  sub: "running",
  result: "success",
  enabled: null,
  needReload: false,
  mainPid: 1,
  since: null,
  restarts: 0,
  exitStatus: null,
  fragment: null,
  dropIns: [],
  killMode: null,
};

export const CONTAINER: ObservedContainer = {
  id: "0",
  name: "",
  running: true,
  status: "running",
  exitCode: null,
  pid: 1,
  startedAt: null,
  image: "",
  labels: {},
};
