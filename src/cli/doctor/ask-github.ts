// What GitHub says to the credentials of this host: permissions, its clock, the newest runner, the end of the
// pinned one. Only reads are sent. In: the plan, this host. Out: one record for each target with slots here.

import type { GitHubAccess } from "../../adapters/github.ts";
import type { CredentialFacts, GitHubFacts } from "../../doctor/facts.ts";
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
      answers.push({ ...unknown, answer: "unknown", message: "the broker asks GitHub for this host" });
    } else if (hidden === undefined) {
      answers.push(await ask(await openTarget(plan, target, at), plan));
    } else
      answers.push({ ...unknown, answer: "unknown", message: hidden.message, help: "sudo ci-fleet doctor" });
  }
  return answers;
}

const NOTHING = { clockOffset: null, jobsEnd: null, newest: null };

async function ask(access: GitHubAccess, plan: Plan): Promise<GitHubFacts> {
  const { checkCredential } = await import("../../adapters/credentials-check.ts");
  const { target, scopes } = access;
  const groups = target.runnerGroup === null ? [] : [target.runnerGroup];
  const needs = { register: true, readJobs: false, groups, proveWrite: false };
  const report = await checkCredential(access, needs);
  const facts = { target: target.name, url: target.url, clockOffset: report.clockOffset };
  const missing = report.findings.find(({ state }) => state === "missing");
  if (missing !== undefined || report.refused) {
    const message = missing?.detail ?? "GitHub refuses the credential";
    return {
      ...facts,
      ...{ answer: "refused", message, missing: missing?.permission ?? null },
      ...{ help: "ci-fleet auth check", jobsEnd: null, newest: null },
    };
  }
  const api = scopes[0]?.api;
  const [deprecation, downloads] =
    api === undefined
      ? [null, null]
      : [await api.getDeprecation(plan.runner.version), await api.listDownloads()];
  const end = deprecation?.kind === "ok" ? Date.parse(deprecation.value.jobsEnd ?? "") : Number.NaN;
  const unsure = report.findings.find(({ state }) => state === "unknown");
  return {
    ...facts,
    answer: unsure === undefined ? "ok" : "unknown",
    message: unsure?.detail ?? "",
    ...{ missing: null, help: null },
    jobsEnd: Number.isFinite(end) ? end : null,
    newest: downloads?.kind === "ok" ? (findNewestRelease(downloads.value)?.version ?? null) : null,
  };
}
