// Looks at a Proxmox node, or at a machine that gives cards away, by tools that change nothing: /sys, qm, pvesm,
// pvesh, pveum. In: what to look for. Out: an observation in which everything that did not answer says why.

import { isObject } from "../base/read-json.ts";
import type { NodeState } from "../model/apply-state.ts";
import { type Seen, seen, unseen } from "../model/host-observation.ts";
import type { NodeObservation, ObservedGuest, ObservedTemplate } from "../model/node-observation.ts";
import type { HostFiles, HostTools } from "../model/ports.ts";

/** pvesh takes a second by itself, and more in a cluster that looks for its quorum. */
const PATIENCE_MS = 30_000;

export interface NodeRequest {
  /** Functions of cards. */
  readonly addresses: readonly string[];
  /** null: no Proxmox node. */
  readonly proxmox: {
    readonly node: string;
    readonly snippets: string;
    readonly template: number | null;
    /** What the first line of our guests' descriptions begins with. */
    readonly mark: string;
    readonly user: string;
    readonly token: string;
  } | null;
  readonly state: NodeState;
}

export interface NodePorts {
  readonly tools: HostTools;
  readonly files: HostFiles;
}

export async function observeNode(request: NodeRequest, ports: NodePorts): Promise<NodeObservation> {
  const { proxmox, state } = request;
  const { files, tools } = ports;
  const line = files.readText("/proc/cmdline");
  const none = unseen("this is no Proxmox node");
  const [takesSnippets, template, guests, rights] =
    proxmox === null
      ? [none, none, none, none]
      : await Promise.all([
          askSnippets(tools, proxmox.snippets),
          askTemplate(tools, proxmox.template),
          askGuests(tools, proxmox.node, proxmox.mark, readReservations(files)),
          askRights(tools, proxmox.user, proxmox.token),
        ]);
  return {
    drivers: new Map(request.addresses.map((address) => [address, readDriver(files, address)])),
    kernelLine: line.ok ? seen(line.value.trim().split(/\s+/)) : unseen(`/proc/cmdline: ${line.code}`),
    waitsForReboot: state.waitsForReboot,
    ...{ takesSnippets, template, guests, rights },
    rehearsals: state.rehearsals,
  };
}

/** By guest. One that is not running may have left its own behind (PVE::QemuServer::PCI, reserve_pci_usage). */
function readReservations(files: HostFiles): ReadonlyMap<number, readonly string[]> {
  const text = files.readText("/run/qemu-server/pci-id-reservations");
  const held = new Map<number, string[]>();
  for (const line of text.ok ? text.value.split("\n") : []) {
    const [, address = "", vmId] = /^([0-9a-f:.]{7,}) (\d+) (?:time|pid):\d+$/.exec(line) ?? [];
    if (vmId !== undefined) held.set(Number(vmId), [...(held.get(Number(vmId)) ?? []), address]);
  }
  return held;
}

function readDriver(files: HostFiles, address: string): Seen<string | null> {
  const folder = `/sys/bus/pci/devices/${address}`;
  const link = files.readLink(`${folder}/driver`);
  if (link.ok) return seen(link.value.slice(link.value.lastIndexOf("/") + 1));
  if (!files.stat(folder).ok) return unseen("there is no such device");
  return link.code === "ENOENT" ? seen(null) : unseen(link.code);
}

async function ask(tools: HostTools, command: string, ...words: readonly string[]): Promise<Seen<string>> {
  const answer = await tools.run(command, words, PATIENCE_MS);
  if (answer.kind === "ran" && answer.exitCode === 0) return seen(answer.stdout);
  if (answer.kind === "missing") return unseen(`there is no ${command}`);
  if (answer.kind === "timeout") return unseen(`${command} did not answer in ${answer.afterMs / 1000} s`);
  if (answer.kind === "failed") return unseen(answer.cause);
  const last = answer.stderr.trim().split("\n").at(-1) || `exit ${answer.exitCode}`;
  return unseen(`${command} ${words[0] ?? ""}: ${last}`);
}

async function askJson(
  tools: HostTools,
  command: string,
  ...words: readonly string[]
): Promise<Seen<unknown>> {
  const text = await ask(tools, command, ...words, "--output-format", "json");
  if (!text.known) return text;
  try {
    return seen(JSON.parse(text.value));
  } catch {
    return unseen(`what ${command} ${words[0] ?? ""} prints is no JSON`);
  }
}

async function askSnippets(tools: HostTools, storage: string): Promise<Seen<boolean>> {
  const text = await ask(tools, "pvesm", "status", "--content", "snippets");
  if (!text.known) return text;
  return seen(text.value.split("\n").some((line) => line.split(/\s+/)[0] === storage));
}

async function askTemplate(tools: HostTools, id: number | null): Promise<Seen<ObservedTemplate | null>> {
  if (id === null) return seen(null);
  const text = await ask(tools, "qm", "config", String(id));
  if (!text.known) return /does not exist/.test(text.why) ? seen(null) : text;
  const config = readConfig(text.value);
  const ctime = /(?:^|,)ctime=(\d+)/.exec(config.get("meta") ?? "")?.[1];
  const madeAt = ctime === undefined ? null : Number(ctime) * 1000;
  return seen({ isTemplate: config.get("template") === "1", madeAt });
}

/** qm(1), config: `key: value`, a description with its ends of lines encoded. */
function readConfig(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split("\n").flatMap((line) => {
      const at = line.indexOf(": ");
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 2)] as const];
    }),
  );
}

async function askGuests(
  tools: HostTools,
  node: string,
  mark: string,
  held: ReadonlyMap<number, readonly string[]>,
): Promise<Seen<readonly ObservedGuest[]>> {
  const list = await askJson(tools, "pvesh", "get", `/nodes/${node}/qemu`);
  if (!list.known) return list;
  if (!Array.isArray(list.value)) return unseen("what pvesh lists is no list");
  const guests: ObservedGuest[] = [];
  for (const row of list.value) {
    const vmId = isObject(row) ? Number(row.vmid) : Number.NaN;
    if (!isObject(row) || !Number.isSafeInteger(vmId) || row.template === 1) continue;
    const text = await ask(tools, "qm", "config", String(vmId));
    // Gone since the list was made, or not to be read: then nobody can say whose it is.
    if (!text.known) {
      if (/does not exist/.test(text.why)) continue;
      return text;
    }
    const config = readConfig(text.value);
    const first = decodeFirstLine(config.get("description") ?? "");
    if (!first.startsWith(mark)) continue;
    guests.push({
      vmId,
      name: config.get("name") ?? "",
      running: row.status === "running",
      lock: config.get("lock") ?? null,
      mark: first,
      cards: listCards(config),
      holds: row.status === "running" ? (held.get(vmId) ?? []) : [],
    });
  }
  return seen(guests.sort((a, b) => a.vmId - b.vmId));
}

function decodeFirstLine(description: string): string {
  const first = description.split("%0A")[0] ?? "";
  try {
    return decodeURIComponent(first);
  } catch {
    return first;
  }
}

function listCards(config: ReadonlyMap<string, string>): readonly string[] {
  return [...config].flatMap(([key, value]) => {
    if (!/^hostpci\d+$/.test(key)) return [];
    const parts = value.split(",");
    const named = parts.find((part) => /^(?:mapping|host)=/.test(part)) ?? parts[0] ?? "";
    return [named.replace(/^(?:mapping|host)=/, "")];
  });
}

/** In effect: what both the token and its user were granted (pveum(1), "user token permissions"). */
async function askRights(
  tools: HostTools,
  user: string,
  token: string,
): Promise<Seen<ReadonlyMap<string, readonly string[]> | null>> {
  const users = await askJson(tools, "pveum", "user", "list");
  if (!users.known) return users;
  if (!hasEntry(users.value, "userid", user)) return seen(null);
  const tokens = await askJson(tools, "pveum", "user", "token", "list", user);
  if (!tokens.known) return tokens;
  if (!hasEntry(tokens.value, "tokenid", token)) return seen(null);
  const answer = await askJson(tools, "pveum", "user", "token", "permissions", user, token);
  if (!answer.known) return answer;
  if (!isObject(answer.value)) return unseen("what pveum prints of the token's permissions is no object");
  const paths = Object.entries(answer.value).flatMap(([path, privileges]) =>
    isObject(privileges) && Object.keys(privileges).length > 0
      ? [[path, Object.keys(privileges).sort()] as const]
      : [],
  );
  return seen(new Map(paths));
}

function hasEntry(list: unknown, key: string, value: string): boolean {
  return Array.isArray(list) && list.some((row) => isObject(row) && row[key] === value);
}
