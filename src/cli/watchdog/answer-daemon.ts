// What the daemon answers over HTTP: its metrics, whether it is well, and the webhook that wakes it. A place that is
// taken keeps no runner from being looked after: it is tried again with every pass. In: the plan, what the daemon
// knows of itself. Out: a server that follows the plan.

import {
  describe,
  type HttpAnswer,
  type HttpRequest,
  type HttpServer,
  serveHttp,
} from "../../adapters/answer-http.ts";
import { placeOf } from "../../adapters/credentials.ts";
import { readWebhookSecret } from "../../adapters/read-webhook-secret.ts";
import type { Secret } from "../../base/secret.ts";
import { WorldError } from "../../base/world-error.ts";
import type { Counts } from "../../model/watchdog-tally.ts";
import { knowsLabels, MAX_DELIVERY_BYTES, readWebhook } from "../../watchdog/read-webhook.ts";
import { nameUserFolder } from "../open-target.ts";
import type { InForce } from "./keep-fleet.ts";

export interface DaemonFacts {
  /** Prometheus text of the last pass; null: there was none yet. */
  metrics(): string | null;
  /** null: it is well. */
  ailment(): string | null;
  wake(): void;
}

export interface DaemonServer {
  /** Opens, moves or closes as the plan has it; reads the secret. */
  follow(inForce: InForce, warn: (text: string) => void): Promise<void>;
  /** Deliveries since the last time, by what became of them. */
  takeCounts(): Counts;
  close(): Promise<void>;
}

export function openDaemonServer(facts: DaemonFacts, archFilter: boolean): DaemonServer {
  let server: { readonly place: string; readonly http: HttpServer } | null = null;
  let secret: Secret | null = null;
  let isOurs: (labels: readonly string[]) => boolean = () => false;
  let hasWebhook = false;
  let counts = new Map<string, number>();

  const takeDelivery = (request: HttpRequest): HttpAnswer => {
    const delivery = {
      event: request.header("x-github-event"),
      signature: request.header("x-hub-signature-256"),
      type: request.header("content-type"),
      body: request.body,
    };
    const { result, status, text } = readWebhook(delivery, secret, isOurs);
    counts.set(result, (counts.get(result) ?? 0) + 1);
    if (result === "woken") facts.wake();
    return say(status, text);
  };
  const answer = (request: HttpRequest): HttpAnswer => {
    const { path, method } = request;
    if (path === "/webhook" && hasWebhook)
      return method === "POST" ? takeDelivery(request) : say(405, "POST only");
    if (path !== "/metrics" && path !== "/healthz") return say(404, "there is /metrics and /healthz");
    if (method !== "GET" && method !== "HEAD") return say(405, "GET only");
    if (path === "/metrics") return tellMetrics(facts.metrics());
    const ailment = facts.ailment();
    return ailment === null ? say(200, "ok") : say(503, ailment);
  };

  return {
    follow: async (inForce, warn) => {
      const { plan, at } = inForce;
      const { listen, webhookSecret } = plan.watchdog;
      hasWebhook = webhookSecret !== null;
      isOurs = knowsLabels(plan, at.host, archFilter);
      secret = webhookSecret === null ? null : readSecret(webhookSecret, inForce, warn);
      const place = listen === null ? null : describe(listen);
      if (server !== null && server.place !== place) {
        await server.http.close();
        server = null;
      }
      if (listen === null || place === null || server !== null) return;
      try {
        server = { place, http: await serveHttp(listen, { maxBytes: MAX_DELIVERY_BYTES, answer }) };
      } catch (error) {
        if (!(error instanceof WorldError)) throw error;
        warn(`${error.message}; metrics and webhooks are not answered`);
      }
    },
    takeCounts: () => {
      const taken = Object.fromEntries(counts);
      counts = new Map();
      return taken;
    },
    close: async () => server?.http.close(),
  };
}

function readSecret(path: string, { at }: InForce, warn: (text: string) => void): Secret | null {
  const where = placeOf(path, { userFolder: nameUserFolder(at.places) });
  const read = readWebhookSecret(where, { uid: at.uid, env: process.env });
  if (read.kind === "read") return read.secret;
  warn(`webhooks are refused: ${read.why}`);
  return null;
}

function tellMetrics(text: string | null): HttpAnswer {
  const type = "text/plain; version=0.0.4; charset=utf-8";
  return { status: 200, type, text: text ?? "# no pass has ended yet\n" };
}

function say(status: number, text: string): HttpAnswer {
  return { status, type: "text/plain; charset=utf-8", text: `${text}\n` };
}
