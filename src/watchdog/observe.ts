// One look at everything. Sources are asked side by side, each with a deadline; what does not answer is unknown with
// why. In: plan, ports, memory. Out: an observation. Nothing is changed.

import type { SeenGuestUnit } from "../model/guest-units.ts";
import { unseen } from "../model/host-observation.ts";
import { listOwnedSlots } from "../model/ownership.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import type { Memory, Observation, ScopeTrouble, SeenRegistration, WatchedSlot } from "../model/watchdog.ts";
import { askDemand } from "./ask-demand.ts";
import { askScope, type ScopeAnswer } from "./ask-scope.ts";
import { askVersions } from "./ask-versions.ts";
import { Meter } from "./meter.ts";
import type { HostLook, ObservePorts, WatchedScope } from "./watch-ports.ts";
import { chooseWindows, type Windows } from "./windows.ts";

export interface ObserveInputs {
  readonly plan: Plan;
  readonly host: PlannedHost;
  readonly memory: Memory | null;
  readonly windows?: Windows;
  /** Why GitHub is not asked in this pass; null: it is. */
  readonly silence?: string | null;
}

const LOOK_MS = 45_000;
const GITHUB_MS = 120_000;

export async function observe(inputs: ObserveInputs, ports: ObservePorts): Promise<Observation> {
  const { plan, host, memory } = inputs;
  const silence = inputs.silence ?? null;
  const windows = inputs.windows ?? chooseWindows(plan);
  const meter = new Meter();
  const looking = ports.within(ports.look(), LOOK_MS);
  const demanding = askDemand(plan, ports, meter, { deadlineMs: GITHUB_MS, silence });
  const versioning = silence === null ? askVersions(plan, ports, meter, GITHUB_MS) : new Map();
  const looked = await looking;
  const look = looked === "late" ? lookBlind(host, `no answer within ${LOOK_MS / 1000} s`) : looked;
  const owned = listOwnedSlots(plan);
  const request = { plan, host, memory, windows, owned, slots: look.slots, now: ports.time().monotonic };
  const answers = await Promise.all(
    ports.scopes.map(async (scope) => {
      if (silence !== null) return silentScope(scope, silence);
      const answer = await ports.within(askScope(scope, request, meter), GITHUB_MS);
      return answer === "late" ? lateScope(scope.target, scope.api.url) : answer;
    }),
  );
  const [demand, versionEnds] = await Promise.all([demanding, versioning]);
  const closed = ports.closed.map(
    ({ target, url, kind, why }): ScopeTrouble => ({ target, scope: url, kind, why }),
  );
  return {
    host: host.name,
    time: ports.time(),
    clockOffset: meter.clockOffset,
    slots: look.slots,
    registrations: answers.flatMap(({ registrations }): readonly SeenRegistration[] => registrations),
    troubles: [...closed, ...answers.flatMap(({ trouble }) => trouble ?? [])],
    demand,
    listed: new Map(answers.flatMap(({ url, total }) => (total === null ? [] : [[url, total] as const]))),
    versionEnds,
    disks: look.disks,
    foreign: look.foreign,
    unfinished: look.unfinished,
    guestUnits: look.guestUnits,
    waitsForReboot: look.waitsForReboot,
    requestsLeft: meter.left,
    requestsSent: meter.sent,
    requestsCounted: meter.counted,
  };
}

function silentScope({ target, api }: WatchedScope, why: string): ScopeAnswer {
  const trouble = { target, scope: api.url, kind: "limited", why } as const;
  return { url: api.url, registrations: [], trouble, total: null };
}

function lateScope(target: string, url: string): ScopeAnswer {
  const trouble = {
    target,
    scope: url,
    kind: "unknown",
    why: `no answer within ${GITHUB_MS / 1000} s`,
  } as const;
  return { url, registrations: [], trouble, total: null };
}

/** Every slot is there, and nothing of it is known. */
function lookBlind(host: PlannedHost, why: string): HostLook {
  const blind = unseen(why);
  const slots = host.placements.flatMap(({ slots: each }) =>
    each.map(
      ({ name: slot }): WatchedSlot => ({
        slot,
        unit: blind,
        mintUnit: blind,
        container: blind,
        processes: blind,
        drained: blind,
        assigned: blind,
        mint: blind,
        job: blind,
        lastExit: blind,
        identity: blind,
        holder: blind,
        log: blind,
        names: blind,
        outdated: blind,
      }),
    ),
  );
  const guestUnits = (host.kvm?.guests ?? []).map(
    ({ name, lifetime }): SeenGuestUnit => ({
      ...{ name, unit: blind, hasDisk: blind, hasSeed: blind, isCurrent: blind },
      isSetUp: lifetime === "ephemeral" ? blind : null,
    }),
  );
  return { slots, foreign: blind, disks: [], unfinished: [], guestUnits, waitsForReboot: false };
}
