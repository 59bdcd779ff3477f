// GitHub's REST endpoints that ci-fleet uses. In: state, a parsed request. Out: status, body, headers.
// Behaviour from GitHub's OpenAPI descriptions and documentation of self-hosted runners.

import { createHash } from "node:crypto";
import { type Answer, error, paged, type Request } from "./request.ts";
import { answerApp } from "./routes-apps.ts";
import { answerReleases } from "./routes-releases.ts";
import { answerRuns } from "./routes-runs.ts";
import { groupBody, repositoryBody, runnerBody, userBody } from "./shapes.ts";
import type { FakeCredential, FakeScope, FakeState } from "./state.ts";

/** What a token may do, or the refusal. App JWTs are judged by `whichApp`. */
function whoAsks(state: FakeState, request: Request): FakeCredential | Answer {
  const given = /^(?:Bearer|token) (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
  const credential = given === undefined ? undefined : state.credentials.get(given);
  if (credential === undefined) return error(401, "Bad credentials");
  if (credential.expiresAt !== null && credential.expiresAt <= state.now())
    return error(401, "Bad credentials");
  return credential;
}

function scopeOf(request: Request): { path: string; route: string } | null {
  const match = /^\/(orgs\/[^/]+|enterprises\/[^/]+|repos\/[^/]+\/[^/]+)\//.exec(request.path);
  if (match === null) return null;
  const path = match[1] as string;
  const route = path.startsWith("orgs/")
    ? "/orgs/{org}"
    : path.startsWith("repos/")
      ? "/repos/{owner}/{repo}"
      : "/enterprises/{enterprise}";
  return { path, route };
}

function mayTouch(credential: FakeCredential, path: string, request: Request): Answer | null {
  const owner = `${path.split("/")[1]}/*`;
  if (!credential.scopes.some((scope) => scope === "*" || scope === path || scope === owner))
    return error(404, "Not Found");
  const mutation = request.method !== "GET";
  if (path.startsWith("enterprises/") && credential.kind !== "classic")
    return error(403, "Resource not accessible by integration");
  if (mutation && !credential.write) {
    const wanted = path.startsWith("orgs/")
      ? "organization_self_hosted_runners=write"
      : "administration=write";
    if (credential.kind === "classic") {
      return error(403, "Must have admin rights to Repository.", {
        "x-oauth-scopes": scopesOf(credential),
        "x-accepted-oauth-scopes": "admin:org",
      });
    }
    const what = credential.kind === "installation" ? "integration" : "personal access token";
    return error(403, `Resource not accessible by ${what}`, { "x-accepted-github-permissions": wanted });
  }
  return null;
}

export function answer(state: FakeState, request: Request): Answer {
  if (request.path === "/app" || request.path.startsWith("/app/") || request.path.endsWith("/installation"))
    return answerApp(state, request);
  const credential = whoAsks(state, request);
  if ("status" in credential) return credential;
  if (request.path === "/rate_limit") {
    const core = {
      limit: state.rateLimit,
      used: state.rateUsed,
      remaining: state.rateLimit - state.rateUsed,
      reset: Math.floor(state.now() / 1000) + 3600,
    };
    return { status: 200, body: { resources: { core, search: core }, rate: core }, route: "/rate_limit" };
  }
  if (request.path === "/user") return tellUser(request, credential);
  const repositories = /^\/(orgs|users)\/([^/]+)\/repos$/.exec(request.path);
  if (repositories !== null) return listRepositories(state, request, repositories[2] as string);
  const release = answerReleases(state, request);
  if (release !== null) return release;
  const scope = scopeOf(request);
  if (scope === null) return error(404, "Not Found");
  const refusal = mayTouch(credential, scope.path, request);
  if (refusal !== null) return refusal;
  const rest = request.path.slice(scope.path.length + 1);
  return (
    answerRunners(state, request, state.scope(scope.path), scope.route, rest) ??
    answerRuns(state, request, scope, rest, credential) ??
    error(404, "Not Found")
  );
}

/** Installations are nobody: GitHub answers them 403 here. */
function tellUser(request: Request, credential: FakeCredential): Answer {
  if (credential.kind === "installation") return error(403, "Resource not accessible by integration");
  const headers: Record<string, string> = {};
  if (credential.kind === "classic") headers["x-oauth-scopes"] = scopesOf(credential);
  if (credential.expiresAt !== null) {
    const at = new Date(credential.expiresAt).toISOString();
    headers["github-authentication-token-expiration"] = `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;
  }
  return { status: 200, body: userBody(request.base, "octo"), headers, route: "/user" };
}

function scopesOf(credential: FakeCredential): string {
  return credential.write ? "admin:org, manage_runners:enterprise, repo" : "repo:status";
}

function listRepositories(state: FakeState, request: Request, owner: string): Answer {
  const all = [...state.repositories]
    .filter(([name]) => name.startsWith(`${owner}/`))
    .sort((a, b) => b[1].pushedAt - a[1].pushedAt);
  const { rows, headers } = paged(request, all);
  return {
    status: 200,
    body: rows.map(([name, given]) => repositoryBody(request.base, name, given)),
    headers,
    route: "/orgs/{org}/repos",
  };
}

function answerRunners(
  state: FakeState,
  request: Request,
  scope: FakeScope,
  route: string,
  rest: string,
): Answer | null {
  const on = `${request.method} ${rest}`;
  switch (on) {
    case "GET /actions/runners":
      return listRunners(state, request, scope, route);
    case "POST /actions/runners/registration-token":
      return {
        status: 201,
        body: state.issueToken(scope.path, "register"),
        route: `${route}/actions/runners/registration-token`,
      };
    case "POST /actions/runners/remove-token":
      return {
        status: 201,
        body: state.issueToken(scope.path, "remove"),
        route: `${route}/actions/runners/remove-token`,
      };
    case "POST /actions/runners/generate-jitconfig":
      return createJit(state, request, scope, route);
    case "GET /actions/runners/downloads":
      return { status: 200, body: state.downloads, route: `${route}/actions/runners/downloads` };
    case "GET /actions/runner-groups": {
      const { rows, headers } = paged(request, [...scope.groups.values()]);
      const body = {
        total_count: scope.groups.size,
        runner_groups: rows.map((group) => groupBody(request.base, scope, group)),
      };
      return scope.path.startsWith("orgs/")
        ? { status: 200, body, headers, route: "/orgs/{org}/actions/runner-groups" }
        : null;
    }
  }
  const deprecation = /^\/actions\/runners\/deprecations\/(.+)$/.exec(rest);
  if (deprecation !== null && request.method === "GET") {
    const ends = state.deprecated.has(deprecation[1] as string) ? new Date(state.now()).toISOString() : null;
    return {
      status: 200,
      body: { runner_version: deprecation[1], registration_deprecates_at: ends, runtime_deprecates_at: ends },
      route: `${route}/actions/runners/deprecations/{version}`,
    };
  }
  const one = /^\/actions\/runners\/(\d+)$/.exec(rest);
  if (one === null) return null;
  const runner = scope.runners.get(Number(one[1]));
  if (runner === undefined) return error(404, "Not Found");
  if (request.method === "GET")
    return { status: 200, body: runnerBody(state, runner), route: `${route}/actions/runners/{runner_id}` };
  if (request.method !== "DELETE") return null;
  if (state.busy(runner))
    return error(422, `Runner "${runner.name}" is currently running a job and cannot be deleted`);
  scope.runners.delete(runner.id);
  return { status: 204, route: `${route}/actions/runners/{runner_id}` };
}

function listRunners(state: FakeState, request: Request, scope: FakeScope, route: string): Answer {
  const wanted = request.query.get("name");
  const all = [...scope.runners.values()].filter((runner) => wanted === null || runner.name === wanted);
  const { rows, headers } = paged(request, all);
  const isShifted = state.shiftPages > 0 && Number(request.query.get("page") ?? 1) > 1;
  if (isShifted) state.shiftPages--;
  const shown = isShifted ? rows.slice(1) : rows;
  return {
    status: 200,
    body: { total_count: all.length, runners: shown.map((runner) => runnerBody(state, runner)) },
    headers,
    route: `${route}/actions/runners`,
  };
}

const bom = (value: unknown): string => Buffer.from(`\uFEFF${JSON.stringify(value)}`).toString("base64");

function createJit(state: FakeState, request: Request, scope: FakeScope, route: string): Answer {
  const {
    name,
    labels,
    runner_group_id: groupId,
    work_folder: work,
  } = request.body as Record<string, never> & { name?: string };
  const list = labels as unknown;
  if (
    typeof name !== "string" ||
    name.length > 64 ||
    !Array.isArray(list) ||
    list.length === 0 ||
    list.length > 100
  ) {
    return error(422, "Validation Failed");
  }
  const group = scope.groups.get(Number(groupId));
  if (group === undefined) return error(404, "Not Found");
  const squatter = state.squatters.shift();
  if (squatter !== undefined) {
    const taken = { name, labels: ["somebody-elses"], ephemeral: true, groupId: group.id };
    state.addRunner(scope.path, taken).lie = { online: squatter === "online" };
  }
  if (state.findRunner(scope.path, name) !== undefined)
    return error(409, `Already exists - A runner with the name ${name} already exists.`);
  if (scope.runners.size >= state.groupLimit)
    return error(422, "Runner group has reached its limit of runners");
  const runner = state.addRunner(scope.path, {
    name,
    labels: list as string[],
    ephemeral: true,
    groupId: group.id,
  });
  const settings = {
    agentId: runner.id,
    agentName: name,
    poolId: group.id,
    poolName: group.name,
    ephemeral: true,
    serverUrl: request.base,
    workFolder: work ?? "_work",
    useV2Flow: true,
  };
  const files = {
    ".runner": bom(settings),
    ".credentials": bom({
      scheme: "OAuth",
      data: { clientId: runner.clientId, authorizationUrl: request.base },
    }),
    ".credentials_rsaparams": bom({ d: runner.secret }),
  };
  const encoded = Buffer.from(JSON.stringify(files)).toString("base64");
  state.secrets.add(encoded);
  return {
    status: 201,
    body: { runner: runnerBody(state, runner), encoded_jit_config: encoded },
    route: `${route}/actions/runners/generate-jitconfig`,
  };
}

/** Weak as GitHub's own are, different for each credential. */
export function etagOf(body: string, authorization: string | undefined): string {
  return `W/"${createHash("sha256")
    .update(body)
    .update(authorization ?? "")
    .digest("hex")}"`;
}
