// Which devices CDI specifications on this host offer to containers, whether or not the engine reads them.
// In: *.yaml and *.json in the CDI folders (CNCF Container Device Interface specification). Out: device names.

import { isObject } from "../base/read-json.ts";
import type { HostFiles } from "../model/ports.ts";
import { compareNatural } from "./kernel-formats.ts";

const MAX_SPEC_CHARS = 1024 * 1024;
const MAX_DEVICES = 512;
const DEVICE = /^[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*=[A-Za-z0-9][A-Za-z0-9._:-]*$/;

export interface CdiSpecs {
  /** Paths of the specification files. */
  readonly specs: readonly string[];
  /** `nvidia.com/gpu=0`, in natural order. */
  readonly devices: readonly string[];
}

export async function readCdiSpecs(files: HostFiles, folders: readonly string[]): Promise<CdiSpecs> {
  const specs = folders.flatMap((folder) => {
    const names = files.list(folder);
    if (!names.ok) return [];
    return names.value.filter((name) => /\.(?:ya?ml|json)$/.test(name)).map((name) => `${folder}/${name}`);
  });
  const devices = new Set<string>();
  for (const spec of specs.slice(0, 32)) {
    const text = files.readText(spec);
    if (!text.ok || text.value.length > MAX_SPEC_CHARS) continue;
    for (const device of await parseCdiDevices(text.value)) devices.add(device);
  }
  return { specs, devices: [...devices].sort(compareNatural).slice(0, MAX_DEVICES) };
}

/** `kind` and the devices' names; JSON is YAML here. A file that cannot be read offers nothing. */
export async function parseCdiDevices(text: string): Promise<readonly string[]> {
  // Most hosts have no CDI folder, and then the YAML reader is not needed.
  const { parse } = await import("yaml");
  let spec: unknown;
  try {
    spec = parse(text, { logLevel: "silent", maxAliasCount: 0 });
  } catch {
    return [];
  }
  if (!isObject(spec) || typeof spec.kind !== "string" || !Array.isArray(spec.devices)) return [];
  const kind = spec.kind;
  return spec.devices.flatMap((device: unknown) => {
    const name = isObject(device) ? device.name : undefined;
    // A name such as 0 may stand there without quotes.
    const full = typeof name === "string" || typeof name === "number" ? `${kind}=${name}` : "";
    return full.length <= 200 && DEVICE.test(full) ? [full] : [];
  });
}
