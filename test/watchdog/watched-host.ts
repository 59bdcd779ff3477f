// A host of a small fleet on which nothing runs, and its watchdog's passes with the real client on a fake GitHub. In: a
// test, the host's name, perhaps another credential. Out: passes.

import type { TestContext } from "node:test";
import { seen } from "../../src/model/host-observation.ts";
import { listOwnedSlots } from "../../src/model/ownership.ts";
import type { Decision, Memory, Observation, Outcome, PassTime } from "../../src/model/watchdog.ts";
import { type Acted, act } from "../../src/watchdog/act.ts";
import { decide } from "../../src/watchdog/decide.ts";
import { observe } from "../../src/watchdog/observe.ts";
import type { ObservePorts } from "../../src/watchdog/watch-ports.ts";
import { chooseWindows } from "../../src/watchdog/windows.ts";
import { addApp, appAuth, type GitHubLab, startGitHubLab } from "../adapters/github-lab.ts";
import { ModelHost } from "./model-host.ts";
import { Hub } from "./model-hub.ts";
import { SCENE_PLANS } from "./scene-plans.ts";

export const PLAN = SCENE_PLANS.two?.();

export interface Watched {
  readonly lab: GitHubLab;
  pass(seconds: number, silence?: string): Promise<Observation>;
  /** What was decided in the last pass. */
  decisions(): readonly Decision[];
  /** Carries that out, with so much left of the host's share. */
  act(allowance?: number): Promise<readonly Outcome[]>;
  /** The last one. */
  acted(): Acted | null;
  /** Milliseconds that it has waited between changes. */
  rests(): readonly number[];
  memory(): Memory | null;
}

interface WatchOptions {
  readonly credential?: "token" | "app";
  readonly deadlineMs?: number;
}

/** A host of the plan where nothing runs. */
export async function watch(
  t: TestContext,
  name: "forge" | "spark",
  { credential = "token", deadlineMs = 5000 }: WatchOptions = {},
): Promise<Watched> {
  const host = PLAN?.hosts.find((each) => each.name === name);
  if (PLAN === undefined || host === undefined) throw new Error("the plan has this host");
  const lab = await startGitHubLab(t);
  lab.state.repositories.set("acme/app", { pushedAt: Date.now(), private: true });
  if (credential === "app") addApp(lab);
  const target = credential === "app" ? { target: lab.target(undefined, appAuth(lab)) } : {};
  const access = await lab.open({ ...target, options: { deadlineMs, attempts: 2 } });
  const hub = new Hub({ lag: 0, busyLie: 0, gap: 0, deletesDispatched: true });
  const model = new ModelHost(host, hub, { startMs: 0, endsWhenGone: false, mintDeafUntil: 0 });
  let memory: Memory | null = null;
  let decisions: readonly Decision[] = [];
  let acted: Acted | null = null;
  const rests: number[] = [];
  let time: PassTime = { wall: Date.now(), monotonic: 1_000_000, boot: "one" };
  const ports: ObservePorts = {
    time: () => time,
    look: async () => ({
      slots: [...model.slots.values()].map((one) => model.look(one, false, false)),
      foreign: seen([]),
      disks: [],
      unfinished: [],
      guestUnits: [],
      waitsForReboot: false,
    }),
    scopes: access.scopes.map(({ api }) => ({ target: "default", api })),
    closed: [],
    demand: new Map([["default", access.demand]]),
    within: (work) => work,
  };
  return {
    lab,
    memory: () => memory,
    decisions: () => decisions,
    acted: () => acted,
    rests: () => rests,
    act: async (allowance) => {
      if (memory === null) throw new Error("nothing was decided yet");
      const windows = chooseWindows(PLAN);
      const given: Memory = { ...memory, allowance: allowance ?? null };
      const inputs = { host: name, decisions, memory: given, owned: listOwnedSlots(PLAN), windows };
      const one = (slot: string) => {
        const found = model.slots.get(slot);
        if (found === undefined) throw new Error(`no slot ${slot}`);
        return found;
      };
      const nothing = async (): Promise<void> => undefined;
      acted = await act(inputs, {
        time: () => time,
        lookAt: async (slot) => model.look(one(slot), false, false),
        scope: (url) => access.scopes.find(({ api }) => api.url === url)?.api ?? null,
        ...{ start: nothing, stop: nothing, hold: nothing, letGo: nothing },
        ...{ assign: nothing, admit: nothing, forget: nothing, save: nothing },
        rest: async (milliseconds) => {
          rests.push(milliseconds);
          time = { ...time, monotonic: time.monotonic + milliseconds };
        },
        stopping: () => null,
        pass: () => undefined,
      });
      return acted.outcomes;
    },
    pass: async (seconds, silence) => {
      time = { ...time, wall: time.wall + seconds * 1000, monotonic: time.monotonic + seconds * 1000 };
      lab.state.requests.length = 0;
      const observation = await observe({ plan: PLAN, host, memory, silence: silence ?? null }, ports);
      const decided = decide({ plan: PLAN, host, observation, memory });
      ({ memory, decisions } = decided);
      return observation;
    },
  };
}

export function addGhosts(lab: GitHubLab, count: number): void {
  const labels = ["self-hosted"];
  for (let each = 1; each <= count; each++) {
    const suffix = String(each).padStart(7, "0");
    lab.state.addRunner("orgs/acme", {
      name: `acme-ci-spark-1-${suffix}`,
      labels,
      ephemeral: true,
      groupId: 1,
    });
  }
}

export function addStrangers(lab: GitHubLab, count: number): void {
  const given = { labels: ["self-hosted"], ephemeral: false, groupId: 1 };
  for (let each = 1; each <= count; each++)
    lab.state.addRunner("orgs/acme", { name: `other-${each}`, ...given });
}
