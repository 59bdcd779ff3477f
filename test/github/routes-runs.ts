// Runs and jobs of one repository. In: state, a request below /repos/. Out: an answer, null for other paths.

import { type Answer, error, paged, type Request } from "./request.ts";
import { jobBody, runBody } from "./shapes.ts";
import type { FakeCredential, FakeJob, FakeState } from "./state.ts";

export function answerRuns(
  state: FakeState,
  request: Request,
  scope: { path: string; route: string },
  rest: string,
  credential: FakeCredential,
): Answer | null {
  if (!scope.path.startsWith("repos/") || request.method !== "GET") return null;
  if (!credential.actionsRead)
    return error(403, "Resource not accessible by integration", {
      "x-accepted-github-permissions": "actions=read",
    });
  const repository = scope.path.slice("repos/".length);
  const jobs = [...state.jobs.values()].filter((job) => job.repository === repository);
  const byRun = new Map<number, FakeJob[]>();
  for (const job of jobs) byRun.set(job.runId, [...(byRun.get(job.runId) ?? []), job]);
  if (rest === "/actions/runs") {
    const status = request.query.get("status");
    const runs = [...byRun.values()]
      .map((each) => runBody(request.base, each))
      .filter((run) => status === null || run.status === status);
    const { rows, headers } = paged(request, runs);
    return {
      status: 200,
      body: { total_count: runs.length, workflow_runs: rows },
      headers,
      route: `${scope.route}/actions/runs`,
    };
  }
  const run = /^\/actions\/runs\/(\d+)\/jobs$/.exec(rest);
  if (run !== null) {
    const list = byRun.get(Number(run[1]));
    if (list === undefined) return error(404, "Not Found");
    const { rows, headers } = paged(request, list);
    const body = { total_count: list.length, jobs: rows.map((job) => jobBody(request.base, job)) };
    return { status: 200, body, headers, route: `${scope.route}/actions/runs/{run_id}/jobs` };
  }
  const one = /^\/actions\/jobs\/(\d+)$/.exec(rest);
  const job = one === null ? undefined : state.jobs.get(Number(one[1]));
  return job === undefined
    ? null
    : { status: 200, body: jobBody(request.base, job), route: `${scope.route}/actions/jobs/{job_id}` };
}
