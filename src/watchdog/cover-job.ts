// Which runners GitHub would give a job to, and which host starts one for it. In: a waiting job, the plan. Out: yes
// or no; the hosts in the order in which they come to help.

import { createHash } from "node:crypto";
import type { Placement, Plan } from "../model/plan.ts";
import type { WaitingJob } from "../model/watchdog.ts";
import { shareOf } from "./share.ts";

/** Words that name an architecture in labels, GitHub's own and those that people write. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "x64",
  amd64: "x64",
  x86_64: "x64",
  "x86-64": "x64",
  arm64: "arm64",
  aarch64: "arm64",
  arm: "arm",
  x86: "x86",
};

export interface CoverOptions {
  /** false: labels alone decide. */
  readonly archFilter: boolean;
}

/**
 * GitHub gives a job to a runner that has all of its labels (docs, "Using self-hosted runners in a workflow"). A
 * job without labels asks for a group, which it does not name before it runs: nobody can tell who would get it.
 */
export function coversJob(
  labels: readonly string[],
  arch: string,
  job: WaitingJob,
  { archFilter }: CoverOptions,
): boolean {
  if (job.labels.length === 0) return false;
  if (!job.labels.every((label) => labels.includes(label))) return false;
  return !archFilter || job.labels.every((label) => (ARCHITECTURES[label] ?? arch) === arch);
}

export function archOf({ platform }: Pick<Placement, "platform">): string {
  return platform.startsWith("linux/arm64") ? "arm64" : "x64";
}

/** Every host computes the same order: the highest hash of job and host first. */
export function rankHosts(plan: Plan, job: WaitingJob, options: CoverOptions): readonly string[] {
  const able = plan.hosts.filter((host) =>
    host.placements.some((placement) => {
      if (placement.target !== job.target || placement.slots.length === 0) return false;
      if (!coversJob(placement.labels, archOf(placement), job, options)) return false;
      const pool = plan.pools.find(({ name }) => name === placement.pool);
      return pool !== undefined && shareOf(plan, pool, host.name) > 0;
    }),
  );
  if (able.length < 2) return able.map(({ name }) => name);
  return able
    .map(({ name }) => ({ name, weight: createHash("sha256").update(`${job.id} ${name}`).digest("hex") }))
    .toSorted((a, b) => (a.weight < b.weight ? 1 : -1))
    .map(({ name }) => name);
}
