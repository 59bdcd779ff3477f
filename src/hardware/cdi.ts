// Which devices CDI specifications on this host offer to containers, whether or not the engine reads them.
// In: *.yaml and *.json in the CDI folders (CNCF Container Device Interface specification). Out: device names.

import type { HostFiles } from "../model/ports.ts";
import { compareNatural } from "./kernel-formats.ts";

const MAX_SPEC_CHARS = 1024 * 1024;
const MAX_DEVICES = 512;

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
    // Most hosts have no CDI folder, and then the YAML reader is not needed.
    const { parseCdiDevices } = await import("./parse-cdi.ts");
    for (const device of parseCdiDevices(text.value)) devices.add(device);
  }
  return { specs, devices: [...devices].sort(compareNatural).slice(0, MAX_DEVICES) };
}
