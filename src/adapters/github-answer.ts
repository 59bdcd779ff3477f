// What a reply of GitHub means: one of the kinds of GitHubAnswer, whatever came back. Pure and total: any
// status, headers and body have an answer. In: a reply and a reader of the body. Out: the answer.
// Rules: GitHub's docs "Rate limits for the REST API", "Troubleshooting the REST API".

import { hideSecrets, type Secret } from "../base/secret.ts";
import { maskSecrets } from "../base/secret-patterns.ts";
import type { AnswerMeta, GitHubAnswer, GitHubFailure } from "../model/github.ts";
import type { Reply } from "./github-exchange.ts";
import { readMissingPermission } from "./github-permissions.ts";

export interface Expectation<T> {
  /** The body as a record; null: it does not look like one. */
  readonly read: (body: unknown, headers: Headers) => T | null;
  /** 404 says that the one thing asked for does not exist; elsewhere it hides what one may not see. */
  readonly on404: "not-found" | "refused";
  /** Success has this status and no body. */
  readonly status204?: boolean;
  /** How often in a row GitHub has said to wait, for the length of the next wait. */
  readonly limitedBefore: number;
  /** Taken out of every text. */
  readonly secrets: readonly Secret[];
}

const MINUTE = 60_000;
const MAX_WAIT = 60 * MINUTE;

export function classifyReply<T>(reply: Reply, expected: Expectation<T>): GitHubAnswer<T> {
  const { answer, request } = reply;
  const meta = readMeta(reply);
  const asked = { request, meta };
  const clean = (text: string): string => cleanText(text, expected.secrets);
  if (answer.kind === "failed") return { kind: "unknown", cause: clean(answer.cause), ...asked };
  const { status } = answer;
  const body = parseBody(answer.text);
  const said = readMessage(body);
  const message = said === null ? `HTTP ${status} without GitHub's usual answer` : clean(said);
  const unknown = (cause: string): GitHubFailure => ({ kind: "unknown", cause, ...asked });

  if (status >= 200 && status < 300) return readSuccess(answer, body, expected, asked);
  const retryAt = readRetryAt(reply, meta, said, expected.limitedBefore);
  if (retryAt !== null) return { kind: "limited", retryAt, message, ...asked };
  switch (status) {
    case 401:
      return { kind: "refused", status, message, missing: null, help: HELP_401, ...asked };
    case 403: {
      const missing = readMissingPermission(answer.headers);
      return { kind: "refused", status, message, missing, help: helpFor403(missing, said), ...asked };
    }
    case 404:
      return said === null ? unknown(message) : classify404(reply, expected, message, meta);
    case 409:
      return said === null ? unknown(message) : { kind: "conflict", message, ...asked };
    case 422:
      return said === null ? unknown(message) : { kind: "unprocessable", message, ...asked };
    default:
      return unknown(said === null ? message : `HTTP ${status}: ${message}`);
  }
}

const HELP_401 =
  "Put a valid credential in place with `ci-fleet auth put`: this one is expired, revoked or mistyped.";

function helpFor403(missing: string | null, said: string | null): string {
  if (missing !== null) return `Give the credential this permission: ${missing}.`;
  if (said === null) return "Ask whoever runs the proxy or firewall: this answer is not one of GitHub's.";
  return "Run `ci-fleet auth check` to see what the credential may do.";
}

function readSuccess<T>(
  { status, headers }: { readonly status: number; readonly headers: Headers },
  body: Body,
  expected: Expectation<T>,
  asked: { readonly request: string; readonly meta: AnswerMeta },
): GitHubAnswer<T> {
  const { meta } = asked;
  const unknown = (cause: string): GitHubFailure => ({ kind: "unknown", cause, ...asked });
  if (expected.status204 === true) {
    if (status !== 204) return unknown(`HTTP ${status} where GitHub sends 204`);
    return { kind: "ok", value: expected.read(null, headers) as T, fromCache: false, meta };
  }
  if (body.kind === "empty") return unknown(`HTTP ${status} with an empty body`);
  if (body.kind === "garbage") return unknown(`HTTP ${status} with a body that is no JSON, or cut off`);
  const value = expected.read(body.value, headers);
  if (value === null) return unknown(`HTTP ${status} with a body that does not look like GitHub's`);
  return { kind: "ok", value, fromCache: false, meta };
}

function classify404<T>(
  reply: Reply,
  expected: Expectation<T>,
  message: string,
  meta: AnswerMeta,
): GitHubAnswer<T> {
  if (expected.on404 === "not-found") return { kind: "not-found", meta };
  const headers = reply.answer.kind === "answered" ? reply.answer.headers : new Headers();
  return {
    kind: "refused",
    status: 404,
    message,
    missing: readMissingPermission(headers),
    help: "Check the address in the spec; GitHub also answers 404 where the credential may not look.",
    request: reply.request,
    meta,
  };
}

type Body =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "empty" }
  | { readonly kind: "garbage" };

function parseBody(text: string): Body {
  if (text.trim() === "") return { kind: "empty" };
  try {
    return { kind: "json", value: JSON.parse(text) };
  } catch {
    return { kind: "garbage" };
  }
}

/** GitHub's errors are `{message, documentation_url, errors?}`; null: this one is somebody else's. */
function readMessage(body: Body): string | null {
  if (body.kind !== "json" || typeof body.value !== "object" || body.value === null) return null;
  const { message, errors } = body.value as { message?: unknown; errors?: unknown };
  if (typeof message !== "string" || message === "") return null;
  const details = Array.isArray(errors) ? errors.map(readDetail).filter((text) => text !== "") : [];
  return [message, ...details].join("; ");
}

function readDetail(error: unknown): string {
  if (typeof error === "string") return error;
  const message = (error as { message?: unknown } | null)?.message;
  return typeof message === "string" ? message : "";
}

/** One line, printable, without secrets, short enough for a table. */
export function cleanText(text: string, secrets: readonly Secret[]): string {
  const line = hideSecrets(text, secrets).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ");
  return maskSecrets(line).trim().slice(0, 500);
}

export function readMeta({ answer, sentAt, receivedAt }: Reply): AnswerMeta {
  if (answer.kind === "failed") {
    return { ...NOTHING_SAID, sent: answer.sent, counted: answer.sent, movedTo: null };
  }
  const { headers } = answer;
  const reset = readCount(headers.get("x-ratelimit-reset"));
  const date = Date.parse(headers.get("date") ?? "");
  // `Date` is cut to whole seconds: in the middle it is half a second more.
  const clockOffset = Number.isFinite(date) ? date + 500 - (sentAt + receivedAt) / 2 : null;
  return {
    remaining: readCount(headers.get("x-ratelimit-remaining")),
    limit: readCount(headers.get("x-ratelimit-limit")),
    resetAt: reset === null ? null : reset * 1000,
    clockOffset,
    sent: answer.sent,
    counted: answer.status === 304 ? answer.sent - 1 : answer.sent,
    movedTo: answer.movedTo,
  };
}

const NOTHING_SAID = { remaining: null, limit: null, resetAt: null, clockOffset: null } as const;

function readCount(text: string | null): number | null {
  return text !== null && /^\d{1,12}$/.test(text) ? Number(text) : null;
}

/**
 * When to ask again, on our clock; null: this is no rate limit. `retry-after` if there is one, else the reset
 * when nothing remains, else at least a minute and doubled each time.
 */
function readRetryAt(reply: Reply, meta: AnswerMeta, said: string | null, before: number): number | null {
  const { answer, receivedAt } = reply;
  if (answer.kind === "failed" || (answer.status !== 403 && answer.status !== 429)) return null;
  const seconds = readCount(answer.headers.get("retry-after"));
  const used = meta.remaining === 0;
  const spoken = said !== null && /rate limit|abuse detection/i.test(said);
  if (answer.status === 403 && seconds === null && !used && !spoken) return null;
  if (seconds !== null) return receivedAt + Math.min(seconds * 1000, MAX_WAIT);
  if (used && meta.resetAt !== null) {
    const ours = meta.resetAt - (meta.clockOffset ?? 0) + 1000;
    return Math.min(Math.max(ours, receivedAt + 1000), receivedAt + MAX_WAIT);
  }
  return receivedAt + Math.min(MINUTE * 2 ** Math.min(before, 6), MAX_WAIT);
}
