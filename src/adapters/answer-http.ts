// The daemon's small HTTP server: few connections, one request on each, short deadlines, bounded bodies. It knows
// addresses and lengths, not what is said. In: where to listen, who answers. Out: a running server; a WorldError where
// the place is taken.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { WorldError } from "../base/world-error.ts";

export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Lower-case names; null: there is none, or there are several. */
  header(name: string): string | null;
  readonly body: Uint8Array;
}

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

export interface HttpPlace {
  readonly address: string;
  readonly port: number;
}

export interface HttpRules {
  /** Of one body. */
  readonly maxBytes: number;
  readonly answer: (request: HttpRequest) => HttpAnswer;
}

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 64;
const DEADLINE_MS = 10_000;
const MAX_HEADER_BYTES = 16 * 1024;

export async function serveHttp({ address, port }: HttpPlace, rules: HttpRules): Promise<HttpServer> {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    requestTimeout: DEADLINE_MS,
    headersTimeout: DEADLINE_MS,
    connectionsCheckingInterval: DEADLINE_MS / 2,
  });
  server.maxConnections = MAX_CONNECTIONS;
  // Of one who sends nothing, and of one who reads nothing of his answer.
  server.timeout = 2 * DEADLINE_MS;
  const asked = new WeakSet<object>();
  server.on("request", (request, response) => {
    const { socket } = request;
    // Answers to requests that nobody waits for would pile up: a packet holds a thousand.
    if (asked.has(socket)) {
      socket.destroy();
      return;
    }
    asked.add(socket);
    response.setHeader("connection", "close");
    // What a reader that went away leaves behind is nobody's fault.
    take(request, response, rules).catch(() => response.destroy());
  });
  await new Promise<void>((settle, fail) => {
    server.once("error", (cause) => fail(new WorldError(`listen on ${describe({ address, port })}`, cause)));
    server.listen({ host: address, port }, settle);
  });
  // What goes wrong later is a connection's, and its own to tell.
  server.removeAllListeners("error");
  server.on("error", () => undefined);
  return { port: readPort(server) ?? port, close: () => close(server) };
}

export function describe({ address, port }: HttpPlace): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function readPort(server: Server): number | null {
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : null;
}

async function take(request: IncomingMessage, response: ServerResponse, rules: HttpRules): Promise<void> {
  const body = await readBody(request, rules.maxBytes);
  if (body === null) {
    // What is still on its way is not read.
    response.on("finish", () => request.destroy());
    return say(response, { status: 413, type: "text/plain; charset=utf-8", text: "too long\n" });
  }
  const { method = "", url = "/", headers } = request;
  const header = (name: string): string | null => {
    const value = headers[name];
    return typeof value === "string" ? value : null;
  };
  const path = url.split("?")[0] ?? "/";
  say(response, rules.answer({ method, path, header, body }), method === "HEAD");
}

function say(response: ServerResponse, { status, type, text }: HttpAnswer, isHead = false): void {
  const bytes = Buffer.from(text, "utf8");
  response.writeHead(status, {
    "content-type": type,
    "content-length": bytes.length,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(isHead ? undefined : bytes);
}

/** null: it is longer than it may be, by its own word or in fact. */
async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array | null> {
  if (Number(request.headers["content-length"] ?? 0) > limit) return null;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function close(server: Server): Promise<void> {
  return new Promise((settle) => {
    server.close(() => settle());
    server.closeAllConnections();
  });
}
