// `auth check`: who the credential is, what it may do of the things that the fleet needs, and what is missing.
// Only reads are sent, unless a registration token is asked for to prove that it may write. In: an opened
// GitHub, the needs. Out: a report; nothing of it is secret.

import { asObject } from "../base/read-json.ts";
import type { TargetSpec } from "../model/fleet.ts";
import type { GitHubAnswer, RepositoryRecord } from "../model/github.ts";
import type { GitHubAccess, OpenedScope } from "./github.ts";
import { namePermission, readScopeList } from "./github-permissions.ts";
import { asText, readPage, readRunId } from "./github-shapes.ts";

export interface AuthNeeds {
  /** Runners are registered with it. */
  readonly register: boolean;
  /** Queued jobs are read: pools that scale, `explain`. */
  readonly readJobs: boolean;
  /** Names of groups that must exist. */
  readonly groups: readonly string[];
  /** Asks for a registration token, which nobody gets to see: the one proof for fine-grained tokens. */
  readonly proveWrite: boolean;
}

export interface AuthFinding {
  /** `see the runners of https://github.com/acme` */
  readonly what: string;
  readonly state: "ok" | "missing" | "unknown";
  /** Permission or scope, as GitHub's settings call it. */
  readonly permission: string | null;
  /** One sentence: what was found, what to do. */
  readonly detail: string;
}

export interface AuthReport {
  readonly target: string;
  readonly description: string;
  /** `alice`, `App ci-fleet-app`; null: unknown. */
  readonly who: string | null;
  /** Milliseconds since the epoch; null: it does not end, or GitHub does not say. */
  readonly endsAt: number | null;
  /** Server's time minus ours, milliseconds. */
  readonly clockOffset: number | null;
  readonly findings: readonly AuthFinding[];
  /** GitHub refuses the credential itself. */
  readonly refused: boolean;
}

interface Identity {
  readonly who: string | null;
  readonly endsAt: number | null;
  /** Classic scopes; null: not a classic token. */
  readonly scopes: readonly string[] | null;
  /** Of an App's installation. */
  readonly permissions: Readonly<Record<string, string>> | null;
  readonly answer: GitHubAnswer<unknown>;
}

export async function checkCredential(access: GitHubAccess, needs: AuthNeeds): Promise<AuthReport> {
  const { target, credential } = access;
  const identity = await identify(access);
  const report = {
    target: target.name,
    description: credential.source.description,
    who: identity.who,
    endsAt: identity.endsAt,
    clockOffset: identity.answer.meta.clockOffset,
  };
  const { answer } = identity;
  if (
    answer.kind === "refused" &&
    (answer.status === null || answer.status === 401 || credential.app !== null)
  ) {
    return { ...report, findings: [judge("use the credential", answer, answer.missing)], refused: true };
  }
  const findings: AuthFinding[] = [];
  for (const opened of access.scopes) findings.push(...(await checkScope(target, opened, identity, needs)));
  if (needs.readJobs) findings.push(await checkJobs(access));
  return { ...report, findings, refused: false };
}

async function identify({ call, credential }: GitHubAccess): Promise<Identity> {
  const nobody = { who: null, endsAt: null, scopes: null, permissions: null };
  if (credential.app !== null) {
    const app = await credential.app.readApp();
    const installation = app.kind === "ok" ? await credential.app.readInstallation() : null;
    return {
      ...nobody,
      who: app.kind === "ok" ? `App ${app.value.name}` : null,
      permissions: installation?.kind === "ok" ? installation.value.permissions : null,
      answer: installation ?? app,
    };
  }
  const answer = await call({
    method: "GET",
    route: "/user",
    parameters: {},
    on404: "refused",
    read: (body, headers) => readUser(body, headers),
  });
  return answer.kind === "ok" ? { ...nobody, ...answer.value, answer } : { ...nobody, answer };
}

function readUser(body: unknown, headers: Headers): Omit<Identity, "answer" | "permissions"> | null {
  const who = asText(asObject(body)?.login);
  if (who === null) return null;
  const scopes = headers.get("x-oauth-scopes");
  const ends = Date.parse(headers.get("github-authentication-token-expiration") ?? "");
  return {
    who,
    endsAt: Number.isFinite(ends) ? ends : null,
    scopes: scopes === null ? null : readScopeList(scopes),
  };
}

async function checkScope(
  target: TargetSpec,
  { scope, api }: OpenedScope,
  identity: Identity,
  needs: AuthNeeds,
): Promise<readonly AuthFinding[]> {
  const permission = nameRunnerPermission(target, identity);
  const seen = await api.findRunner("ci-fleet-auth-check");
  const findings = [judge(`see the runners of ${scope.url}`, seen, `${permission.name}${permission.read}`)];
  if (target.scope.kind === "enterprise" && seen.kind === "refused" && identity.scopes === null) {
    const detail = `${seen.message}. An enterprise takes classic tokens only: fine-grained ones have no such permission.`;
    return findings.map((finding) => ({ ...finding, detail }));
  }
  if (needs.register) findings.push(await checkWrite(scope.url, api, identity, permission, needs.proveWrite));
  if (!scope.hasGroups) return findings;
  for (const name of needs.groups) {
    const group = await api.findGroup(name);
    const what = `find the runner group ${name}`;
    if (group.kind === "ok" && group.value === null) {
      const detail = `${scope.url} has no runner group ${name}: make it in its settings under Actions, Runner groups.`;
      findings.push({ what, state: "missing", permission: null, detail });
    } else findings.push(judge(what, group, `${permission.name}${permission.read}`));
  }
  return findings;
}

interface RunnerPermission {
  /** Key in an installation's permissions; null for classic scopes. */
  readonly key: string | null;
  readonly name: string;
  readonly read: string;
  readonly write: string;
}

/** GitHub's docs: "REST API endpoints for self-hosted runners"; classic scopes are all or nothing. */
function nameRunnerPermission({ scope }: TargetSpec, identity: Identity): RunnerPermission {
  if (scope.kind === "enterprise") return classic("scope manage_runners:enterprise");
  const isOrganization = scope.kind === "organization";
  if (identity.scopes !== null) return classic(isOrganization ? "scope admin:org" : "scope repo");
  const key = isOrganization ? "organization_self_hosted_runners" : "administration";
  return { key, name: namePermission(key), read: ": read", write: ": write" };
}

function classic(name: string): RunnerPermission {
  return { key: null, name, read: "", write: "" };
}

const WIDER: Readonly<Record<string, string>> = { "manage_runners:enterprise": "admin:enterprise" };

async function checkWrite(
  url: string,
  api: OpenedScope["api"],
  { scopes, permissions, answer }: Identity,
  permission: RunnerPermission,
  prove: boolean,
): Promise<AuthFinding> {
  const what = `register runners of ${url}`;
  const needed = `${permission.name}${permission.write}`;
  if (prove) return judge(what, await api.createRegistrationToken(), needed);
  const wanted = permission.name.replace(/^scope /, "");
  const told =
    permissions !== null && permission.key !== null
      ? permissions[permission.key] === "write"
      : (scopes?.some((scope) => scope === wanted || scope === WIDER[wanted]) ?? null);
  if (told === true) return { what, state: "ok", permission: needed, detail: "The credential says so." };
  if (told === false) return { what, state: "missing", permission: needed, detail: `Give it ${needed}.` };
  if (answer.kind === "unknown" || answer.kind === "limited") {
    return judge(what, answer, needed);
  }
  const detail =
    "GitHub tells this of fine-grained tokens only when one is used: `ci-fleet auth check --prove`.";
  return { what, state: "unknown", permission: needed, detail };
}

async function checkJobs({ call, demand, target }: GitHubAccess): Promise<AuthFinding> {
  const needed = `${namePermission("actions")}: read`;
  const repositories = await demand.listRepositories(0);
  if (repositories.kind !== "ok")
    return judge(`list the repositories of ${target.url}`, repositories, needed);
  const [first] = repositories.value as readonly (RepositoryRecord | undefined)[];
  if (first === undefined) {
    const detail = `${target.url} shows no repository to this credential.`;
    return { what: "read queued jobs", state: "unknown", permission: needed, detail };
  }
  const [owner = "", repo = ""] = first.name.split("/");
  const answer = await call({
    method: "GET",
    route: "/repos/{owner}/{repo}/actions/runs",
    parameters: { owner, repo, per_page: 1 },
    on404: "refused",
    read: (body) => readPage(body, "workflow_runs", readRunId),
  });
  return judge(`read the jobs of ${first.name}`, answer, needed);
}

/** A broker's answer is GitHub's to the broker's credential, or none. */
export function judgeBroker(target: string, url: string, answer: GitHubAnswer<unknown>): AuthReport {
  const finding = judge("see this host's runners by the broker", answer, null);
  return {
    ...{ target, description: `the broker ${url}`, who: null, endsAt: null },
    clockOffset: answer.meta.clockOffset,
    findings: [finding],
    refused: answer.kind === "refused" && answer.status !== null,
  };
}

function judge(what: string, answer: GitHubAnswer<unknown>, permission: string | null): AuthFinding {
  switch (answer.kind) {
    case "ok":
      return { what, state: "ok", permission, detail: "GitHub answered." };
    case "refused": {
      // Whoever reads this has just run it.
      const help = answer.help?.includes("ci-fleet auth check") === true ? null : answer.help;
      const detail = `${answer.message}.${help === null ? "" : ` ${help}`}`.replace("..", ".");
      return { what, state: "missing", permission: answer.missing ?? permission, detail };
    }
    case "unknown":
      return { what, state: "unknown", permission, detail: `${answer.request}: ${answer.cause}.` };
    case "not-found":
      return { what, state: "unknown", permission, detail: "GitHub says that it does not exist." };
    default:
      return { what, state: "unknown", permission, detail: `${answer.message}.` };
  }
}
