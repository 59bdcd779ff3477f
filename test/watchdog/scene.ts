// A scene: what a host's watchdog sees in passes one after the other, written short in YAML, and what it decides, as
// text. What it decides is taken as done. In: a scene's text. Out: a page of decisions.

import { parse } from "yaml";
import { type Holder, seen, unseen } from "../../src/model/host-observation.ts";
import type { Plan, PlannedHost } from "../../src/model/plan.ts";
import type { LogClass } from "../../src/model/runner-log.ts";
import type { Action, Memory, Observation, SeenRegistration, WatchedSlot } from "../../src/model/watchdog.ts";
import { readMemory, writeMemory } from "../../src/model/watchdog-memory.ts";
import { decide, keyOf } from "../../src/watchdog/decide.ts";
import { CONTAINER, SCOPE, UNIT } from "./model-host.ts";
import { SCENE_PLANS } from "./scene-plans.ts";

interface SlotScene {
  readonly is?:
    | "idle"
    | "busy"
    | "stopped"
    | "failed"
    | "starting"
    | "stopping"
    | "hidden"
    | "absent"
    | "mute";
  readonly log?: LogClass;
  readonly marker?: boolean;
  readonly inJob?: boolean;
  readonly held?: Holder;
  readonly mint?: { readonly state: "ready" | "waiting" | "red" | "stopped"; readonly reason: string };
  readonly exit?: string;
  /** `apply` could not restart it. */
  readonly outdated?: boolean;
  readonly assigned?: string;
  /** Its registration as GitHub has it, see `readWord`; `none`: no record of ours names one. */
  readonly github?: string;
  /** Another registration than before. */
  readonly number?: number;
}

interface PassScene {
  /** Seconds since the first pass. */
  readonly at: number;
  /** The same again and again before it, from the pass before on, so many seconds apart; not shown. */
  readonly every?: number;
  readonly boot?: number;
  /** Seconds that the wall clock is off. */
  readonly skew?: number;
  readonly clockOffset?: number;
  readonly slots?: Readonly<Record<string, SlotScene>>;
  /** Registrations that are no slot's own: name, number, word. */
  readonly others?: readonly {
    readonly name: string;
    readonly id: number;
    readonly is: string;
    readonly recorded?: boolean;
  }[];
  readonly trouble?: {
    readonly kind: "refused" | "limited" | "unknown" | "incomplete";
    readonly why: string;
  };
  readonly jobs?:
    | readonly { readonly id: number; readonly labels: readonly string[]; readonly repository?: string }[]
    | string;
  readonly foreign?: number;
  readonly freeMiB?: number;
  readonly versionEnds?: string;
  readonly memory?: "lost";
  readonly unfinished?: Observation["unfinished"];
}

interface Scene {
  readonly why: string;
  readonly fleet?: string;
  readonly host?: string;
  readonly archFilter?: boolean;
  readonly passes: readonly PassScene[];
}

const START = Date.parse("2026-11-21T10:00:00Z");

export function playScene(text: string): string {
  const scene = parse(text) as Scene;
  const plan = SCENE_PLANS[scene.fleet ?? "small"]?.();
  const host = plan?.hosts.find(({ name }) => name === (scene.host ?? "forge"));
  if (plan === undefined || host === undefined) throw new Error("the scene names no known fleet and host");
  let memory: Memory | null = null;
  const lines = scene.why
    .trim()
    .split("\n")
    .map((line) => `# ${line}`);
  for (const pass of repeat(scene.passes)) {
    const observation = readPass(pass, plan, host);
    const before: Memory | null = pass.memory === "lost" ? null : memory;
    const decided = decide({ plan, host, observation, memory: before, archFilter: scene.archFilter ?? true });
    // By way of its file, as in life.
    memory = readMemory(writeMemory(pretendDone(decided, observation.time.monotonic)));
    if (pass.every !== undefined) {
      const acts = decided.decisions.filter(({ action }) => action !== null);
      if (acts.length > 0) throw new Error(`at ${pass.at} s something is done that the scene does not show`);
      continue;
    }
    lines.push("", `${String(pass.at).padStart(5)} s`);
    const quiet: string[] = [];
    for (const { subject, verdict, reason, evidence, action } of decided.decisions) {
      // What the scene does not speak of, and of which there is nothing to say.
      if (verdict === "leave" && !text.includes(`${subject.slot}:`) && subject.kind === "slot") {
        quiet.push(`${subject.slot} ${reason}`);
        continue;
      }
      const what = action === null ? "" : ` → ${describe(action)}`;
      lines.push(
        `  ${keyOf(subject).replace(` ${SCOPE}`, "")}: ${verdict} ${reason}${what}`,
        ...evidence.map((one) => `      ${one}`),
      );
    }
    if (quiet.length > 0) lines.push(`  beside: ${quiet.join(", ")}`);
    for (const { fact, text: said } of decided.notices) lines.push(`  ! ${fact}: ${said}`);
  }
  return `${lines.join("\n")}\n`;
}

function repeat(passes: readonly PassScene[]): readonly PassScene[] {
  return passes.flatMap(({ every, ...pass }, number) => {
    const all: PassScene[] = [];
    const from = passes[number - 1]?.at ?? 0;
    if (every !== undefined)
      for (let at = from + every; at < pass.at; at += every) all.push({ ...pass, at, every });
    return [...all, pass];
  });
}

function describe(action: Action): string {
  if (action.kind !== "start" || action.repository === null) return action.kind;
  return `start for ${action.repository}`;
}

function pretendDone({ decisions, memory }: ReturnType<typeof decide>, now: number): Memory {
  const retiring = { ...memory.retiring };
  const started = { ...memory.started };
  for (const { action } of decisions) {
    if (action?.kind === "retire")
      retiring[action.slot] = { ...action.retirement, phase: "grace", since: now };
    if (action?.kind === "stop" || action?.kind === "finish" || action?.kind === "let-go")
      delete retiring[action.slot];
    if (action?.kind === "start" || action?.kind === "admit") {
      started[action.slot] = { at: now, times: (started[action.slot]?.times ?? 0) + 1 };
    }
  }
  return { ...memory, retiring, started };
}

function readPass(pass: PassScene, plan: Plan, host: PlannedHost): Observation {
  const placed = host.placements.flatMap((placement) => placement.slots.map((slot) => ({ placement, slot })));
  const slots: WatchedSlot[] = [];
  const registrations: SeenRegistration[] = [];
  for (const [at, { placement, slot }] of placed.entries()) {
    const given = pass.slots?.[slot.name] ?? {};
    const scene: SlotScene = { is: slot.always ? "idle" : "stopped", ...given };
    const id = scene.number ?? 100 + at;
    const isPersistent = placement.lifetime === "persistent";
    const name = isPersistent ? slot.name : `${slot.name}-${String(id).padStart(7, "a")}`;
    const said = scene.github ?? (scene.is === "stopped" || scene.is === "failed" ? "none" : "online");
    const word = said === "none" ? null : said;
    const seenSlot = readSlot(scene, slot.name, isPersistent, word === null ? null : { id, name });
    slots.push(host.supervision === "compose" ? { ...seenSlot, unit: seen(null) } : seenSlot);
    if (word !== null) registrations.push(readWord(word, { id, name, recorded: true }));
  }
  for (const { name, id, is, recorded } of pass.others ?? []) {
    registrations.push(readWord(is, { id, name, recorded: recorded ?? false }));
    const own = slots.find(({ slot }) => recorded === true && name.startsWith(`${slot}-`));
    if (own?.names.known === true) {
      slots[slots.indexOf(own)] = {
        ...own,
        names: seen([{ name, url: SCOPE, id, at: 0 }, ...own.names.value]),
      };
    }
  }
  const { trouble, jobs, foreign, freeMiB, versionEnds, at } = pass;
  const target = plan.targets[0]?.name ?? "";
  return {
    host: host.name,
    time: {
      wall: START + (at + (pass.skew ?? 0)) * 1000,
      monotonic: 5_000_000 + at * 1000,
      boot: `boot-${pass.boot ?? 1}`,
    },
    clockOffset: (pass.clockOffset ?? 0) * 1000,
    slots,
    registrations,
    troubles: trouble === undefined ? [] : [{ target, scope: SCOPE, ...trouble }],
    demand: new Map([[target, typeof jobs === "string" ? unseen(jobs) : seen(readJobs(jobs ?? [], target))]]),
    listed: new Map(),
    versionEnds: new Map(versionEnds === undefined ? [] : [[target, seen(versionEnds)]]),
    disks:
      freeMiB === undefined
        ? []
        : [
            seen({
              path: "/var/lib/ci-fleet",
              freeBytes: freeMiB * 2 ** 20,
              totalBytes: 2 ** 40,
              freeInodes: null,
            }),
          ],
    foreign: seen(
      foreign === undefined
        ? []
        : [
            {
              pid: foreign,
              kind: "listener",
              uid: 1000,
              owner: { kind: "unknown" },
              folder: "/home/alice/actions-runner",
            },
          ],
    ),
    unfinished: pass.unfinished ?? [],
    guestUnits: [],
    waitsForReboot: false,
    requestsLeft: 5000,
    requestsSent: 0,
    requestsCounted: 0,
  };
}

function readJobs(jobs: Exclude<PassScene["jobs"], string | undefined>, target: string) {
  return {
    jobs: jobs.map(({ id, labels, repository }) => ({
      id,
      labels,
      target,
      repository: repository ?? "acme/app",
    })),
    running: [],
    complete: true,
  };
}

/** `online`, `busy`, `offline`, `offline busy`: by number; with `listed ` before it, by the list alone. */
function readWord(word: string, own: Pick<SeenRegistration, "id" | "name" | "recorded">): SeenRegistration {
  const base = { target: "default", scope: SCOPE, listed: null, ...own };
  if (word === "gone") return { ...base, asked: { kind: "gone" } };
  if (word === "not listed") return { ...base, asked: { kind: "not-asked" } };
  if (word.startsWith("unknown")) return { ...base, asked: { kind: "unknown", why: word.slice(9) } };
  const runner = {
    ...{ id: own.id, name: own.name, os: "linux", labels: [], ephemeral: null, version: null, groupId: 1 },
    online: !word.includes("offline"),
    busy: word.includes("busy"),
  };
  return word.startsWith("listed ")
    ? { ...base, listed: runner, asked: { kind: "not-asked" } }
    : { ...base, asked: { kind: "here", runner } };
}

const ACTIVE: Readonly<Record<string, string>> = {
  idle: "active",
  busy: "active",
  mute: "active",
  starting: "activating",
  stopping: "deactivating",
  failed: "failed",
};

function readSlot(
  scene: SlotScene,
  slot: string,
  isPersistent: boolean,
  own: { readonly id: number; readonly name: string } | null,
): WatchedSlot {
  const is = scene.is ?? "stopped";
  const blind = unseen("the Docker engine does not answer");
  const hidden = is === "hidden";
  const kinds =
    is === "busy" ? (["listener", "worker"] as const) : is === "idle" ? (["listener"] as const) : [];
  const owner = { kind: "container", id: "0" } as const;
  const runs = kinds.length > 0 || is === "mute";
  return {
    slot,
    unit: hidden
      ? seen({ ...UNIT, name: slot })
      : seen(is === "absent" ? null : { ...UNIT, name: slot, active: ACTIVE[is] ?? "inactive" }),
    mintUnit: seen(null),
    container: hidden ? blind : seen(runs ? { ...CONTAINER, name: slot } : null),
    processes: hidden ? blind : seen(kinds.map((kind) => ({ pid: 7, kind, uid: 1001, owner, folder: null }))),
    drained: seen(scene.held !== undefined),
    holder: seen(scene.held ?? null),
    assigned: seen(scene.assigned ?? null),
    mint: seen(
      scene.mint === undefined
        ? null
        : { ...scene.mint, message: scene.mint.reason, at: START, nextTryAt: null, failures: 1 },
    ),
    job: seen(
      scene.marker === true
        ? {
            repository: "acme/app",
            runId: "1",
            runAttempt: "1",
            workflow: "CI",
            job: "build",
            startedAt: START,
          }
        : null,
    ),
    lastExit: seen(
      scene.exit === undefined ? null : { class: scene.exit, code: 43, at: START, hadJob: false },
    ),
    identity: seen(
      isPersistent && own !== null
        ? { kind: "whole", agentId: own.id, agentName: slot, gitHubUrl: SCOPE, ephemeral: false }
        : { kind: "none" },
    ),
    log: seen({ last: scene.log ?? null, trouble: scene.log ?? null, inJob: scene.inJob ?? false }),
    outdated: seen(scene.outdated ?? false),
    names: seen(isPersistent || own === null ? [] : [{ name: own.name, url: SCOPE, id: own.id, at: START }]),
  };
}
