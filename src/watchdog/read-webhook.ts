// Judges one delivery to the webhook: whether it is GitHub's, and whether it speaks of a job that a pool here might
// take. It wakes a pass at most; what is in it is never believed. In: the request as it came, the secret. Out: the
// answer, and one word for metrics. GitHub's docs, "Validating webhook deliveries" and "Webhook events and payloads".

import { createHmac, timingSafeEqual } from "node:crypto";
import { asObject, parseObject } from "../base/read-json.ts";
import type { Secret } from "../base/secret.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import { archOf, coversJob } from "./cover-job.ts";

/** GitHub sends up to 25 MB; a `workflow_job` has some 30 kB. */
export const MAX_DELIVERY_BYTES = 1024 * 1024;

export interface Delivery {
  readonly event: string | null;
  readonly signature: string | null;
  readonly type: string | null;
  readonly body: Uint8Array;
}

export interface WebhookVerdict {
  /** `woken`: a pass is to look. */
  readonly result: "woken" | "ignored" | "refused";
  readonly status: number;
  readonly text: string;
}

export function readWebhook(
  delivery: Delivery,
  secret: Secret | null,
  isOurs: (labels: readonly string[]) => boolean,
): WebhookVerdict {
  if (secret === null) return { result: "refused", status: 503, text: "the secret cannot be read here" };
  if (!isSigned(delivery, secret)) return { result: "refused", status: 401, text: "the signature is wrong" };
  const { event, type, body } = delivery;
  if (event === "ping") return ignored("pong");
  if (event !== "workflow_job") return ignored("only workflow_job is of use here");
  if (!/^application\/json(?:;|$)/i.test(type ?? "")) {
    return { result: "refused", status: 415, text: "set the webhook's content type to application/json" };
  }
  const job = readJob(body);
  if (job === null) return { result: "refused", status: 400, text: "this is no workflow_job" };
  if (job.action !== "queued") return ignored(`nothing is to be done when a job is ${job.action}`);
  if (!isOurs(job.labels)) return ignored("no pool here has these labels");
  return { result: "woken", status: 202, text: "the queue will be looked at" };
}

function ignored(text: string): WebhookVerdict {
  return { result: "ignored", status: 202, text };
}

function isSigned({ signature, body }: Delivery, secret: Secret): boolean {
  const given = /^sha256=([0-9a-f]{64})$/.exec(signature ?? "")?.[1];
  if (given === undefined) return false;
  const wanted = createHmac("sha256", secret.reveal()).update(body).digest();
  return timingSafeEqual(Buffer.from(given, "hex"), wanted);
}

const ACTIONS: readonly unknown[] = ["queued", "in_progress", "completed", "waiting"];

function readJob(body: Uint8Array): { readonly action: string; readonly labels: readonly string[] } | null {
  const document = parseObject(new TextDecoder("utf-8").decode(body));
  const { action } = document ?? {};
  const labels = asObject(document?.workflow_job)?.labels;
  if (typeof action !== "string" || !ACTIONS.includes(action) || !Array.isArray(labels)) return null;
  if (!labels.every((label) => typeof label === "string")) return null;
  return { action, labels: labels.map((label) => label.toLowerCase()) };
}

/** Whether a pool that follows the queue could take such a job on this host. */
export function knowsLabels(plan: Plan, host: PlannedHost, archFilter: boolean) {
  const scaling = new Set(plan.pools.filter(({ scaling: range }) => range !== null).map(({ name }) => name));
  const able = host.placements.filter(({ pool }) => scaling.has(pool));
  return (labels: readonly string[]): boolean =>
    able.some((placement) =>
      coversJob(
        placement.labels,
        archOf(placement),
        { id: 0, target: placement.target, repository: "", labels },
        { archFilter },
      ),
    );
}
