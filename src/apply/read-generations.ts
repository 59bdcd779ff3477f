// What a slot's configuration is, as one short text: while it stays the same a running slot need not start again.
// In: rendered files. Out: a hash by slot. Containers carry theirs as a label, which render computed; for process
// slots it is made here of everything that their start reads, without comments, in which versions are named.

import { createHash } from "node:crypto";
import { parse } from "yaml";
import type { WantedFile } from "../model/apply.ts";
import type { Plan } from "../model/plan.ts";

export const GENERATION_LABEL = "dev.ci-fleet.generation";

export interface ComposeService {
  readonly image: string;
  readonly isBuilt: boolean;
  /** null: no slot, but what one brings along. */
  readonly generation: string | null;
}

/** By name. Throws where the text is not what render writes. */
export function readServices(compose: string): ReadonlyMap<string, ComposeService> {
  const document: unknown = parse(compose);
  const services = new Map<string, ComposeService>();
  for (const [name, value] of Object.entries(asObject(asObject(document).services))) {
    const service = asObject(value);
    const { image } = service;
    if (typeof image !== "string") throw new Error(`compose.yaml has no image for ${name}`);
    const label = asObject(service.labels)[GENERATION_LABEL];
    const generation = typeof label === "string" ? label : null;
    services.set(name, { image, isBuilt: service.build !== undefined, generation });
  }
  return services;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** `below`: a file's path below the folder of units or of configuration → its text. */
export function hashProcessSlot(
  plan: Pick<Plan, "units" | "runner">,
  slot: string,
  below: ReadonlyMap<string, string>,
): string {
  const unit = plan.units.process;
  const read = (path: string) => withoutComments(below.get(path) ?? "");
  const scripts = [...below.keys()]
    .filter((path) => /^(?:runner|authority)\//.test(path) && !UPKEEP.has(path))
    .sort();
  const parts = [
    plan.runner.version,
    read(`${unit}.service`),
    read(`${unit}${slot}.service.d/10-slot.conf`),
    ...scripts.flatMap((path) => [path, read(path)]),
  ];
  return hashText(parts.join("\0")).slice(0, 16);
}

export function hashWithoutComments(texts: readonly string[]): string {
  return hashText(texts.map(withoutComments).join("\0")).slice(0, 16);
}

/** Scripts of other units. */
const UPKEEP = new Set(["runner/cache.sh", "runner/binfmt.sh"]);

function withoutComments(text: string): string {
  return text.replace(/^#(?!!).*\n/gm, "");
}

/** Of all files: path and content. */
export function hashFiles(files: readonly WantedFile[]): string {
  const lines = files.map(({ path, content, mode }) => `${hashText(content)} ${mode} ${path}\n`).sort();
  return hashText(lines.join("")).slice(0, 16);
}

export function hashText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
