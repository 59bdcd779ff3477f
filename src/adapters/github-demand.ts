// Jobs that wait for runners. There is no endpoint for a whole organization, so its repositories are asked,
// the recently active ones. In: calls and the target. Out: a DemandApi.
// Endpoints: GitHub's docs "REST API endpoints for workflow runs" and "… workflow jobs".

import type { TargetSpec } from "../model/fleet.ts";
import {
  type AnswerMeta,
  type DemandApi,
  type GitHubAnswer,
  type JobList,
  type JobRecord,
  NO_META,
  type RepositoryRecord,
} from "../model/github.ts";
import { addMeta, type CallGitHub } from "./github-calls.ts";
import { PAGE_SIZE, readPages } from "./github-pages.ts";
import { listScopes } from "./github-scopes.ts";
import { readAll, readJob, readPage, readRepository, readRunId } from "./github-shapes.ts";

/** A run costs a request: the newest hundred of each status, and `complete` says that there are more. */
const RUN_STATUSES = ["queued", "in_progress"] as const;

export function openDemand(call: CallGitHub, target: TargetSpec): DemandApi {
  return {
    listRepositories: (since) => listRepositories(call, target, since),
    listJobs: (repository) => listJobs(call, repository),
  };
}

async function listRepositories(
  call: CallGitHub,
  target: TargetSpec,
  since: number,
): Promise<GitHubAnswer<readonly RepositoryRecord[]>> {
  const { scope } = target;
  if (scope.kind === "enterprise") {
    const cause = "GitHub does not list the repositories of an enterprise";
    return { kind: "unknown", cause, request: `GET ${target.url}`, meta: NO_META };
  }
  if (scope.kind !== "organization") {
    const listed = listScopes(target).flatMap(({ repository }) => (repository === null ? [] : [repository]));
    const value = listed.map((name) => ({ name, pushedAt: null, private: null }));
    return { kind: "ok", value, fromCache: false, meta: NO_META };
  }
  return readActive(call, scope.owner, since);
}

async function readActive(
  call: CallGitHub,
  org: string,
  since: number,
): Promise<GitHubAnswer<readonly RepositoryRecord[]>> {
  const active = new Map<string, RepositoryRecord>();
  let meta: AnswerMeta = NO_META;
  let fromCache = true;
  for (let page = 1; ; page++) {
    const answer = await call({
      method: "GET",
      route: "/orgs/{org}/repos",
      parameters: { org, sort: "pushed", direction: "desc", per_page: PAGE_SIZE, page },
      on404: "refused",
      shape: "repositories@1",
      read: (body) => readAll(body, readRepository),
    });
    meta = addMeta(meta, answer.meta);
    if (answer.kind !== "ok") return { ...answer, meta };
    fromCache &&= answer.fromCache;
    const found = answer.value.flatMap(({ repository }) => (repository === null ? [] : [repository]));
    const recent = found.filter(({ pushedAt }) => pushedAt !== null && pushedAt >= since);
    for (const repository of recent) active.set(repository.name, repository);
    // Sorted by the time of the last push: what comes after the first old one is older still.
    if (answer.value.length < PAGE_SIZE || recent.length < found.length) break;
  }
  return { kind: "ok", value: [...active.values()], fromCache, meta };
}

async function listJobs(call: CallGitHub, repository: string): Promise<GitHubAnswer<JobList>> {
  const [owner = "", repo = ""] = repository.split("/");
  const runs = new Set<number>();
  let meta: AnswerMeta = NO_META;
  let fromCache = true;
  let complete = true;
  for (const status of RUN_STATUSES) {
    const answer = await call({
      method: "GET",
      route: "/repos/{owner}/{repo}/actions/runs",
      parameters: { owner, repo, status, per_page: PAGE_SIZE },
      on404: "refused",
      shape: "runs@1",
      read: (body) => readPage(body, "workflow_runs", readRunId),
    });
    meta = addMeta(meta, answer.meta);
    if (answer.kind !== "ok") return { ...answer, meta };
    fromCache &&= answer.fromCache;
    complete &&= answer.value.total === answer.value.rows.length;
    for (const run of answer.value.rows) runs.add(run.id);
  }
  const jobs = new Map<number, JobRecord>();
  for (const run of runs) {
    const answer = await readPages((page) => readJobsOfRun(call, repository, run, page));
    meta = addMeta(meta, answer.meta);
    // Somebody deleted the run meanwhile.
    if (answer.kind === "not-found") continue;
    if (answer.kind !== "ok") return { ...answer, meta };
    fromCache &&= answer.fromCache;
    complete &&= answer.value.complete;
    for (const { job } of answer.value.rows) if (job !== null) jobs.set(job.id, job);
  }
  return { kind: "ok", value: { jobs: [...jobs.values()], complete }, fromCache, meta };
}

function readJobsOfRun(call: CallGitHub, repository: string, run: number, page: number) {
  const [owner = "", repo = ""] = repository.split("/");
  return call({
    method: "GET",
    route: "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs",
    parameters: { owner, repo, run_id: run, filter: "latest", per_page: PAGE_SIZE, page },
    on404: "not-found",
    shape: "jobs@1",
    read: (body) => readPage(body, "jobs", readJob(repository)),
  });
}
