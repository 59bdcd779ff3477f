// The devices that one CDI specification offers. In: its text. Out: their full names.
// Apart from who looks for specifications, since it brings the YAML reader along. It imports that by itself: what
// `import()` gives of a CommonJS package has no names once esbuild has cut the program into parts.

import { parse } from "yaml";
import { isObject } from "../base/read-json.ts";

const DEVICE = /^[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*=[A-Za-z0-9][A-Za-z0-9._:-]*$/;

/** `kind` and the devices' names; JSON is YAML here. A file that cannot be read offers nothing. */
export function parseCdiDevices(text: string): readonly string[] {
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
