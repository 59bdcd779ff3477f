// One HTTP request to GitHub and its whole answer, within one deadline that covers the body too: a server that
// sends a byte now and then would hold fetch for ever. In: address, headers, limits. Out: status, headers and
// text, or why there is none. Never throws for what the network does.

import { errnoOf } from "../base/world-error.ts";
import { startDeadline } from "./deadline.ts";

export interface FetchLimits {
  readonly deadlineMs: number;
  /** Of the caller: it ends every request at once. */
  readonly signal: AbortSignal | null;
}

export interface WholeRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export type WholeAnswer =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly headers: Headers;
      readonly text: string;
      /** Set when GitHub answered 301 on the way: where this lives from now on. */
      readonly movedTo: string | null;
      readonly sent: number;
    }
  | { readonly kind: "failed"; readonly cause: string; readonly sent: number };

/** A page of a hundred jobs with all their steps has about 2 MB. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;
const MAX_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 307, 308]);

export async function fetchWhole(request: WholeRequest, limits: FetchLimits): Promise<WholeAnswer> {
  const deadline = startDeadline(limits.deadlineMs, limits.signal);
  const { signal } = deadline;
  let sent = 0;
  const failed = (cause: string): WholeAnswer => ({ kind: "failed", cause, sent });
  try {
    let { url } = request;
    let movedTo: string | null = null;
    for (let redirects = 0; ; redirects++) {
      sent += 1;
      const { method, headers, body } = request;
      const response = await fetch(url, { method, headers, body, redirect: "manual", signal });
      if (!REDIRECTS.has(response.status)) {
        const text = await readUpTo(response, MAX_BODY_BYTES);
        if (text === null) return failed(`more than ${MAX_BODY_BYTES} bytes of answer`);
        return { kind: "answered", status: response.status, headers: response.headers, text, movedTo, sent };
      }
      await response.body?.cancel();
      const next = readLocation(response, url);
      if (typeof next !== "string") return failed(next.cause);
      if (redirects === MAX_REDIRECTS) return failed(`more than ${MAX_REDIRECTS} redirections`);
      if (response.status === 301 || response.status === 308) movedTo = next;
      url = next;
    }
  } catch (error) {
    if (deadline.isLate()) return failed(`no whole answer within ${limits.deadlineMs / 1000} s`);
    if (limits.signal?.aborted === true) return failed("given up: the time for all of this is over");
    return failed(describeNetworkFailure(error));
  } finally {
    deadline.end();
  }
}

/** The credential goes along, so only to the same server (RFC 9110 §15.4 leaves this to the client). */
function readLocation(response: Response, from: string): string | { readonly cause: string } {
  const given = response.headers.get("location");
  if (given === null || !URL.canParse(given, from)) return { cause: "redirected without a usable address" };
  const next = new URL(given, from);
  if (next.origin === new URL(from).origin) return next.href;
  return { cause: `redirected to another server, ${next.origin}: the credential is not sent there` };
}

async function readUpTo(response: Response, limit: number): Promise<string | null> {
  if (response.body === null) return "";
  const decoder = new TextDecoder("utf-8");
  let text = "";
  let size = 0;
  // Piece by piece: a hundred pages in pieces and as a whole are more than all else that a pass holds.
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > limit) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Codes that people meet; Node's own words for the rest. */
const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: "the name of the server cannot be resolved",
  EAI_AGAIN: "the name of the server cannot be resolved at the moment",
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was reset",
  EHOSTUNREACH: "there is no route to the server",
  ENETUNREACH: "there is no network",
  ETIMEDOUT: "the connection timed out",
  EPIPE: "the connection was closed",
  UND_ERR_SOCKET: "the connection was cut",
  UND_ERR_CONNECT_TIMEOUT: "the connection timed out",
  UND_ERR_HEADERS_TIMEOUT: "the server sent no answer",
  UND_ERR_BODY_TIMEOUT: "the server stopped in the middle of its answer",
  Z_BUF_ERROR: "the compressed answer is cut off",
  Z_DATA_ERROR: "the compressed answer is damaged",
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another name",
};
/** OpenSSL's words for a certificate whose issuer is not known here. */
const UNTRUSTED = /^(?:SELF_SIGNED_CERT|DEPTH_ZERO|UNABLE_TO_(?:VERIFY|GET)|CERT_UNTRUSTED)/;

/**
 * What happened, with the code at the end, from the innermost cause that has one. `trust`: what to do about a
 * certificate that nobody here has vouched for.
 */
export function describeNetworkFailure(error: unknown, trust = "name its authority in network.ca"): string {
  let text = error instanceof Error ? error.message : String(error);
  let current: unknown = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth++) {
    const code = errnoOf(current);
    if (code !== null && UNTRUSTED.test(code)) {
      return `the server's certificate is not trusted: ${trust} (${code})`;
    }
    if (code !== null && WORDS[code] !== undefined) return `${WORDS[code]} (${code})`;
    if (code !== null) text = `${current.message} (${code})`;
    else if (current.message !== "") text = current.message;
    current = current instanceof AggregateError ? (current.errors[0] ?? current.cause) : current.cause;
  }
  return text;
}
