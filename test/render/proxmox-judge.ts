// Proxmox's own schema of a guest's settings as a judge: what its API would refuse, and what it refuses when the guest
// starts. In: the schemas of CI_FLEET_DATA; settings. Out: what is wrong with them.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fitsFormat } from "./proxmox-formats.ts";

const data = process.env.CI_FLEET_DATA ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));
const FILES = { settings: "pve-vm-config-schema.json", api: "pve-api-subset.json" } as const;

interface Shape {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number | string;
  readonly maximum?: number | string;
  readonly maxLength?: number;
  readonly format?: string | Readonly<Record<string, Shape>>;
  readonly optional?: number;
  readonly default_key?: number;
  readonly alias?: string;
  readonly keyAlias?: string;
  readonly items?: Shape;
}

type Shapes = Readonly<Record<string, Shape>>;

export interface ProxmoxJudge {
  /** One setting, `scsi0` with its value. */
  judgeSetting(key: string, value: string): readonly string[];
  /** A whole file of /etc/pve/qemu-server. */
  judgeConfig(text: string): readonly string[];
  /** Parameters of a call: `POST /nodes/{node}/qemu`. */
  judgeCall(method: string, path: string, parameters: Readonly<Record<string, unknown>>): readonly string[];
}

/** null: the reference data is not here. */
export function openProxmoxJudge(): ProxmoxJudge | null {
  if (Object.values(FILES).some((name) => !existsSync(join(data, name)))) return null;
  const { formats, properties } = JSON.parse(readFileSync(join(data, FILES.settings), "utf8")) as {
    formats: Readonly<Record<string, Shapes | string>>;
    properties: Shapes;
  };
  const api = JSON.parse(readFileSync(join(data, FILES.api), "utf8")) as Readonly<
    Record<string, Readonly<Record<string, { parameters?: { properties?: Shapes } }>>>
  >;
  const check = (shape: Shape, value: string): readonly string[] => checkValue(shape, value, formats);
  const judgeSetting = (key: string, value: string): readonly string[] => {
    const shape = findShape(properties, key);
    if (shape === undefined) return [`unknown setting ${key}`];
    return [...check(shape, value), ...checkModels(key, value)].map((problem) => `${key}: ${problem}`);
  };
  return {
    judgeSetting,
    judgeConfig: (text) => {
      const read = readConfig(text);
      if (read.problems.length > 0) return read.problems;
      const single = [...read.settings].flatMap(([key, value]) => judgeSetting(key, value));
      return [...single, ...judgeStart(read.settings)];
    },
    judgeCall: (method, path, parameters) => {
      const call = findCall(api, path)?.[method];
      if (call === undefined) return [`no call ${method} ${path}`];
      const known = call.parameters?.properties ?? {};
      const missing = Object.entries(known)
        .filter(([name, shape]) => shape.optional !== 1 && !path.includes(`{${name}}`))
        .filter(([name]) => !isInPath(name, path, api) && !Object.hasOwn(parameters, name))
        .map(([name]) => `${name} is missing`);
      const wrong = Object.entries(parameters).flatMap(([name, value]) => {
        const shape = findShape(known, name);
        if (shape === undefined) return [`unknown parameter ${name}`];
        const values = Array.isArray(value) ? value : [value];
        const inner = shape.type === "array" ? (shape.items ?? shape) : shape;
        return values.flatMap((one) => check(inner, String(one)).map((problem) => `${name}: ${problem}`));
      });
      return [...missing, ...wrong];
    },
  };
}

/** `/nodes/pve1/qemu/9100/config` → the entry of `/nodes/{node}/qemu/{vmid}/config`. */
function findCall<T>(api: Readonly<Record<string, T>>, path: string): T | undefined {
  const key = Object.keys(api).find((one) => toPattern(one).test(path));
  return key === undefined ? undefined : api[key];
}

function toPattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{[^}]+\}/g, "[^/]+")}$`);
}

function isInPath(name: string, path: string, api: object): boolean {
  const key = Object.keys(api).find((one) => toPattern(one).test(path)) ?? "";
  return key.includes(`{${name}}`);
}

function findShape(shapes: Shapes, key: string): Shape | undefined {
  const numbered = key.replace(/\d+$/, "[n]");
  if (shapes[key] !== undefined) return shapes[key];
  const limit = LIMITS[numbered];
  if (limit !== undefined && Number(/\d+$/.exec(key)?.[0]) > limit) return undefined;
  return shapes[numbered];
}

/** qm.conf(5): the highest number of each kind. */
const LIMITS: Readonly<Record<string, number>> = {
  "hostpci[n]": 15,
  "ide[n]": 3,
  "scsi[n]": 30,
  "net[n]": 31,
  "serial[n]": 3,
};

function checkValue(
  shape: Shape,
  value: string,
  formats: Readonly<Record<string, Shapes | string>>,
): readonly string[] {
  if (shape.type === "boolean" && !/^(?:0|1|on|off|yes|no|true|false)$/i.test(value)) return ["no boolean"];
  if (shape.type === "integer" && !/^[+-]?\d+$/.test(value)) return ["no whole number"];
  if (shape.type === "number" && !/^[+-]?\d+(?:\.\d+)?$/.test(value)) return ["no number"];
  if (shape.minimum !== undefined && Number(value) < Number(shape.minimum)) return ["too small"];
  if (shape.maximum !== undefined && Number(value) > Number(shape.maximum)) return ["too large"];
  if (shape.maxLength !== undefined && value.length > shape.maxLength) return ["too long"];
  if (shape.enum !== undefined && !shape.enum.includes(value)) return [`none of ${shape.enum.join(" ")}`];
  if (shape.pattern !== undefined && !translate(shape.pattern).test(value)) return ["not of its pattern"];
  if (shape.format === undefined) return [];
  const format = typeof shape.format === "string" ? formats[shape.format] : shape.format;
  if (typeof format === "object") return checkProperties(format, value, formats);
  return fitsFormat(shape.format as string, value) ? [] : [`no ${shape.format}`];
}

/** Perl's `(?^u:` says only that flags from outside do not count. */
function translate(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern.replace(/\(\?\^[a-z]*:/g, "(?:")})$`);
}

/** PVE::JSONSchema::parse_property_string. */
function checkProperties(
  shapes: Shapes,
  text: string,
  formats: Readonly<Record<string, Shapes | string>>,
): readonly string[] {
  const found = new Map<string, string>();
  const problems: string[] = [];
  const fallback = Object.keys(shapes).find((key) => shapes[key]?.default_key === 1);
  const put = (key: string, value: string) => {
    if (found.has(key)) problems.push(`${key} is there twice`);
    found.set(key, value);
  };
  for (const part of text.split(",")) {
    const cut = part.indexOf("=");
    const isPair = cut > 0 && /^[a-z_][a-z0-9_-]*$/i.test(part.slice(0, cut));
    const key = isPair ? part.slice(0, cut) : fallback;
    const value = isPair ? part.slice(cut + 1) : part;
    const shape = key === undefined ? undefined : shapes[key];
    if (key === undefined) problems.push(`${part}: no key`);
    else if (shape === undefined) problems.push(`unknown key ${key}`);
    else if (shape.alias === undefined) put(key, value);
    else {
      if (shape.keyAlias !== undefined) put(shape.keyAlias, key);
      put(shape.alias, value);
    }
  }
  for (const [key, shape] of Object.entries(shapes)) {
    const value = found.get(key);
    if (value !== undefined)
      problems.push(...checkValue(shape, value, formats).map((one) => `${key}: ${one}`));
    else if (shape.optional !== 1 && shape.alias === undefined) problems.push(`${key} is missing`);
  }
  return problems;
}

const MODELS =
  /^(?:host|max|x86-64-v(?:2|2-AES|3|4)|kvm64|kvm32|qemu64|qemu32|EPYC(?:-[A-Za-z0-9]+)*|(?:Skylake|Cascadelake|Icelake)-(?:Server|Client)(?:-[A-Za-z0-9]+)*|SapphireRapids(?:-v\d)?|GraniteRapids(?:-v\d)?|custom-.+)$/;
const VM_FLAGS =
  /^[+-](?:aes|amd-no-ssb|amd-ssbd|hv-evmcs|hv-tlbflush|ibpb|md-clear|nested-virt|pcid|pdpe1gb|spec-ctrl|ssbd|virt-ssbd)$/;

/** PVE::QemuServer::CPUConfig knows its models, and which flags a guest may have. */
function checkModels(key: string, value: string): readonly string[] {
  if (key !== "cpu") return [];
  const parts = value.split(",");
  const model = parts
    .find((part) => !part.includes("=") || part.startsWith("cputype="))
    ?.replace("cputype=", "");
  const flags = parts.find((part) => part.startsWith("flags="))?.slice("flags=".length) ?? "";
  return [
    ...(model === undefined || MODELS.test(model) ? [] : [`unknown model ${model}`]),
    ...(flags === "" || flags.split(";").every((flag) => VM_FLAGS.test(flag)) ? [] : ["flag not for guests"]),
  ];
}

/** PVE::QemuServer::parse_vm_config: description lines, then `key: value`. */
export function readConfig(text: string): {
  readonly settings: ReadonlyMap<string, string>;
  readonly problems: readonly string[];
} {
  const settings = new Map<string, string>();
  const problems: string[] = [];
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const match = /^([a-z][a-z_-]*\d*):\s*(.+?)\s*$/.exec(line);
    if (match === null) problems.push(`cannot read: ${line}`);
    else if (settings.has(match[1] as string)) problems.push(`${match[1]} is there twice`);
    else settings.set(match[1] as string, match[2] as string);
  }
  return { settings, problems };
}

/** What only QEMU's command line shows (PVE::QemuServer::config_to_command, PVE::QemuServer::PCI). */
export function judgeStart(settings: ReadonlyMap<string, string>): readonly string[] {
  const get = (key: string) => settings.get(key) ?? "";
  const card = get("hostpci0").split(",");
  const pages = get("hugepages");
  const pageMib = pages === "1024" ? 1024 : 2;
  const rules: readonly (readonly [boolean, string])[] = [
    [card.includes("pcie=1") && !get("machine").includes("q35"), "pcie without q35"],
    [
      get("hostpci0") !== "" &&
        card.filter((one) => /^(?:host=|mapping=|[0-9a-f]{4}:)/.test(one)).length !== 1,
      "host or mapping",
    ],
    [get("bios") === "ovmf" && get("efidisk0") === "", "ovmf without efidisk0"],
    [pages !== "" && get("numa") !== "1", "hugepages without numa"],
    [pages !== "" && Number(get("memory")) % pageMib !== 0, "memory in parts of a page"],
    [
      get("scsi0").includes("iothread=1") && get("scsihw") !== "virtio-scsi-single",
      "iothread without virtio-scsi-single",
    ],
    [get("efidisk0").includes("pre-enrolled-keys=1") && get("bios") !== "ovmf", "keys without UEFI"],
    [/(?:^|,)gw=/.test(get("ipconfig0")) && !/(?:^|,)ip=/.test(get("ipconfig0")), "gw without ip"],
    [Number(get("cores")) > 255 && !get("machine").includes("q35"), "too many CPUs for i440fx"],
  ];
  return rules.filter(([wrong]) => wrong).map(([, words]) => words);
}
