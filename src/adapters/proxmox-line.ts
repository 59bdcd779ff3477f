// The line to one Proxmox node: TLS with its own authority and nothing else, no proxy, one deadline for an answer with
// its body. Node's fetch can be given no authority of its own, so this is node:https. In: method, path, parameters.
// Out: status and text, or why there is none; never throws for what the network does.

import type { IncomingMessage } from "node:http";
import { Agent, type AgentOptions, request as startRequest } from "node:https";
import type { Secret } from "../base/secret.ts";
import { startDeadline } from "./deadline.ts";
import { describeNetworkFailure } from "./github-fetch.ts";

export interface ProxmoxLineOptions {
  /** `https://localhost:8006` */
  readonly url: string;
  /** `USER@REALM!NAME=UUID` */
  readonly token: Secret;
  /** Certificates in PEM that are trusted, an authority's or the node's own; all others are not. */
  readonly trusted: readonly string[];
  readonly userAgent: string;
  /** Of one request, body included. pveproxy gives up on its workers after 30 s. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal | null;
}

export type Verb = "GET" | "POST" | "PUT" | "DELETE";

export interface ProxmoxRequest {
  readonly method: Verb;
  /** Below /api2/json: parts that are not encoded yet. */
  readonly path: readonly (string | number)[];
  readonly parameters: Readonly<Record<string, string>>;
}

export type ProxmoxReply =
  | {
      readonly kind: "answered";
      readonly status: number;
      /** Proxmox says here what is wrong where it sends no body (pve-http-server, AnyEvent.pm). */
      readonly reason: string;
      readonly text: string;
    }
  | { readonly kind: "failed"; readonly cause: string };

export interface ProxmoxLine {
  readonly url: string;
  /** `GET https://…`, without parameters. */
  describe(request: ProxmoxRequest): string;
  send(request: ProxmoxRequest): Promise<ProxmoxReply>;
  /** Connections that wait for the next request would hold the process. */
  close(): void;
}

/** The settings of a thousand guests have 2 MB; a task's log may have as much. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;
const HELP_TRUST = "it is neither signed by the node's /etc/pve/pve-root-ca.pem nor the node's own";

export function openProxmoxLine(options: ProxmoxLineOptions): ProxmoxLine {
  const base = new URL(options.url);
  // Whatever the address says: the token never leaves unencrypted.
  if (base.protocol !== "https:") throw new TypeError("the address of Proxmox's API begins with https://");
  const tls: AgentOptions = {
    maxSockets: 4,
    minVersion: "TLSv1.2",
    ca: [...options.trusted],
    // An uploaded certificate (pveproxy-ssl.pem) is trusted by itself, without the authority that signed it.
    allowPartialTrustChain: true,
  };
  // pveproxy closes a connection that waits for seconds. A question can be asked again; of a change that went into one
  // that was being closed nobody knows, so each has a connection of its own.
  const agents = { kept: new Agent({ ...tls, keepAlive: true }), own: new Agent(tls) };
  const prefix = `${base.pathname.replace(/\/+$/, "")}/api2/json`;
  return {
    url: base.origin,
    describe: ({ method, path }) => `${method} ${base.origin}${prefix}${encodePath(path)}`,
    send: (request) => sendOne(request, { base, prefix, agents, options }),
    close: () => {
      agents.kept.destroy();
      agents.own.destroy();
    },
  };
}

function encodePath(parts: ProxmoxRequest["path"]): string {
  return parts
    .map((part) => {
      const text = encodeURIComponent(part);
      if (text === "" || text === "." || text === "..") throw new TypeError(`no part of a path: "${part}"`);
      return `/${text}`;
    })
    .join("");
}

interface Way {
  readonly base: URL;
  readonly prefix: string;
  readonly agents: { readonly kept: Agent; readonly own: Agent };
  readonly options: ProxmoxLineOptions;
}

async function sendOne(request: ProxmoxRequest, way: Way): Promise<ProxmoxReply> {
  const { deadlineMs, signal } = way.options;
  const deadline = startDeadline(deadlineMs, signal);
  try {
    const response = await startAndWait(request, way, deadline.signal);
    const text = await readUpTo(response, MAX_BODY_BYTES);
    if (text === null) return { kind: "failed", cause: `more than ${MAX_BODY_BYTES} bytes of answer` };
    const { statusCode = 0, statusMessage = "" } = response;
    return { kind: "answered", status: statusCode, reason: statusMessage, text };
  } catch (error) {
    if (deadline.isLate()) return { kind: "failed", cause: `no whole answer within ${deadlineMs / 1000} s` };
    if (signal?.aborted === true)
      return { kind: "failed", cause: "given up: the time for all of this is over" };
    return { kind: "failed", cause: describeNetworkFailure(error, HELP_TRUST) };
  } finally {
    deadline.end();
  }
}

function startAndWait(request: ProxmoxRequest, way: Way, signal: AbortSignal): Promise<IncomingMessage> {
  const { method, path, parameters } = request;
  const { base, prefix, agents, options } = way;
  const form = new URLSearchParams(parameters).toString();
  // Proxmox reads the parameters of PUT and POST from the body, of the others from the address.
  const inBody = method === "POST" || method === "PUT";
  const query = inBody || form === "" ? "" : `?${form}`;
  return new Promise((settle, fail) => {
    const started = startRequest(
      {
        // Brackets of an IPv6 address belong to the address's text only.
        hostname: base.hostname.replace(/^\[|\]$/g, ""),
        port: base.port === "" ? 443 : Number(base.port),
        method,
        path: `${prefix}${encodePath(path)}${query}`,
        agent: method === "GET" ? agents.kept : agents.own,
        signal,
        headers: {
          authorization: `PVEAPIToken=${options.token.reveal()}`,
          accept: "application/json",
          "user-agent": options.userAgent,
          ...(inBody
            ? {
                "content-type": "application/x-www-form-urlencoded",
                "content-length": Buffer.byteLength(form),
              }
            : {}),
        },
      },
      settle,
    );
    started.on("error", (error) => {
      if (method === "GET" && started.reusedSocket && !signal.aborted) {
        settle(startAndWait(request, way, signal));
      } else fail(error);
    });
    started.end(inBody ? form : undefined);
  });
}

async function readUpTo(response: IncomingMessage, limit: number): Promise<string | null> {
  const decoder = new TextDecoder("utf-8");
  let text = "";
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > limit) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
