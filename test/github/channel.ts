// The job channel between the fake GitHub and the stand-in runner: registration, sessions, messages,
// job results. Not GitHub's protocol, which is private; it keeps what ci-fleet can see of it.
// In: state, a request. Out: an answer, at the latest after the asked-for wait.

import { randomUUID } from "node:crypto";
import type { Answer, Request } from "./request.ts";
import type { FakeJob, FakeRunner, FakeScope, FakeState } from "./state.ts";

const FLOOR = [2, 329, 0];

function older(version: string, than: readonly number[]): boolean {
  const parts = version.split(".").map(Number);
  for (let index = 0; index < 3; index++) {
    const difference = (parts[index] ?? 0) - (than[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function scopePathOf(url: string): string {
  const parts = new URL(url).pathname.split("/").filter((part) => part !== "");
  if (parts[0] === "enterprises") return `enterprises/${parts[1]}`;
  return parts.length === 1 ? `orgs/${parts[0]}` : `repos/${parts[0]}/${parts[1]}`;
}

/** `POST /actions/runner-registration` and everything below `/_runner/`; null for other paths. */
export async function answerChannel(
  state: FakeState,
  request: Request,
  closed: AbortSignal,
): Promise<Answer | null> {
  if (request.path === "/actions/runner-registration" && request.method === "POST")
    return tenant(state, request);
  if (!request.path.startsWith("/_runner/")) return null;
  const on = `${request.method} ${request.path.slice("/_runner".length)}`;
  if (on === "POST /register") return register(state, request);
  if (on === "POST /unregister") return unregister(state, request);
  const [clientId = "", secret = ""] = (
    /^Runner (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? ""
  ).split(":");
  const known = state.runnerByAuth(clientId, secret);
  const result = /^POST \/jobs\/(\d+)\/(complete|log)$/.exec(on);
  if (result !== null) return jobReport(state, request, known, Number(result[1]), result[2] as string);
  if (known === null) return { status: 404, body: { message: "The runner registration was not found" } };
  if (on === "POST /sessions") return openSession(state, request, known.runner);
  if (request.method === "DELETE") {
    known.runner.session = null;
    return { status: 204 };
  }
  return on === "GET /messages"
    ? waitForJob(state, request, known.scope, known.runner, closed)
    : { status: 404 };
}

function tenant(state: FakeState, request: Request): Answer {
  const token = /^RemoteAuth (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
  const issued = state.tokens.get(token);
  const path = scopePathOf(String(request.body.url));
  if (issued === undefined || issued.scope !== path) return { status: 404, body: { message: "Not Found" } };
  if (issued.expiresAt <= state.now()) return { status: 401, body: { message: "Unauthorized" } };
  const version = /linux\/(\S+)/.exec(request.headers["user-agent"] ?? "")?.[1];
  const text =
    "Your runner version is out of date and can no longer register with GitHub. The minimum runner version required to register with GitHub Actions is now 2.329.0.";
  if (version !== undefined && older(version, FLOOR)) return { status: 404, body: { message: text } };
  const admin = randomUUID();
  state.admins.set(admin, path);
  state.secrets.add(admin);
  return { status: 200, body: { url: request.base, token: admin } };
}

function adminScope(state: FakeState, request: Request): string | undefined {
  return state.admins.get(/^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "");
}

function register(state: FakeState, request: Request): Answer {
  const path = adminScope(state, request);
  if (path === undefined) return { status: 401, body: { message: "Unauthorized" } };
  const scope = state.scope(path);
  const given = request.body as {
    name: string;
    labels: string[];
    group: string | null;
    ephemeral: boolean;
    replace: boolean;
    version: string;
  };
  const group = given.group
    ? [...scope.groups.values()].find((each) => each.name === given.group)
    : scope.groups.get(1);
  if (group === undefined) return { status: 404, body: { message: "group" } };
  const before = state.findRunner(path, given.name);
  if (before !== undefined && !given.replace) return { status: 409, body: { message: "name" } };
  if (before !== undefined) scope.runners.delete(before.id);
  const runner = state.addRunner(path, { ...given, groupId: group.id, version: given.version });
  return {
    status: 200,
    body: { id: runner.id, clientId: runner.clientId, secret: runner.secret, replaced: before !== undefined },
  };
}

function unregister(state: FakeState, request: Request): Answer {
  const path = adminScope(state, request);
  if (path === undefined) return { status: 401, body: { message: "Unauthorized" } };
  return { status: state.scope(path).runners.delete(Number(request.body.id)) ? 204 : 404 };
}

function deprecation(state: FakeState, runner: FakeRunner): Answer | null {
  if (runner.version === null || !state.deprecated.has(runner.version)) return null;
  return {
    status: 403,
    body: `Runner version v${runner.version} is deprecated and cannot receive messages.`,
  };
}

function openSession(state: FakeState, request: Request, runner: FakeRunner): Answer {
  runner.version = String(request.body.version ?? "") || runner.version;
  const refused = deprecation(state, runner);
  if (refused !== null) return refused;
  const held = runner.session;
  if (held !== null && (held.polling > 0 || state.now() - held.lastSeen < state.liveness))
    return { status: 409, body: { message: "Error: Conflict" } };
  runner.session = { id: randomUUID(), lastSeen: state.now(), polling: 0 };
  return { status: 200, body: { session: runner.session.id } };
}

async function waitForJob(
  state: FakeState,
  request: Request,
  scope: FakeScope,
  runner: FakeRunner,
  closed: AbortSignal,
): Promise<Answer> {
  const session = runner.session;
  if (session === null || session.id !== request.query.get("session"))
    return { status: 404, body: { message: "The runner session was not found" } };
  const until = Date.now() + Number(request.query.get("wait") ?? 20) * 1000;
  session.polling++;
  try {
    while (!closed.aborted) {
      session.lastSeen = state.now();
      if (!scope.runners.has(runner.id))
        return { status: 404, body: { message: "The runner registration was not found" } };
      const refused = deprecation(state, runner);
      if (refused !== null) return refused;
      const job = runner.job === null ? state.jobFor(scope, runner) : null;
      if (job !== null) return { status: 200, body: assign(state, job, runner) };
      if (Date.now() >= until) return { status: 202 };
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return { status: 202 };
  } finally {
    session.polling--;
  }
}

function assign(state: FakeState, job: FakeJob, runner: FakeRunner): Record<string, unknown> {
  job.status = "in_progress";
  job.startedAt = state.now();
  job.runnerId = runner.id;
  job.runnerName = runner.name;
  runner.job = job.id;
  return { id: job.id, name: job.name, repository: job.repository, runId: job.runId, script: job.script };
}

/** A job reports with its own authority: also after its registration is gone. */
function jobReport(
  state: FakeState,
  request: Request,
  known: { scope: FakeScope; runner: FakeRunner } | null,
  id: number,
  what: string,
): Answer {
  const job = state.jobs.get(id);
  if (job === undefined) return { status: 404 };
  if (what === "log") {
    job.log += String(request.body.raw ?? "");
    return { status: 200 };
  }
  job.status = "completed";
  job.conclusion = { Succeeded: "success", Canceled: "cancelled" }[String(request.body.result)] ?? "failure";
  job.completedAt = state.now();
  if (known !== null) {
    known.runner.job = null;
    if (known.runner.ephemeral) known.scope.runners.delete(known.runner.id);
  }
  return { status: 200 };
}
