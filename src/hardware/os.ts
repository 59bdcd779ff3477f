// Which distribution. In: os-release(5). Out: OsFacts.

import type { OsFacts } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { cleanText } from "./clean-text.ts";
import { explainFailure, type FactNotes } from "./fact-notes.ts";

const ID = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export function readOs(files: HostFiles, notes: FactNotes): OsFacts | null {
  for (const path of ["/etc/os-release", "/usr/lib/os-release"]) {
    const text = files.readText(path);
    if (!text.ok) continue;
    const values = parseOsRelease(text.value);
    // os-release(5): without ID it is "linux".
    const id = values.get("ID")?.toLowerCase() ?? "linux";
    if (values.size === 0 || !ID.test(id)) continue;
    notes.learned("os", path);
    return {
      id,
      idLike: (values.get("ID_LIKE") ?? "")
        .toLowerCase()
        .split(/\s+/)
        .filter((like) => ID.test(like)),
      versionId: cleanText(values.get("VERSION_ID") ?? ""),
      codename: cleanText(values.get("VERSION_CODENAME") ?? ""),
      prettyName: cleanText(values.get("PRETTY_NAME") ?? ""),
    };
  }
  const first = files.readText("/etc/os-release");
  notes.unknown(
    "os",
    "/etc/os-release",
    first.ok ? "os-release has no ID" : explainFailure("/etc/os-release", first),
  );
  return null;
}

/** Shell assignments: bare, in single or in double quotes with backslash escapes; nothing is expanded. */
export function parseOsRelease(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^\s*([A-Z][A-Z0-9_]*)=(.*?)\s*$/.exec(line);
    if (match === null) continue;
    values.set(match[1] as string, unquote(match[2] as string));
  }
  return values;
}

function unquote(value: string): string {
  if (value.length >= 2 && value.startsWith("'") && value.endsWith("'")) return value.slice(1, -1);
  const inner =
    value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  return inner.replace(/\\([\\"$`'])/g, "$1");
}
