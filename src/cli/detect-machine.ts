// Looks at a machine: this one with its tools, or another root without. In: the root, null for this machine.
// Out: the detection; a line on stderr where it takes long enough for a person to wonder.

import { hostname } from "node:os";
import { openHostFiles } from "../adapters/host-files.ts";
import { openHostTools } from "../adapters/host-tools.ts";
import type { Terminal } from "../adapters/terminal.ts";
import { type DetectWishes, detectHost } from "../hardware/detect.ts";
import type { Detection } from "../model/inventory.ts";
import { NO_TOOLS } from "../model/ports.ts";
import { expectFolder } from "./expect-folder.ts";
import { showProgress } from "./show-progress.ts";

/** `root`: absolute. */
export async function detectMachine(
  root: string | null,
  terminal: Terminal,
  wishes?: DetectWishes,
): Promise<Detection> {
  const top = root ?? "/";
  expectFolder(top, "read the root");
  const tools = root === null ? openHostTools(process.env) : NO_TOOLS;
  return showProgress(terminal, "looking at this machine", detectHost(openHostFiles(top), tools, wishes));
}

/** The name of the machine below `root` as a host name of the spec. */
export function nameThisHost(root: string | null = null): string {
  if (root === null) return toHostName(hostname());
  const file = openHostFiles(root).readText("/etc/hostname");
  return toHostName(file.ok ? file.value : "");
}

/** `Forge.local` → `forge`: RFC 1123 labels are what the spec calls names. */
export function toHostName(text: string): string {
  const label = text.trim().split(".")[0] ?? "";
  const name = label
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 32)
    .replace(/-+$/, "");
  return name === "" || name === "localhost" ? "host" : name;
}
