// GitHub's API as a model fleet answers it: true to the model, behind it, or wrong in one of the ways of the fault
// table. In: the model, a fault. Out: the ports of the real client.

import { Secret } from "../../src/base/secret.ts";
import {
  type DemandApi,
  type GitHubAnswer,
  type GitHubFailure,
  type JobRecord,
  NO_META,
  type RunnerScopeApi,
} from "../../src/model/github.ts";
import { SCOPE } from "./model-host.ts";
import type { Hub } from "./model-hub.ts";

export const FAULTS = [
  "none",
  "refused",
  "limited",
  "unknown",
  "incomplete",
  "row-missing",
  "lost-answers",
  "gone-lie",
  "engine-down",
  "worker-hidden",
  "disk-full",
  "demand-hidden",
] as const;
export type Fault = (typeof FAULTS)[number];

/** What the API needs of the fleet. */
export interface ModelWorld {
  readonly hub: Hub;
  readonly calls: { count: number };
  advance(milliseconds: number): void;
  /** A job for this runner, if one waits for the worst moment. */
  sneak(id: number): void;
}

export function openModelScope(
  world: ModelWorld,
  fault: Fault,
  onDelete: (id: number) => void,
): RunnerScopeApi {
  const { hub, calls } = world;
  const failure = makeFailure(fault);
  const reading = <T>(value: () => GitHubAnswer<T>): Promise<GitHubAnswer<T>> => {
    calls.count += 1;
    return Promise.resolve(failure ?? value());
  };
  return {
    url: SCOPE,
    listRunners: () =>
      reading(() => {
        const rows = hub.existing().filter(({ bornAt }) => hub.now - bornAt >= hub.options.lag);
        if (fault === "row-missing") rows.splice(hub.now % Math.max(1, rows.length), 1);
        const complete = fault !== "incomplete";
        return ok({ runners: rows.map((each) => hub.show(each)), total: rows.length, complete });
      }),
    getRunner: (id) =>
      reading(() => {
        const runner = hub.runners.get(id);
        const lies = fault === "gone-lie";
        if (runner === undefined || !runner.exists || lies) return { kind: "not-found", meta: NO_META };
        return ok(hub.show(runner));
      }),
    findRunner: (name) =>
      reading(() => {
        const runner = hub.existing().find((each) => each.name === name);
        return ok(runner === undefined ? null : hub.show(runner));
      }),
    deleteRunner: async (id) => {
      calls.count += 1;
      world.sneak(id);
      world.advance(1000);
      if (failure !== null) return failure;
      if (fault === "gone-lie") return { kind: "not-found", meta: NO_META };
      const isLost = fault === "lost-answers";
      if (isLost && id % 2 === 0) return UNKNOWN;
      onDelete(id);
      const done = hub.delete(id);
      if (isLost) return UNKNOWN;
      if (done === "not-found") return { kind: "not-found", meta: NO_META };
      const busy = {
        kind: "unprocessable",
        message: "it runs a job",
        request: "DELETE",
        meta: NO_META,
      } as const;
      return done === "busy" ? busy : ok(null);
    },
    createJit: notUsed,
    createRegistrationToken: () =>
      reading(() => ok({ token: new Secret("AAAATOKEN"), expiresAt: 3_600_000 })),
    createRemoveToken: notUsed,
    findGroup: notUsed,
    listDownloads: notUsed,
    getDeprecation: async () => ok({ registrationEnds: null, jobsEnd: null }),
  };
}

export function openModelDemand({ hub }: ModelWorld, fault: Fault): DemandApi {
  const failure = fault === "demand-hidden" ? UNKNOWN : makeFailure(fault);
  return {
    listRepositories: async () => failure ?? ok([{ name: "acme/app", pushedAt: null, private: null }]),
    listJobs: async () => {
      const queued = [...hub.jobs.values()].filter(
        ({ state }) => state === "queued" || state === "dispatched",
      );
      return ok({ jobs: queued.map((job) => asRecord(job.id, job.labels, job.state)), complete: true });
    },
  };
}
function asRecord(id: number, labels: readonly string[], state: string): JobRecord {
  return {
    ...{ id, runId: id, repository: "acme/app", name: "build", workflow: "CI", labels, groupId: null },
    ...{
      status: state === "queued" ? "queued" : "in_progress",
      runnerName: null,
      createdAt: null,
      startedAt: null,
    },
    runnerId: state === "queued" ? null : 1,
  };
}

const ok = <T>(value: T): GitHubAnswer<T> => ({ kind: "ok", value, fromCache: false, meta: NO_META });
const UNKNOWN: GitHubFailure = { kind: "unknown", cause: "HTTP 502", request: "GET", meta: NO_META };

async function notUsed(): Promise<never> {
  throw new Error("the watchdog has no business here");
}

function makeFailure(fault: Fault): GitHubFailure | null {
  const asked = { request: "GET", meta: NO_META };
  if (fault === "refused") {
    return { ...asked, kind: "refused", status: 401, message: "Bad credentials", missing: null, help: null };
  }
  if (fault === "limited") return { ...asked, kind: "limited", retryAt: 0, message: "rate limit" };
  return fault === "unknown" ? UNKNOWN : null;
}
