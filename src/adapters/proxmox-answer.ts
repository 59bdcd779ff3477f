// What a reply of Proxmox means: one of the kinds of HypervisorAnswer, whatever came back. Proxmox says most things with
// status 500 and a sentence, so sentences are read; one that is not known is "unknown", never "no". Pure and total.
// In: a reply and a reader of its data. Out: the answer.
// Sentences: pve-guest-common (AbstractConfig), pve-cluster (Cluster), pve-access-control (RPCEnvironment), qemu-server.

import { asObject, type JsonObject, parseObject } from "../base/read-json.ts";
import type { Secret } from "../base/secret.ts";
import type { HypervisorAnswer, HypervisorFailure, MissingPrivilege } from "../model/hypervisor-port.ts";
import { cleanText } from "./github-answer.ts";
import type { ProxmoxReply, ProxmoxRequest, Verb } from "./proxmox-line.ts";

export interface ProxmoxAsk<T> {
  readonly method: Verb;
  readonly path: ProxmoxRequest["path"];
  readonly parameters?: Readonly<Record<string, string>>;
  /** `data` as a record; null: it does not look like one. */
  readonly read: (data: unknown) => T | null;
}

/** One request and what its reply means. */
export type ProxmoxCall = <T>(ask: ProxmoxAsk<T>) => Promise<HypervisorAnswer<T>>;

export interface ProxmoxExpectation<T> {
  readonly read: ProxmoxAsk<T>["read"];
  /** Taken out of every text. */
  readonly secrets: readonly Secret[];
}

export function classifyProxmox<T>(
  request: string,
  reply: ProxmoxReply,
  { read, secrets }: ProxmoxExpectation<T>,
): HypervisorAnswer<T> {
  const clean = (text: string): string => cleanText(text, secrets);
  const unknown = (message: string): HypervisorFailure => ({ kind: "unknown", request, message });
  if (reply.kind === "failed") return unknown(clean(reply.cause));
  const { status, reason, text } = reply;
  const body = parseObject(text);
  if (status === 200) {
    if (body === null || !Object.hasOwn(body, "data")) {
      return unknown("HTTP 200 with a body that is no answer of Proxmox, or cut off");
    }
    const value = read(body.data);
    if (value === null) return unknown("HTTP 200 with data that do not look like Proxmox's");
    return { kind: "ok", value };
  }
  const message = clean(readMessage(body, reason)) || `HTTP ${status} without a word`;
  if (status === 401 || status === 403) return refuse(request, status, message);
  if (status === 400) {
    const details = clean(listErrors(body));
    const whole = details === "" ? message : `${message} ${details}`;
    return { kind: /no such task/.test(details) ? "absent" : "invalid", request, message: whole };
  }
  return classifySentence(request, message) ?? unknown(`HTTP ${status}: ${message}`);
}

/** Newer versions repeat the sentence in the body; the status line has its first line only. */
function readMessage(body: JsonObject | null, reason: string): string {
  return typeof body?.message === "string" && body.message.trim() !== "" ? body.message : reason;
}

function listErrors(body: JsonObject | null): string {
  return Object.entries(asObject(body?.errors) ?? {})
    .map(([name, fault]) => `${name}: ${typeof fault === "string" ? fault.trim() : "refused"}`)
    .join("; ");
}

function refuse(request: string, status: number, message: string): HypervisorFailure {
  const missing = status === 403 ? readMissing(message) : null;
  const help =
    status === 401
      ? "Run the rendered access.sh on the node, as root: this token is expired, removed or mistyped."
      : "Run the rendered access.sh on the node, as root: it grants what these guests need.";
  return { kind: "refused", request, status, message, missing, help };
}

/** `Permission check failed (/vms/9101, VM.Audit|VM.PowerMgmt)` */
function readMissing(message: string): MissingPrivilege | null {
  const match = /Permission check failed \((\/[^,)]*), ([A-Za-z.|]+)\)/.exec(message);
  const [, path, privileges] = match ?? [];
  if (path === undefined || privileges === undefined) return null;
  return { path, privileges: privileges.split("|").filter((each) => each !== "") };
}

/** null: nothing that we know. Of a refusal, and of a task's exit status. */
export function classifySentence(
  request: string,
  message: string,
): Extract<HypervisorFailure, { kind: "locked" | "no-quorum" | "absent" | "conflict" }> | null {
  const lock = /\bVM is locked(?: \(([^)]*)\))?/.exec(message);
  if (lock !== null) return { kind: "locked", request, message, lock: lock[1] ?? null };
  const kind = SENTENCES.find(({ pattern }) => pattern.test(message))?.kind;
  if (kind === undefined) return null;
  return kind === "locked" ? { kind, request, message, lock: null } : { kind, request, message };
}

const SENTENCES: readonly {
  readonly pattern: RegExp;
  readonly kind: "locked" | "no-quorum" | "absent" | "conflict";
}[] = [
  { kind: "no-quorum", pattern: /\bno quorum\b/ },
  // Without a quorum the cluster's file system can be read only.
  {
    kind: "no-quorum",
    pattern: /unable to (?:open|create) file '\/etc\/pve\/[^']*' - (?:Permission denied|Read-only)/,
  },
  { kind: "locked", pattern: /can't lock file '[^']*' - got timeout/ },
  { kind: "locked", pattern: /got lock request timeout|can't acquire lock|lock request timed out/ },
  { kind: "absent", pattern: /^Configuration file '[^']*' does not exist/ },
  { kind: "absent", pattern: /^unable to find configuration file for VM \d+/ },
  { kind: "absent", pattern: /^snapshot '[^']*' does not exist/ },
  { kind: "absent", pattern: /^no such task/ },
  { kind: "conflict", pattern: /\balready exists\b/ },
  { kind: "conflict", pattern: /^snapshot name '[^']*' already used/ },
  { kind: "conflict", pattern: /^VM \d+ already running/ },
  { kind: "conflict", pattern: /^VM \d+ is running - destroy failed/ },
  { kind: "conflict", pattern: /^detected modified configuration/ },
];
