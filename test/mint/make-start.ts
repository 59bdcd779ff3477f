// A host and a GitHub in memory, on which the start of one slot is prepared again and again. In: what is different
// from an ephemeral container slot. Out: what is there, and ports on it that can be cut off at any call.

import { placeForSystem } from "../../src/apply/places.ts";
import { Secret } from "../../src/base/secret.ts";
import { registerAt } from "../../src/cli/mint/open-registrar.ts";
import { findSlot } from "../../src/mint/find-slot.ts";
import type { StartPorts } from "../../src/mint/start-ports.ts";
import {
  type GitHubAnswer,
  NO_META,
  type RunnerRecord,
  type RunnerScopeApi,
} from "../../src/model/github.ts";
import {
  EMPTY_JOURNAL,
  type MintJournal,
  readMintJournal,
  writeMintJournal,
} from "../../src/model/mint-journal.ts";
import { placesOf } from "../../src/model/names.ts";
import type { Placement, Plan } from "../../src/model/plan.ts";
import type { RunnerIdentity } from "../../src/model/runner-identity.ts";
import type { ContainerFacts, Fault, SlotPlace, StartStep, UnitWord } from "../../src/model/slot-start.ts";
import type { LastExit, MintState } from "../../src/model/slot-state.ts";
import {
  judgeLastRun,
  mayStart,
  noteSetback,
  readSetbacks,
  SHORT_RUN_MS,
} from "../../src/registration/back-off.ts";
import { makeHost, makePlacement, makePlan } from "../render/compose-plan.ts";

export const SLOT = "acme-ci-forge-1";
export const URL = "https://github.com/acme";
export const BOOT = "7d3c";

/** A kill: no `catch` of the program's may take it for an answer. */
export class Cut extends Error {}

export interface World {
  place: SlotPlace;
  now: number;
  /** GitHub's time minus ours. */
  offset: number;
  /** Files in the slot's state folder, as texts. */
  readonly disk: { journal: string | null; setbacks: string | null; state: MintState | null };
  containers: ContainerFacts[];
  unit: UnitWord;
  faults: readonly Fault[];
  /** Names in the hand-over folder; null: there is no such folder. */
  handed: Map<string, string> | null;
  lastExit: LastExit | null;
  hasJobMarker: boolean;
  boot: string;
  drained: boolean;
  assigned: string | null;
  identity: RunnerIdentity;
  suspect: boolean;
  readonly registrations: Map<number, RunnerRecord>;
  /** Answers for the next calls of a kind instead of GitHub's own; `done` ones take place all the same. */
  readonly answers: { call: string; answer: GitHubAnswer<never>; done: boolean }[];
  readonly calls: string[];
  readonly steps: StartStep[];
  readonly said: string[];
  readonly naps: number[];
  /** Called at each nap, so that something can happen meanwhile. */
  onNap: () => void;
}

export function makeWorld(change: Partial<Placement> = {}, plan: Partial<Plan> = {}): World {
  const host = makeHost([makePlacement(change)]);
  const place = findSlot(makePlan(host, plan), SLOT, () => placeForSystem(placesOf("acme")));
  if (place === null) throw new Error("the plan has no such slot");
  return {
    place: { ...place, target: { ...place.target, runnerGroup: null } },
    now: 1_800_000_000_000,
    offset: 0,
    disk: { journal: null, setbacks: null, state: null },
    containers: [],
    unit: "down",
    faults: [],
    handed: null,
    lastExit: null,
    hasJobMarker: false,
    boot: BOOT,
    drained: false,
    assigned: null,
    identity: { kind: "none" },
    suspect: false,
    registrations: new Map(),
    answers: [],
    calls: [],
    steps: [],
    said: [],
    naps: [],
    onNap: () => undefined,
  };
}

/** `cutAt`: the number of the call after which the process is gone, before or after it took effect. */
export function openPorts(world: World, cutAt = Number.POSITIVE_INFINITY, isDone = false): StartPorts {
  let calls = 0;
  const effect = <T>(act: () => T): T => {
    calls += 1;
    if (calls === cutAt && !isDone) throw new Cut();
    const result = act();
    if (calls === cutAt) throw new Cut();
    return result;
  };
  return {
    clock: { now: () => world.now, monotonic: () => world.now },
    random: () => 0.5,
    sleep: async (milliseconds) => {
      world.naps.push(milliseconds);
      if (world.naps.length > 10_000) throw new Error("it sleeps for ever");
      world.now += milliseconds;
      world.onNap();
    },
    load: () => ({ kind: "found", place: world.place }),
    keeper: {
      readJournal: () => (world.disk.journal === null ? EMPTY_JOURNAL : readMintJournal(world.disk.journal)),
      writeJournal: (journal: MintJournal) =>
        effect(() => {
          world.disk.journal = writeMintJournal(journal);
        }),
      readSetbacks: () => world.disk.setbacks,
      writeSetbacks: (setbacks) =>
        effect(() => {
          world.disk.setbacks = setbacks === null ? null : JSON.stringify(setbacks);
        }),
      writeState: (state) =>
        effect(() => {
          world.disk.state = state;
        }),
    },
    brake: { read: readSetbacks, note: noteSetback, mayStart, judge: judgeLastRun, shortRunMs: SHORT_RUN_MS },
    openWorld: () => ({
      isDrained: () => world.drained,
      readAssigned: () => world.assigned,
      traceRun: () => ({
        hasFolder: world.handed !== null,
        lastExit: world.lastExit,
        hasJobMarker: world.hasJobMarker,
        boot: world.boot,
      }),
      readIdentity: () => world.identity,
      isSuspect: () => world.suspect,
      listContainers: async () => world.containers,
      askUnit: async () => world.unit,
      preflight: async () => world.faults,
      perform: async (step) => effect(() => perform(world, step)),
      handOver: (name, text) =>
        effect(() => {
          if (world.handed === null) throw new Error("there is no folder to hand over in");
          world.handed.set(name, text);
        }),
    }),
    openRegistrar: async (place, url) => {
      let draws = Math.floor(world.now / 1000) + world.calls.length;
      const chance = {
        now: () => world.now,
        draw: (below: number) => {
          draws = (draws * 31 + 7) % 9973;
          return draws % below;
        },
      };
      return registerAt(place, url, openFakeGitHub(world, url, effect), chance);
    },
    say: (text) => void world.said.push(text),
  };
}

function perform(world: World, step: StartStep): void {
  world.steps.push(step);
  switch (step.kind) {
    case "remove-containers":
      world.containers = world.containers.filter(({ name }) => !step.names.includes(name));
      return;
    case "make-hand-over":
      world.handed = new Map();
      world.lastExit = null;
      world.hasJobMarker = false;
      return;
    case "create-container":
      world.containers.push({ name: step.service, state: "created", fleet: "acme" });
      return;
    default:
      return;
  }
}

let ids = 100;

function openFakeGitHub(world: World, url: string, effect: <T>(act: () => T) => T): RunnerScopeApi {
  const meta = () => ({ ...NO_META, clockOffset: world.offset });
  const call = async <T>(name: string, act: () => GitHubAnswer<T>): Promise<GitHubAnswer<T>> => {
    world.calls.push(name);
    const at = world.answers.findIndex((each) => each.call === name);
    const [given] = at === -1 ? [] : world.answers.splice(at, 1);
    if (given !== undefined && !given.done) return { ...given.answer, meta: meta() };
    const answer = effect(act);
    return given === undefined ? answer : { ...given.answer, meta: meta() };
  };
  const ok = <T>(value: T): GitHubAnswer<T> => ({ kind: "ok", value, fromCache: false, meta: meta() });
  const gone = <T>(): GitHubAnswer<T> => ({ kind: "not-found", meta: meta() });
  const one = (id: number) => world.registrations.get(id);
  const unused = () => Promise.reject(new Error("mint asks no such thing"));
  return {
    url,
    listRunners: unused,
    getRunner: (id) =>
      call("getRunner", () => {
        const runner = one(id);
        return runner === undefined ? gone() : ok(runner);
      }),
    findRunner: (name) =>
      call("findRunner", () =>
        ok([...world.registrations.values()].find((each) => each.name === name) ?? null),
      ),
    deleteRunner: (id) => call("deleteRunner", () => (world.registrations.delete(id) ? ok(null) : gone())),
    createJit: ({ name, labels, groupId }) =>
      call("createJit", () => {
        const id = ids++;
        const runner = { ...RECORD, id, name, labels, groupId };
        world.registrations.set(id, runner);
        return ok({ runner, encodedConfig: new Secret(`jit-of-${name}`) });
      }),
    createRegistrationToken: () =>
      call("createRegistrationToken", () =>
        ok({ token: new Secret("AAAATOKEN"), expiresAt: world.now + 3_600_000 }),
      ),
    createRemoveToken: unused,
    findGroup: () => call("findGroup", () => ok(null)),
    listDownloads: unused,
    getDeprecation: unused,
  };
}

const RECORD: Omit<RunnerRecord, "id" | "name" | "labels" | "groupId"> = {
  os: "linux",
  online: false,
  busy: false,
  ephemeral: true,
  version: null,
};

/** The slot's runner took its secret, and ended so. */
export function runSlot(world: World, end: Partial<LastExit> & { readonly lasted?: number } = {}): void {
  world.handed?.delete("jitconfig");
  world.handed?.delete("token");
  world.now += end.lasted ?? 600_000;
  world.lastExit = { class: "ended", code: 0, at: world.now, hadJob: true, ...end };
  if (world.lastExit.hadJob === true) world.registrations.clear();
  world.containers = world.containers.map((each) => ({ ...each, state: "exited" }));
}
