// Stands in for a Proxmox node's programs: qm, pvesm, pvesh, pveum. As strict as they are: options and values are
// judged by Proxmox's own schema, a guest that is there is not made again, a disk does not shrink, a start wants all
// that QEMU would. In: the program's name and its arguments; PVE_STATE, a folder with state.json. Out: what the
// program prints; every call is a line of calls.log. PVE_FAIL_AT: the so-many-eth call that changes something fails
// (`-` before the number: after it was done, as when the machine goes down).

import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openProxmoxJudge } from "../../render/proxmox-judge.ts";
import { runAccess, runMapping } from "./stand-in-cluster.ts";
import { runGuest } from "./stand-in-guest.ts";

export interface Guest {
  config: Record<string, string>;
  status: "stopped" | "running";
}

export interface State {
  guests: Record<string, Guest>;
  mappings: Record<string, { description?: string; map: string[] }>;
  /** Directory mappings. */
  folders: Record<string, { description?: string; map: string[] }>;
  /** Members by pool. */
  pools: Record<string, number[]>;
  roles: Record<string, string>;
  users: string[];
  tokens: Record<string, string[]>;
  acls: string[];
  snippets: string[];
  changes: number;
}

export class Refusal extends Error {}

const folder = process.env.PVE_STATE ?? "";
const [tool = "", ...args] = process.argv.slice(2);
const file = join(folder, "state.json");
const state: State = JSON.parse(readFileSync(file, "utf8"));

/** Opened for calls that change something alone: it reads megabytes of schema. */
function openJudge(): NonNullable<ReturnType<typeof openProxmoxJudge>> {
  const judge = openProxmoxJudge();
  if (judge === null) throw new Error("CI_FLEET_DATA is not set");
  return judge;
}

/** `--key value` pairs and `--key` again; what stands before them. */
export function readOptions(words: readonly string[]): {
  readonly plain: readonly string[];
  readonly options: ReadonlyMap<string, readonly string[]>;
} {
  const plain: string[] = [];
  const options = new Map<string, string[]>();
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] as string;
    if (!word.startsWith("--")) {
      plain.push(word);
      continue;
    }
    const value = words[i + 1];
    if (value === undefined) throw new Refusal(`Option ${word.slice(2)} requires an argument`);
    options.set(word.slice(2), [...(options.get(word.slice(2)) ?? []), value]);
    i += 1;
  }
  return { plain, options };
}

function runStorage(words: readonly string[]): string {
  const { plain, options } = readOptions(words);
  if (plain[0] === "path") {
    const [storage, rest] = (plain[1] ?? "").split(":");
    if (storage !== "local" || rest === undefined) throw new Refusal(`storage '${storage}' does not exist`);
    return `${join(folder, "storage", rest)}\n`;
  }
  if (plain[0] === "status") {
    const content = options.get("content")?.[0];
    const rows = content === "snippets" ? state.snippets : ["local"];
    return `Name             Type     Status\n${rows.map((name) => `${name.padEnd(16)} dir      active\n`).join("")}`;
  }
  throw new Refusal(`ERROR: unknown command 'pvesm ${words.join(" ")}'`);
}

const READS = /^(?:qm (?:status|config)|pvesm |pvesh get|pveum .*\b(?:list|permissions)\b)/;

function run(): string {
  const line = [tool, ...args].join(" ");
  appendFileSync(join(folder, "calls.log"), `${JSON.stringify([tool, ...args])}\n`);
  const changes = !READS.test(line);
  const failAt = Number(process.env.PVE_FAIL_AT ?? "0");
  if (changes) state.changes += 1;
  const fails = changes && state.changes === Math.abs(failAt);
  if (fails && failAt > 0) {
    writeFileSync(file, JSON.stringify(state));
    throw new Refusal("the node went down before");
  }
  const context: Context = {
    state,
    folder,
    get judge() {
      return openJudge();
    },
  };
  const out =
    tool === "qm"
      ? runGuest(args, context)
      : tool === "pvesm"
        ? runStorage(args)
        : tool === "pvesh"
          ? runMapping(args, context)
          : runAccess(args, context);
  if (changes) writeFileSync(file, JSON.stringify(state));
  if (fails) throw new Refusal("the node went down after");
  return out;
}

export interface Context {
  readonly state: State;
  readonly judge: ReturnType<typeof openJudge>;
  readonly folder: string;
}

if (existsSync(file)) {
  try {
    process.stdout.write(run());
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}
