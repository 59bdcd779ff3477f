// What goes over the wire between a host without a credential and its broker: one JSON object a line, a request and
// its answer, over the standard streams of a forced SSH command. Either side reads the other's lines as a stranger's.
// In: requests and answers. Out: lines, and back; null for a line that is none.

import { asObject, type JsonObject, parseObject } from "../base/read-json.ts";
import { Secret } from "../base/secret.ts";
import type { BrokeredRegistration, OwnPlace, OwnRunner, OwnRunners } from "./broker.ts";
import {
  type AnswerMeta,
  type Deprecation,
  type GitHubAnswer,
  type GitHubFailure,
  type JobList,
  type JobRecord,
  NO_META,
  type RunnerRecord,
} from "./github.ts";

export type BrokerRequest =
  | {
      readonly verb: "mint";
      readonly slot: string;
      readonly want: "jit" | "token";
      readonly repository: string | null;
    }
  | { readonly verb: "list-own" | "demand"; readonly target: string }
  | { readonly verb: "version-end"; readonly target: string; readonly version: string }
  | ({ readonly verb: "get-own" | "delete-own" } & OwnPlace);

/** What an `ok` carries, by verb. */
export interface BrokerValues {
  readonly mint: BrokeredRegistration;
  readonly "list-own": OwnRunners;
  readonly "get-own": RunnerRecord;
  readonly "delete-own": null;
  readonly demand: JobList;
  readonly "version-end": Deprecation;
}

export const BROKER_VERSION = 1;
/** A JIT config has about 4 kB; a list of a thousand jobs 400. */
export const MAX_BROKER_LINE = 4 * 1024 * 1024;
export const MAX_REQUEST_LINE = 4096;

export function writeRequest(request: BrokerRequest): string {
  return `${JSON.stringify({ v: BROKER_VERSION, ...request })}\n`;
}

export function readRequest(line: string): BrokerRequest | null {
  if (line.length > MAX_REQUEST_LINE) return null;
  const value = parseObject(line);
  if (value?.v !== BROKER_VERSION) return null;
  switch (value.verb) {
    case "mint": {
      const { slot, want, repository } = value;
      if (typeof slot !== "string" || (want !== "jit" && want !== "token")) return null;
      if (repository !== null && typeof repository !== "string") return null;
      return { verb: "mint", slot, want, repository };
    }
    case "get-own":
    case "delete-own": {
      const { verb, target, scope, runner } = value;
      return isText(target) && isText(scope) && isId(runner) ? { verb, target, scope, runner } : null;
    }
    case "version-end": {
      const { verb, target, version } = value;
      return isText(target) && isVersion(version) ? { verb, target, version } : null;
    }
    case "list-own":
    case "demand":
      return isText(value.target) ? { verb: value.verb, target: value.target } : null;
    default:
      return null;
  }
}

/** The one place that writes secrets of registrations into a line. */
export function writeAnswer<V extends keyof BrokerValues>(
  verb: V,
  answer: GitHubAnswer<BrokerValues[V]>,
): string {
  const shown = answer.kind === "ok" ? { ...answer, value: showValue(verb, answer.value) } : answer;
  return `${JSON.stringify({ v: BROKER_VERSION, answer: shown })}\n`;
}

function showValue(verb: keyof BrokerValues, value: BrokerValues[keyof BrokerValues]): unknown {
  if (verb !== "mint") return value;
  const { runner, secret } = value as BrokeredRegistration;
  return secret.kind === "jit"
    ? { runner, secret: { kind: "jit", config: secret.config.reveal() } }
    : { runner, secret: { kind: "token", token: secret.token.reveal(), expiresAt: secret.expiresAt } };
}

/** null: not an answer to this verb. */
export function readAnswer<V extends keyof BrokerValues>(
  verb: V,
  line: string,
): GitHubAnswer<BrokerValues[V]> | null {
  const outer = parseObject(line);
  const answer = outer?.v === BROKER_VERSION ? asObject(outer.answer) : null;
  if (answer === null) return null;
  const meta = readCosts(answer.meta);
  if (answer.kind === "not-found") return { kind: "not-found", meta };
  if (answer.kind !== "ok") return readFailure(answer, meta);
  const value = READERS[verb](answer.value) as BrokerValues[V] | undefined;
  return value === undefined ? null : { kind: "ok", value, fromCache: false, meta };
}

/** The budget is the fleet's, whoever sends, and whatever came of it. */
function readCosts(value: unknown): AnswerMeta {
  const { clockOffset, sent, counted } = asObject(value) ?? {};
  const least = (cost: unknown): number => Math.max(0, asNumber(cost) ?? 0);
  return { ...NO_META, clockOffset: asNumber(clockOffset), sent: least(sent), counted: least(counted) };
}

/** undefined: of another form. */
const READERS: { readonly [V in keyof BrokerValues]: (value: unknown) => BrokerValues[V] | undefined } = {
  mint: readRegistration,
  "list-own": (value) => {
    const { runners, complete } = asObject(value) ?? {};
    const read = readAll(runners, readOwn);
    return read === null || typeof complete !== "boolean" ? undefined : { runners: read, complete };
  },
  "get-own": (value) => readRunner(value) ?? undefined,
  "delete-own": (value) => (value === null ? null : undefined),
  demand: (value) => {
    const { jobs, complete } = asObject(value) ?? {};
    const read = readAll(jobs, readJob);
    return read === null || typeof complete !== "boolean" ? undefined : { jobs: read, complete };
  },
  "version-end": (value) => {
    const { registrationEnds, jobsEnd } = asObject(value) ?? {};
    return isDate(registrationEnds) && isDate(jobsEnd) ? { registrationEnds, jobsEnd } : undefined;
  },
};

function readRegistration(value: unknown): BrokeredRegistration | undefined {
  const { runner, secret } = asObject(value) ?? {};
  const { kind, config, token, expiresAt } = asObject(secret) ?? {};
  if (kind === "token") {
    if (!isText(token) || typeof expiresAt !== "number") return undefined;
    return { runner: null, secret: { kind, token: new Secret(token), expiresAt } };
  }
  const read = readRunner(runner);
  if (kind !== "jit" || !isText(config) || read === null) return undefined;
  return { runner: read, secret: { kind, config: new Secret(config) } };
}

function readFailure(answer: JsonObject, meta: AnswerMeta): GitHubFailure | null {
  const text = (key: string): string => (typeof answer[key] === "string" ? answer[key].slice(0, 1000) : "");
  const asked = { request: `broker: ${text("request")}`, meta };
  const message = text("message");
  switch (answer.kind) {
    case "refused": {
      const orNull = (key: string) => text(key) || null;
      return {
        ...asked,
        kind: "refused",
        status: asNumber(answer.status),
        message,
        missing: orNull("missing"),
        help: orNull("help"),
      };
    }
    case "limited":
      return { ...asked, kind: "limited", message, retryAt: asNumber(answer.retryAt) ?? 0 };
    case "conflict":
    case "unprocessable":
      return { ...asked, kind: answer.kind, message };
    case "unknown":
      return { ...asked, kind: "unknown", cause: text("cause") };
    default:
      return null;
  }
}

function readRunner(value: unknown): RunnerRecord | null {
  const { id, name, os, online, busy, labels, ephemeral, version, groupId } = asObject(value) ?? {};
  if (!isId(id) || !isText(name) || typeof online !== "boolean" || typeof busy !== "boolean") return null;
  return {
    id,
    name,
    os: typeof os === "string" ? os : "",
    online,
    busy,
    labels: listTexts(labels),
    ephemeral: typeof ephemeral === "boolean" ? ephemeral : null,
    version: typeof version === "string" ? version : null,
    groupId: isId(groupId) ? groupId : null,
  };
}

function readOwn(value: unknown): OwnRunner | null {
  const runner = readRunner(value);
  const scope = asObject(value)?.scope;
  return runner === null || !isText(scope) ? null : { ...runner, scope };
}

function readJob(value: unknown): JobRecord | null {
  const job = asObject(value) ?? {};
  const { id, runId, repository, name, status } = job;
  if (!isId(id) || !isId(runId) || !isText(repository) || typeof name !== "string") return null;
  if (status !== "queued" && status !== "in_progress") return null;
  return {
    id,
    runId,
    repository,
    name,
    workflow: typeof job.workflow === "string" ? job.workflow : null,
    labels: listTexts(job.labels),
    status,
    runnerId: isId(job.runnerId) ? job.runnerId : null,
    runnerName: typeof job.runnerName === "string" ? job.runnerName : null,
    groupId: isId(job.groupId) ? job.groupId : null,
    createdAt: asNumber(job.createdAt),
    startedAt: asNumber(job.startedAt),
  };
}

/** null: not a list, or an entry of another form. */
function readAll<T>(value: unknown, read: (entry: unknown) => T | null): readonly T[] | null {
  if (!Array.isArray(value)) return null;
  const all = value.map(read);
  return all.every((entry) => entry !== null) ? (all as readonly T[]) : null;
}

function asNumber(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function isId(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** `2.338.1` */
function isVersion(value: unknown): value is string {
  return typeof value === "string" && /^\d{1,5}\.\d{1,5}\.\d{1,5}$/.test(value);
}

/** ISO 8601; null: it is not said. */
function isDate(value: unknown): value is string | null {
  return value === null || (typeof value === "string" && !Number.isNaN(Date.parse(value)));
}

function listTexts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
