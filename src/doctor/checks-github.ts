// Checks of what registers runners: credentials, GitHub's answer, the runner's version. In: facts. Out: judgements.

import { parseVersion } from "../base/version-number.ts";
import { locateAuthority } from "../model/authority.ts";
import { isBelowFloor, judgeRunnerAge, RUNNER_FLOOR, RUNNER_GRACE_DAYS } from "../model/runner-releases.ts";
import { type Check, fail, fine, type Judgement, note, unknown, warn } from "./check.ts";
import type { DoctorFacts } from "./facts.ts";

const DAY = 86_400_000;

const credentialsAreSafe: Check = {
  name: "credentials-are-safe",
  group: "GitHub",
  looksAt:
    "each credential file of this host: there, ours or root's, closed to others, below folders that only we may change",
  why: "A credential that someone else could have read or replaced is refused, and then no slot registers.",
  judge: ({ credentials }) =>
    credentials.map(({ target, path, state, message, help }) => {
      const whose = `the credential of target ${target}`;
      if (state === "usable") return fine(`${path}: ${whose}, closed to others`);
      if (state === "unknown") return unknown(`${whose}: ${message}`, "sudo ci-fleet doctor");
      if (state === "missing") return fail(`${whose} is missing: ${message}`, help);
      return fail(`${whose}: ${message}`, help);
    }),
};

const githubAnswers: Check = {
  name: "github-answers",
  group: "GitHub",
  looksAt: "whether GitHub lets the credential, or the broker that has it, list the runners of each target",
  why: "Slots register at each start: without this permission none comes up.",
  judge: ({ github }) => {
    if (github === null) return [note("GitHub was not asked (--offline)")];
    return github.map(({ url, answer, message, missing, help }) => {
      if (answer === "ok") return fine(`${url} answers`);
      const lacks = missing === null ? "" : `; missing permission: ${missing}`;
      if (answer === "refused") return fail(`${url} refuses: ${message}${lacks}`, help);
      if (answer === "silent") return fail(`${url} does not answer: ${message}`, help);
      return unknown(`${url}: ${message}`, help);
    });
  },
};

const runnerIsCurrent: Check = {
  name: "runner-is-current",
  group: "GitHub",
  looksAt: "the age of the runner version, and GitHub's own date for its end",
  why: "GitHub registers no runner below its floor, and gives no jobs to one that was replaced more than 30 days ago.",
  judge: (facts) => {
    const { version } = facts.plan.runner;
    const parsed = parseVersion(version);
    if (parsed === null) return [unknown(`runner ${version} is no version that can be compared`)];
    const bump = "ci-fleet bump, then render and apply";
    const end = facts.github
      ?.flatMap(({ jobsEnd }) => (jobsEnd === null ? [] : [jobsEnd]))
      .toSorted((a, b) => a - b)[0];
    if (end !== undefined) return [judgeEnd(version, end, facts.now, bump)];
    if (facts.plan.targets.every(({ flavour }) => flavour === "ghes")) return [fine(`runner ${version}`)];
    if (isBelowFloor(parsed)) {
      return [fail(`runner ${version} is below ${RUNNER_FLOOR}, which GitHub does not register`, bump)];
    }
    const { replacedAt, newest, knownUntil } = judgeRunnerAge(parsed);
    if (replacedAt !== null)
      return [judgeAge(version, Math.floor((facts.now - replacedAt) / DAY), newest, bump)];
    const offered = facts.github?.map(({ newest: each }) => each).find((each) => each !== null) ?? null;
    if (offered === version) return [fine(`runner ${version} is the newest that GitHub offers`)];
    if (offered !== null) return [note(`runner ${version}; GitHub offers ${offered}`, bump)];
    if (facts.now - knownUntil <= RUNNER_GRACE_DAYS * DAY) return [fine(`runner ${version}`)];
    return [unknown(`whether runner ${version} is still current is not known`, "ci-fleet bump --check")];
  },
};

function judgeEnd(version: string, end: number, now: number, bump: string): Judgement {
  const days = Math.ceil((end - now) / DAY);
  if (days <= 0) return fail(`GitHub gives no jobs to runner ${version} any more`, bump);
  const found = `GitHub gives jobs to runner ${version} for ${days} more day${days === 1 ? "" : "s"}`;
  return days <= 10 ? warn(found, bump) : fine(found);
}

function judgeAge(version: string, days: number, newest: string, bump: string): Judgement {
  const found = `runner ${version} was replaced ${days} days ago; ${newest} is the newest known here`;
  if (days > RUNNER_GRACE_DAYS)
    return fail(`${found}; GitHub gives it no jobs after ${RUNNER_GRACE_DAYS}`, bump);
  return days > RUNNER_GRACE_DAYS - 10 ? warn(found, bump) : note(found, bump);
}

const authorityIsReadable: Check = {
  name: "authority-is-readable",
  group: "GitHub",
  looksAt: "the file of `network.ca`",
  why: "Where a proxy signs for GitHub, nothing gets through without its certificate authority.",
  judge: ({ plan, places, machine: { authority } }: DoctorFacts) => {
    const ca = locateAuthority(plan.network, places.config);
    if (ca === null || authority === null) return [];
    const help = plan.network.caContent === null ? `copy the PEM file to ${ca}` : "ci-fleet apply";
    if (!authority.known) return [unknown(authority.why)];
    return [authority.value ? fine(`${ca} is there`) : fail(`${ca} does not exist`, help)];
  },
};

export const GITHUB_CHECKS: readonly Check[] = [
  credentialsAreSafe,
  githubAnswers,
  runnerIsCurrent,
  authorityIsReadable,
];
