// qm(1) of the stand-in. In: arguments and the node's state. Out: what qm prints; a Refusal where it would refuse.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { encodeProxmoxText } from "../../../src/render/quote-proxmox.ts";
import { judgeStart } from "../../render/proxmox-judge.ts";
import { type Context, type Guest, Refusal, readOptions } from "./stand-in.ts";

const NODE = "/nodes/pve1/qemu";
const MIB = 1024;

export function runGuest(words: readonly string[], context: Context): string {
  const { plain, options } = readOptions(words);
  const given: Record<string, string> = Object.fromEntries(
    [...options].map(([key, values]) => {
      if (values.length > 1) throw new Refusal(`400 Parameter verification failed: ${key} twice`);
      return [key, values[0] as string];
    }),
  );
  const [verb = "", first = "", ...rest] = plain;
  switch (verb) {
    case "status":
      return `status: ${find(context, first).status}\n`;
    case "config":
      return printConfig(find(context, first));
    case "create":
      return create(context, first, given);
    case "clone":
      return clone(context, first, rest[0] ?? "", given);
    case "set":
      return set(context, first, given);
    case "disk":
      if (first !== "resize") throw new Refusal(`unknown command qm disk ${first}`);
      return resize(context, rest);
    case "start":
      return start(context, first);
    default:
      throw new Refusal(`unknown command qm ${verb}`);
  }
}

function find({ state }: Context, id: string): Guest {
  const guest = state.guests[id];
  if (guest === undefined)
    throw new Refusal(`Configuration file 'nodes/pve1/qemu-server/${id}.conf' does not exist`);
  return guest;
}

function printConfig({ config }: Guest): string {
  return Object.keys(config)
    .toSorted()
    .map((key) => {
      const value = config[key] as string;
      const shown = key === "description" ? value.split("\n").map(encodeProxmoxText).join("%0A") : value;
      return `${key}: ${shown}\n`;
    })
    .join("");
}

function check(problems: readonly string[]): void {
  if (problems.length > 0) throw new Refusal(`400 Parameter verification failed.\n${problems.join("\n")}`);
}

function create(context: Context, id: string, given: Record<string, string>): string {
  const { state, judge } = context;
  check(judge.judgeCall("POST", NODE, { vmid: id, ...given }));
  if (state.guests[id] !== undefined)
    throw new Refusal(`unable to create VM ${id} - VM ${id} already exists on node 'pve1'`);
  state.guests[id] = { config: makeVolumes(context, id, given), status: "stopped" };
  return "";
}

/** A drive that names no volume yet gets one, as PVE::API2::Qemu makes it. */
function makeVolumes(
  context: Context,
  id: string,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const taken = Object.values(context.state.guests[id]?.config ?? {}).join(" ");
  let next = 0;
  const name = () => {
    while (taken.includes(`vm-${id}-disk-${next}`)) next += 1;
    next += 1;
    return `vm-${id}-disk-${next - 1}`;
  };
  const made = Object.entries(given).map(([key, value]) => {
    if (!/^(?:scsi|efidisk|ide)\d+$/.test(key)) return [key, value];
    const [volume = "", ...parts] = value.split(",");
    const [storage, rest] = volume.split(":");
    if (rest === "cloudinit") return [key, `${storage}:vm-${id}-cloudinit,media=cdrom`];
    if (taken.includes(volume)) return [key, value];
    if (!/^\d+$/.test(rest ?? "")) {
      if (!existsSync(join(context.folder, "storage", rest ?? "")))
        throw new Refusal(`volume '${volume}' does not exist`);
      return [key, value];
    }
    const source = parts.find((part) => part.startsWith("import-from="))?.slice("import-from=".length);
    if (source !== undefined && !existsSync(source)) throw new Refusal(`cannot import from '${source}'`);
    const size = key.startsWith("efidisk") ? "4M" : "3G";
    const kept = parts.filter((part) => !part.startsWith("import-from="));
    return [key, [`${storage}:${name()}`, ...kept, `size=${size}`].join(",")];
  });
  return Object.fromEntries(made);
}

function clone(context: Context, template: string, id: string, given: Record<string, string>): string {
  const { state, judge } = context;
  check(judge.judgeCall("POST", `${NODE}/${template}/clone`, { newid: id, ...given }));
  const source = find(context, template);
  const pool = given.pool === undefined ? [] : state.pools[given.pool];
  if (pool === undefined) throw new Refusal(`pool '${given.pool}' does not exist`);
  if (state.guests[id] !== undefined)
    throw new Refusal(`unable to create VM ${id} - VM ${id} already exists on node 'pve1'`);
  if (given.full !== "1" && given.storage !== undefined)
    throw new Refusal("parameter 'storage' not allowed for linked clones");
  if (given.full !== "1" && source.config.template !== "1")
    throw new Refusal("linked clone needs a template");
  const { template: _, description: __, ...rest } = source.config;
  const config = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [
      key,
      value.replaceAll(`base-${template}-`, `vm-${id}-`).replaceAll(`vm-${template}-`, `vm-${id}-`),
    ]),
  );
  if (given.name !== undefined) config.name = given.name;
  if (given.description !== undefined) config.description = given.description;
  state.guests[id] = { config, status: "stopped" };
  pool.push(Number(id));
  return "";
}

function set(context: Context, id: string, given: Record<string, string>): string {
  const guest = find(context, id);
  if (guest.config.lock !== undefined) throw new Refusal(`VM is locked (${guest.config.lock})`);
  check(context.judge.judgeCall("PUT", `${NODE}/${id}/config`, given));
  const { delete: gone, ...values } = given;
  for (const key of (gone ?? "").split(",").filter((one) => one !== "")) {
    if (guest.config[key] === undefined)
      throw new Refusal(`cannot delete '${key}' - not set in current configuration!`);
    delete guest.config[key];
  }
  Object.assign(guest.config, makeVolumes(context, id, values));
  return "";
}

function toKib(size: string): number {
  const match = /^(\d+)([KMGT]?)$/.exec(size);
  if (match === null) throw new Refusal(`no size: ${size}`);
  return Number(match[1]) * ({ K: 1, M: MIB, G: MIB ** 2, T: MIB ** 3 }[match[2] as "K"] ?? 1 / 1024);
}

function resize(context: Context, [id = "", disk = "", size = ""]: readonly string[]): string {
  check(context.judge.judgeCall("PUT", `${NODE}/${id}/resize`, { disk, size }));
  const guest = find(context, id);
  const now = /size=(\w+)/.exec(guest.config[disk] ?? "")?.[1];
  if (now === undefined) throw new Refusal(`disk '${disk}' does not exist`);
  if (toKib(size) < toKib(now)) throw new Refusal("shrinking disks is not supported");
  guest.config[disk] = (guest.config[disk] as string).replace(/size=\w+/, `size=${size}`);
  return "";
}

function start(context: Context, id: string): string {
  const { state, judge, folder } = context;
  const guest = find(context, id);
  if (guest.status === "running") throw new Refusal(`VM ${id} already running`);
  if (guest.config.template === "1") throw new Refusal("you can't start a vm if it's a template");
  const settings = new Map(Object.entries(guest.config));
  const single = [...settings].flatMap(([key, value]) => judge.judgeSetting(key, value));
  check([...single, ...judgeStart(settings)]);
  for (const volume of (guest.config.cicustom ?? "").match(/local:[^,]+/g) ?? []) {
    if (!existsSync(join(folder, "storage", volume.slice("local:".length))))
      throw new Refusal(`volume '${volume}' does not exist`);
  }
  const mapping = /mapping=([^,]+)/.exec(guest.config.hostpci0 ?? "")?.[1];
  if (mapping !== undefined && state.mappings[mapping] === undefined)
    throw new Refusal(`PCI device mapping not found for '${mapping}'`);
  const shared = guest.config.virtiofs0?.split(",")[0];
  if (shared !== undefined && state.folders[shared] === undefined)
    throw new Refusal(`Directory ID ${shared} does not exist`);
  guest.status = "running";
  return "";
}
