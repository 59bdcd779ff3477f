// A whole fleet from a folder of real files: the spec, the inventories beside it, the folders of images.
// In: the folder. Out: what the spec, hardware and plan rooms make of it on a fixed day.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hasErrors } from "../../src/base/diagnostic.ts";
import {
  type PlacedDiagnostic,
  placeDiagnostics,
  type SourceDocument,
} from "../../src/base/place-diagnostics.ts";
import { listCopies } from "../../src/cli/list-copies.ts";
import { locateInYaml } from "../../src/cli/locate-in-yaml.ts";
import { readAuthority } from "../../src/cli/read-authority.ts";
import { readImageFolders } from "../../src/cli/read-image-folders.ts";
import { readInventory } from "../../src/hardware/read-inventory.ts";
import type { Inventory } from "../../src/model/inventory.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { RenderedFile } from "../../src/model/rendered-file.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import { parseSpec } from "../../src/spec/parse-spec.ts";

export const FLEETS = "fixtures/fleets";
const TODAY = Date.parse("2026-09-01T12:00:00Z");
const VERSION = "1.0.0";

/** Names of the fixture fleets, each a sentence. */
export function listFleets(): readonly string[] {
  return readdirSync(FLEETS).sort();
}

export interface LoadedFleet {
  readonly plan: Plan | null;
  /** What the plan was made of. */
  readonly copies: readonly RenderedFile[];
  readonly diagnostics: readonly PlacedDiagnostic[];
}

/** Throws where the spec or an inventory itself is at fault: then it is no fixture of plan. */
export function loadFleet(folder: string): LoadedFleet {
  const text = readFileSync(join(folder, "fleet.yaml"), "utf8");
  const { fleet, diagnostics, locate } = parseSpec(text, { now: TODAY, productVersion: VERSION });
  if (fleet === null) throw new Error(`${folder}: ${JSON.stringify(diagnostics, null, 2)}`);
  const sources: SourceDocument[] = [{ doc: { kind: "spec" }, file: "fleet.yaml", text, locate }];
  const inventories = new Map<string, Inventory | null>();
  for (const { name } of fleet.hosts.filter((host) => host.kind !== "kubernetes")) {
    const file = `hosts/${name}.yaml`;
    inventories.set(name, null);
    if (!existsSync(join(folder, file))) continue;
    const content = readFileSync(join(folder, file), "utf8");
    const read = readInventory(content, name);
    if (hasErrors(read.diagnostics))
      throw new Error(`${folder}: ${JSON.stringify(read.diagnostics, null, 2)}`);
    inventories.set(name, read.value);
    const doc = { kind: "inventory", host: name } as const;
    sources.push({ doc, file, text: content, locate: locateInYaml(content) });
  }
  const imageFolders = readImageFolders(fleet, folder);
  const authority = readAuthority(fleet.network.ca, folder);
  const planned = planFleet(fleet, {
    specFile: "fleet.yaml",
    ciFleetVersion: VERSION,
    inventories,
    imageFolders,
    authority: authority?.read ?? null,
    acceptedRisks: [],
  });
  return {
    plan: planned.value,
    copies: listCopies({ sources, imageFolders, authority }),
    diagnostics: placeDiagnostics([...diagnostics, ...planned.diagnostics], sources),
  };
}
