// The fake GitHub as a real server: rate limit headers, ETags, faults, the job channel, and a control
// door for the lab below /_lab/. In: state, address, optional TLS. Out: a running server.

import { createServer as createPlain, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecure } from "node:https";
import type { AddressInfo } from "node:net";
import { answerChannel } from "./channel.ts";
import { checkAnswer, loadDescriptions } from "./check-answer.ts";
import { answerControl } from "./control.ts";
import { misbehave } from "./misbehave.ts";
import type { Answer, Request } from "./request.ts";
import { answer, etagOf } from "./routes.ts";
import type { FakeRequest, FakeState } from "./state.ts";

export interface FakeServer {
  readonly url: string;
  readonly port: number;
  /** Answers that GitHub's OpenAPI does not allow: must stay empty. */
  readonly mistakes: readonly string[];
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly host?: string;
  readonly port?: number;
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Check each body against GitHub's OpenAPI. */
  readonly check?: boolean;
  /** Base URL that clients see, where it is not the address: `https://api.github.com`. */
  readonly publicUrl?: string;
}

export async function serveFakeGitHub(state: FakeState, options: ServeOptions = {}): Promise<FakeServer> {
  if (options.check === true) loadDescriptions();
  const mistakes: string[] = [];
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    handle(state, options, mistakes, incoming, outgoing).catch((cause) => {
      mistakes.push(
        `${incoming.method} ${incoming.url}: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`,
      );
      if (!outgoing.headersSent) outgoing.writeHead(500);
      outgoing.end();
    });
  };
  const server = options.tls === undefined ? createPlain(listener) : createSecure(options.tls, listener);
  await new Promise<void>((resolve) =>
    server.listen(options.port ?? 0, options.host ?? "127.0.0.1", resolve),
  );
  const port = (server.address() as AddressInfo).port;
  return {
    url: `${options.tls === undefined ? "http" : "https"}://${options.host ?? "127.0.0.1"}:${port}`,
    port,
    mistakes,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readBody(incoming: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  if (text === "") return {};
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { raw: text };
  }
}

async function handle(
  state: FakeState,
  options: ServeOptions,
  mistakes: string[],
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const url = new URL(incoming.url ?? "/", `http://${incoming.headers.host ?? "fake"}`);
  const prefix = url.pathname.startsWith("/api/v3/") ? "/api/v3" : "";
  const scheme = options.tls === undefined ? "http" : "https";
  const request: Request = {
    method: incoming.method ?? "GET",
    path: url.pathname.slice(prefix.length),
    query: url.searchParams,
    headers: incoming.headers as Record<string, string | undefined>,
    body: await readBody(incoming),
    base: `${options.publicUrl ?? `${scheme}://${incoming.headers.host}`}${prefix}`,
  };
  if (request.path.startsWith("/_lab/"))
    return send(state, request, answerControl(state, request, mistakes), outgoing, null);
  const file = state.files.get(request.path);
  if (file !== undefined && request.method === "GET") {
    outgoing.writeHead(200, { "content-type": "application/octet-stream", "content-length": file.length });
    outgoing.end(file);
    return;
  }
  if (state.fileServers.has(url.hostname)) {
    outgoing.writeHead(404);
    outgoing.end();
    return;
  }
  const record = { method: request.method, path: request.path, status: 0, at: state.now() };
  const isChannel = request.path.startsWith("/_runner/") || request.path === "/actions/runner-registration";
  if (!isChannel) state.requests.push(record);
  const fault = state.faults.find(
    (each) => each.left > 0 && each.match.test(`${request.method} ${request.path}`),
  );
  if (fault !== undefined) {
    fault.left--;
    // As GitHub does: what cannot be told is done all the same.
    if (fault.kind.startsWith("done-then-")) answer(state, request);
    const body = JSON.stringify(request.method === "GET" ? (answer(state, request).body ?? {}) : {});
    const say = (given: Answer): void => send(state, request, given, outgoing, record);
    return misbehave({ request, fault, body, say, incoming, outgoing });
  }
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort());
  const fromChannel = await answerChannel(state, request, gone.signal);
  if (fromChannel !== null) return send(state, request, fromChannel, outgoing, null);
  if (request.headers["user-agent"] === undefined)
    return send(
      state,
      request,
      { status: 403, body: { message: "Request forbidden by administrative rules" } },
      outgoing,
      record,
    );
  const given = answer(state, request);
  if (options.check === true) mistakes.push(...(await checkAnswer(request.method, given)));
  send(state, request, given, outgoing, record);
}

function send(
  state: FakeState,
  request: Request,
  given: Answer,
  outgoing: ServerResponse,
  record: FakeRequest | null,
): void {
  const body =
    given.body === undefined ? "" : typeof given.body === "string" ? given.body : JSON.stringify(given.body);
  const headers: Record<string, string> = { "content-type": "application/json; charset=utf-8" };
  let status = given.status;
  if (record !== null) {
    headers.date = new Date(state.now()).toUTCString();
    if (status === 200 && request.method === "GET") {
      headers.etag = etagOf(body, request.headers.authorization);
      if (request.headers["if-none-match"] === headers.etag) status = 304;
    }
    if (status !== 304) state.rateUsed++;
    headers["x-ratelimit-limit"] = String(state.rateLimit);
    headers["x-ratelimit-used"] = String(state.rateUsed);
    headers["x-ratelimit-remaining"] = String(Math.max(0, state.rateLimit - state.rateUsed));
    headers["x-ratelimit-reset"] = String(Math.floor(state.now() / 1000) + 3600);
    headers["x-ratelimit-resource"] = "core";
    record.status = status;
  }
  outgoing.writeHead(status, { ...headers, ...given.headers });
  outgoing.end(status === 304 || status === 204 ? undefined : body);
}
