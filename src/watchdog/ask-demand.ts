// Which jobs wait, of each target whose pools follow the queue. In: plan, ports. Out: demand by target, each perhaps
// unknown.

import type { DemandApi, JobRecord } from "../model/github.ts";
import { type Seen, seen, unseen } from "../model/host-observation.ts";
import { readRegistrationName } from "../model/names.ts";
import type { Plan } from "../model/plan.ts";
import type { Demand, StartedJob, WaitingJob } from "../model/watchdog.ts";
import { explainFailure } from "./explain-failure.ts";
import type { Meter } from "./meter.ts";
import type { ObservePorts } from "./watch-ports.ts";

/** Each costs requests in every pass; more are not looked at, and the demand says that there is more. */
const MOST_REPOSITORIES = 100;

export async function askDemand(
  plan: Plan,
  ports: ObservePorts,
  meter: Meter,
  { deadlineMs, silence }: { readonly deadlineMs: number; readonly silence: string | null },
): Promise<ReadonlyMap<string, Seen<Demand>>> {
  if (silence !== null) return new Map([...ports.demand.keys()].map((target) => [target, unseen(silence)]));
  const since = ports.time().wall - plan.watchdog.activeWithin;
  const asked = [...ports.demand].map(async ([target, api]) => {
    const answer = await ports.within(askTarget(target, api, since, meter), deadlineMs);
    const demand = answer === "late" ? unseen(`no answer within ${deadlineMs / 1000} s`) : answer;
    return [target, demand] as const;
  });
  return new Map(await Promise.all(asked));
}

async function askTarget(target: string, api: DemandApi, since: number, meter: Meter): Promise<Seen<Demand>> {
  const repositories = await api.listRepositories(since);
  meter.note(repositories.meta);
  if (repositories.kind === "not-found") return unseen("GitHub does not find it");
  if (repositories.kind !== "ok") return unseen(explainFailure(repositories).why);
  const jobs: WaitingJob[] = [];
  const running: StartedJob[] = [];
  let complete = repositories.value.length <= MOST_REPOSITORIES;
  let why: string | null = null;
  let answered = 0;
  for (const { name } of repositories.value.slice(0, MOST_REPOSITORIES)) {
    const list = await api.listJobs(name);
    meter.note(list.meta);
    if (list.kind !== "ok") {
      // One repository that cannot be read hides its own jobs and nobody else's.
      why = list.kind === "not-found" ? `${name} is not found` : explainFailure(list).why;
      complete = false;
      if (list.kind === "limited") break;
      continue;
    }
    answered += 1;
    complete &&= list.value.complete;
    for (const job of list.value.jobs) {
      const { id, repository, labels, status, runnerId } = job;
      running.push(...readStarted(job));
      if (status !== "queued" || runnerId !== null) continue;
      jobs.push({ id, target, repository, labels: labels.map((label) => label.toLowerCase()) });
    }
  }
  return answered === 0 && why !== null ? unseen(why) : seen({ jobs, running, complete });
}

/** The name is GitHub's word for who has it; whether it is a slot of ours, whoever counts knows. */
function readStarted({ id, status, runnerName, createdAt, startedAt }: JobRecord): readonly StartedJob[] {
  if (status !== "in_progress" || runnerName === null || createdAt === null || startedAt === null) return [];
  const { slot } = readRegistrationName(runnerName);
  return [{ id, slot, waitedMs: Math.max(0, startedAt - createdAt) }];
}
