// What GitHub says to the credentials of this host: permissions, its clock, the newest runner, the end of the
// pinned one. Only reads are sent. In: the plan, this host. Out: one record for each target with slots here.

import type { GitHubAccess } from "../../adapters/github.ts";
import type { CredentialFacts, GitHubFacts } from "../../doctor/facts.ts";
import { privileged } from "../../doctor/phrases.ts";
import type { AuthSpec } from "../../model/fleet.ts";
import type { Plan } from "../../model/plan.ts";
import { findNewestRelease } from "../../model/runner-downloads.ts";
import { openTarget } from "../open-target.ts";
import type { ThisHost } from "../this-host.ts";

export async function askGitHub(
  plan: Plan,
  at: ThisHost,
  credentials: readonly CredentialFacts[],
): Promise<readonly GitHubFacts[]> {
  const used = new Set(at.host.placements.map(({ target }) => target));
  const answers: GitHubFacts[] = [];
  for (const target of plan.targets.filter(({ name }) => used.has(name))) {
    const hidden = credentials.find(({ target: name, state }) => name === target.name && state === "unknown");
    const unknown = { target: target.name, url: target.url, missing: null, help: null, ...NOTHING };
    if (target.auth.kind === "broker") {
      answers.push(await askBroker(unknown, target.auth, at));
    } else if (hidden === undefined) {
      answers.push(await ask(await openTarget(plan, target, at), plan));
    } else
      answers.push({ ...unknown, answer: "unknown", message: hidden.message, help: "sudo ci-fleet doctor" });
  }
  return answers;
}

/** The hop that registrations of this host depend on, and GitHub behind it; only reads are sent. */
async function askBroker(unknown: Unasked, auth: BrokerAuth, at: ThisHost): Promise<GitHubFacts> {
  const { explainClosedKey, openHostBroker } = await import("../open-broker.ts");
  const facts = { ...unknown, url: `${unknown.url} by ${auth.url}` };
  const closed = explainClosedKey(at.places);
  if (closed !== null) return { ...facts, answer: "unknown", message: closed, help: "sudo ci-fleet doctor" };
  const answer = await openHostBroker(auth, at.places).listOwn(unknown.target);
  if (answer.kind === "ok") {
    return { ...facts, answer: "ok", message: "", clockOffset: answer.meta.clockOffset };
  }
  if (answer.kind === "refused") {
    const { message, missing } = answer;
    return { ...facts, answer: "refused", message, missing, help: `on ${auth.host}: ci-fleet auth check` };
  }
  if (answer.kind === "limited") return { ...facts, answer: "unknown", message: answer.message };
  const message = answer.kind === "unknown" ? answer.cause : "it knows nothing of this host";
  return { ...facts, answer: "silent", message, help: nameTryOut(auth, at) };
}

/** The same hop by hand, for what SSH says to a person. */
function nameTryOut({ user, host, port }: BrokerAuth, { places }: ThisHost): string {
  const folder = places.config.slice(0, places.config.lastIndexOf("/"));
  const key = `${folder}/broker.key`;
  const known = `${folder}/broker.known_hosts`;
  const words = ["ssh", "-v", "-i", key, "-o", `UserKnownHostsFile=${known}`];
  const where = [...(port === null ? [] : ["-p", String(port)]), ...(user === null ? [] : ["-l", user])];
  return privileged({ places }, ...words, ...where, "--", host);
}

type BrokerAuth = Extract<AuthSpec, { kind: "broker" }>;
type Unasked = Omit<GitHubFacts, "answer" | "message">;

const NOTHING = { clockOffset: null, jobsEnd: null, newest: null };

async function ask(access: GitHubAccess, plan: Plan): Promise<GitHubFacts> {
  const { checkCredential } = await import("../../adapters/credentials-check.ts");
  const { target, scopes } = access;
  const groups = target.runnerGroup === null ? [] : [target.runnerGroup];
  const needs = { register: true, readJobs: false, groups, proveWrite: false };
  const report = await checkCredential(access, needs);
  const api = report.refused ? undefined : scopes[0]?.api;
  const [deprecation, downloads] =
    api === undefined
      ? [null, null]
      : [await api.getDeprecation(plan.runner.version), await api.listDownloads()];
  const end = deprecation?.kind === "ok" ? Date.parse(deprecation.value.jobsEnd ?? "") : Number.NaN;
  const facts = {
    ...{ target: target.name, url: target.url, clockOffset: report.clockOffset },
    jobsEnd: Number.isFinite(end) ? end : null,
    newest: downloads?.kind === "ok" ? (findNewestRelease(downloads.value)?.version ?? null) : null,
  };
  const missing = report.findings.find(({ state }) => state === "missing");
  if (missing !== undefined || report.refused) {
    const message = missing?.detail ?? "GitHub refuses the credential";
    const permission = missing?.permission ?? null;
    return { ...facts, answer: "refused", message, missing: permission, help: "ci-fleet auth check" };
  }
  const unsure = report.findings.find(({ state }) => state === "unknown");
  const answer = unsure === undefined ? "ok" : "unknown";
  return { ...facts, answer, message: unsure?.detail ?? "", missing: null, help: null };
}
