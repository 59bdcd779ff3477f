// The fake node as a real server with TLS: tokens, parameters, faults; every request and every answer is held to
// Proxmox's description of its API where that is at hand. In: state. Out: a running server and its certificate.

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { makeCertificate } from "../github/make-certificate.ts";
import { openProxmoxJudge } from "../render/proxmox-judge.ts";
import { openAnswerJudge } from "./check-answer.ts";
import { TROUBLES } from "./misbehave.ts";
import { type Answer, answer } from "./routes.ts";
import type { FakeNode } from "./state.ts";

export interface FakeProxmox {
  readonly url: string;
  /** In PEM: it signs itself. */
  readonly certificate: string;
  /** Requests and answers that Proxmox's description does not allow: must stay empty. */
  readonly mistakes: readonly string[];
  /** The description is at hand. */
  readonly isChecked: boolean;
  close(): Promise<void>;
}

const PREFIX = "/api2/json";
/** Made once: it takes a while, and every server in a test file may show the same. */
let shown: { readonly key: string; readonly cert: string } | null = null;

export async function serveFakeProxmox(
  state: FakeNode,
  certificate?: { readonly key: string; readonly cert: string },
): Promise<FakeProxmox> {
  shown ??= makeCertificate(["localhost", "127.0.0.1"]);
  const tls = certificate ?? shown;
  const mistakes: string[] = [];
  const judges = { call: openProxmoxJudge(), answer: openAnswerJudge() };
  const server = createServer(tls, (incoming, outgoing) => {
    handle(state, judges, mistakes, incoming, outgoing).catch((cause) => {
      mistakes.push(`${incoming.method} ${incoming.url}: ${cause instanceof Error ? cause.stack : cause}`);
      if (!outgoing.headersSent) outgoing.writeHead(500);
      outgoing.end();
    });
  });
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  // Whoever waits for an answer holds the process; one that a failed test left open must not.
  server.unref();
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    certificate: tls.cert,
    mistakes,
    isChecked: judges.call !== null && judges.answer !== null,
    close: () =>
      new Promise((settle) => {
        server.close(() => settle());
        server.closeAllConnections();
      }),
  };
}

interface Judges {
  readonly call: ReturnType<typeof openProxmoxJudge>;
  readonly answer: ReturnType<typeof openAnswerJudge>;
}

async function handle(
  state: FakeNode,
  judges: Judges,
  mistakes: string[],
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const method = incoming.method ?? "GET";
  const url = new URL(incoming.url ?? "/", "https://fake");
  const parameters = await readParameters(method, url, incoming);
  const path = decodeURIComponent(url.pathname.slice(PREFIX.length));
  const record = { method, path, parameters, status: 0 };
  state.requests.push(record);
  const token = /^PVEAPIToken=(.+)$/.exec(incoming.headers.authorization ?? "")?.[1] ?? "";
  const reply = (): Answer => {
    const user = token.replace(/=.*$/, "");
    const given = answer({ state, method, path, parameters, token, user });
    mistakes.push(...judgeExchange(judges, record, given));
    return given;
  };
  const fault = state.faults.find((each) => each.left > 0 && each.match.test(`${method} ${path}`));
  if (fault !== undefined) {
    fault.left -= 1;
    const isDone = fault.kind.startsWith("done-then-");
    const body = isDone || method === "GET" ? JSON.stringify(reply().body) : '{"data":null}';
    return TROUBLES[fault.kind]({ body, detail: fault.detail, incoming, outgoing });
  }
  if (!url.pathname.startsWith(`${PREFIX}/`) || !state.grants.has(token)) {
    record.status = 401;
    outgoing.writeHead(401, token === "" ? "No ticket" : "invalid token value!", { "content-length": "0" });
    outgoing.end();
    return;
  }
  const given = reply();
  record.status = given.status;
  // Only the first line of a sentence fits into a status line.
  outgoing.writeHead(given.status, given.reason.split("\n")[0], {
    "content-type": "application/json;charset=UTF-8",
  });
  outgoing.end(JSON.stringify(given.body));
}

async function readParameters(
  method: string,
  url: URL,
  incoming: IncomingMessage,
): Promise<Readonly<Record<string, string>>> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString("utf8");
  const isBody = method === "POST" || method === "PUT";
  const parameters = [...(isBody ? new URLSearchParams(body) : url.searchParams)];
  // pve-http-server, decode_urlencoded: a name without a value has none, not an empty one.
  const empty = parameters.find(([, value]) => value === "");
  if (empty !== undefined) throw new Error(`${empty[0]} is sent without a value`);
  return Object.fromEntries(parameters);
}

/** What Proxmox refuses by itself is no mistake of the fake's; what it takes must be allowed. */
function judgeExchange(
  judges: Judges,
  {
    method,
    path,
    parameters,
  }: { method: string; path: string; parameters: Readonly<Record<string, string>> },
  given: Answer,
): readonly string[] {
  const on = `${method} ${path}`;
  const asked = judges.call?.judgeCall(method, path, parameters) ?? [];
  const said = given.status === 200 ? (judges.answer?.judge(method, path, given.body.data) ?? []) : [];
  return [...asked, ...said].map((fault) => `${on}: ${fault}`);
}
