// The five files that are a configured runner, and what they say about it. `.runner` is JSON with a byte
// order mark and camelCase keys, default values left out (actions/runner, ConfigurationStore.cs).
// In: their texts. Out: whose registration this is, or why it is none.

import { type JsonObject, parseObject } from "../base/read-json.ts";

/** Kept, copied and deleted together: a part of them can neither start nor be configured. */
export const IDENTITY_FILES = [
  ".runner",
  ".runner_migrated",
  ".credentials",
  ".credentials_migrated",
  ".credentials_rsaparams",
] as const;

export type IdentityFile = (typeof IDENTITY_FILES)[number];

/** Without these three the listener does not start; GitHub pushes the other two later. */
export const ESSENTIAL_FILES: readonly IdentityFile[] = [".runner", ".credentials", ".credentials_rsaparams"];

export type RunnerIdentity =
  | { readonly kind: "none" }
  /** Some files, but no runner that could start. `agentId` where it can still be read. */
  | { readonly kind: "broken"; readonly why: string; readonly agentId: number | null }
  | {
      readonly kind: "whole";
      /** The registration's id in the REST API. */
      readonly agentId: number;
      readonly agentName: string;
      /** `https://github.com/acme`; null for JIT registrations, which do not record it. */
      readonly gitHubUrl: string | null;
      readonly ephemeral: boolean;
    };

/** `texts`: a file that is missing has no entry; null is one that cannot be read. */
export function readIdentity(texts: ReadonlyMap<IdentityFile, string | null>): RunnerIdentity {
  if (texts.size === 0) return { kind: "none" };
  const settings = parseFile(texts.get(".runner") ?? null);
  const agentId = readId(settings?.agentId);
  const broken = (why: string): RunnerIdentity => ({ kind: "broken", why, agentId });
  for (const name of ESSENTIAL_FILES) {
    const text = texts.get(name);
    if (text === undefined) return broken(`${name} is missing`);
    if (text === null) return broken(`${name} cannot be read`);
    if (parseFile(text) === null) return broken(`${name} is cut off or no JSON`);
  }
  const agentName = settings?.agentName;
  if (agentId === null || typeof agentName !== "string" || agentName === "") {
    return broken(".runner names no registration");
  }
  const url = settings?.gitHubUrl;
  return {
    kind: "whole",
    agentId,
    agentName,
    gitHubUrl: typeof url === "string" && url !== "" ? url : null,
    ephemeral: settings?.ephemeral === true,
  };
}

/** With the byte order mark of .NET's writer, or without. */
function parseFile(text: string | null): JsonObject | null {
  return text === null ? null : parseObject(text.replace(/^\uFEFF/, ""));
}

function readId(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : null;
}
