// Everything that a command needs to know of a fleet: finds the spec, reads it and the inventories beside it,
// and plans. In: where to look. Out: the fleet, the plan, and every problem of every document at once.

import { basename, dirname, join } from "node:path";
import type { Diagnostic } from "../base/diagnostic.ts";
import { hasErrors } from "../base/diagnostic.ts";
import type { SourceDocument } from "../base/place-diagnostics.ts";
import { WorldError } from "../base/world-error.ts";
import { readInventory } from "../hardware/read-inventory.ts";
import { ACCEPTABLE_RISKS, type Fleet, type HostSpec } from "../model/fleet.ts";
import type { Inventory } from "../model/inventory.ts";
import type { Plan, PlanInputs } from "../model/plan.ts";
import { planFleet } from "../plan/plan-fleet.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import type { CommandCall } from "./command.ts";
import { findSpecPath, showPath } from "./find-fleet.ts";
import { locateInYaml } from "./locate-in-yaml.ts";
import { type AuthorityFile, readAuthority } from "./read-authority.ts";
import { readDocument, readDocumentBelow } from "./read-document.ts";
import { readImageFolders } from "./read-image-folders.ts";
import { productVersion } from "./version.ts";

export interface LoadedFleet {
  /** Absolute. */
  readonly specPath: string;
  readonly specFolder: string;
  /** How messages name the spec: relative to where the command works. */
  readonly shown: string;
  readonly fleet: Fleet | null;
  readonly plan: Plan | null;
  readonly imageFolders: PlanInputs["imageFolders"];
  readonly authority: AuthorityFile | null;
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: readonly SourceDocument[];
}

/** `accepted`: risks that this one call takes. Throws WorldError where the spec cannot be found or read. */
export function loadFleet(call: CommandCall, accepted: readonly string[] = []): LoadedFleet {
  const path = findSpecPath(call);
  const shown = showPath(path, call.folder);
  // Only what a person named, or the system's own, may be a link to elsewhere.
  const isNamed = call.specFile !== null || path.startsWith("/etc/");
  const text = isNamed ? readDocument(path, shown) : readDocumentBelow(dirname(path), path, shown);
  if (text === null)
    throw new WorldError(`read ${shown}`, "there is no such file", "`ci-fleet init` makes one");
  const acceptedRisks = ACCEPTABLE_RISKS.filter((code) => accepted.includes(code));
  return planSpec(path, text, shown, call.folder, acceptedRisks);
}

function planSpec(
  specPath: string,
  text: string,
  shown: string,
  folder: string,
  acceptedRisks: PlanInputs["acceptedRisks"],
): LoadedFleet {
  const specFolder = dirname(specPath);
  const spec = parseSpec(text, { now: Date.now(), productVersion });
  const source: SourceDocument = { doc: { kind: "spec" }, file: shown, text, locate: spec.locate };
  const known = { specPath, specFolder, shown, fleet: spec.fleet, imageFolders: new Map(), authority: null };
  if (spec.fleet === null) return { ...known, plan: null, diagnostics: spec.diagnostics, sources: [source] };
  const read = readInventories(spec.fleet, specFolder, folder);
  const sources = [source, ...read.sources];
  const before = [...spec.diagnostics, ...read.diagnostics];
  if (hasErrors(read.diagnostics)) return { ...known, plan: null, diagnostics: before, sources };
  const authority = readAuthority(spec.fleet.network.ca, specFolder);
  const inputs: PlanInputs = {
    specFile: basename(specPath),
    ciFleetVersion: productVersion,
    inventories: read.inventories,
    imageFolders: readImageFolders(spec.fleet, specFolder),
    authority: authority?.read ?? null,
    acceptedRisks,
  };
  const planned = planFleet(spec.fleet, inputs);
  const { imageFolders } = inputs;
  return {
    ...known,
    imageFolders,
    authority,
    plan: planned.value,
    diagnostics: [...before, ...planned.diagnostics],
    sources,
  };
}

interface ReadInventories {
  readonly inventories: Map<string, Inventory | null>;
  readonly diagnostics: Diagnostic[];
  readonly sources: SourceDocument[];
}

function readInventories(fleet: Fleet, specFolder: string, folder: string): ReadInventories {
  const read: ReadInventories = { inventories: new Map(), diagnostics: [], sources: [] };
  for (const host of fleet.hosts.filter(hasInventory)) {
    const path = inventoryPath(specFolder, host.name);
    const file = showPath(path, folder);
    const text = readDocumentBelow(specFolder, path, file);
    if (text === null) {
      read.inventories.set(host.name, null);
      continue;
    }
    const { value, diagnostics } = readInventory(text, host.name);
    read.inventories.set(host.name, value);
    read.diagnostics.push(...diagnostics);
    read.sources.push({
      doc: { kind: "inventory", host: host.name },
      file,
      text,
      locate: locateInYaml(text),
    });
  }
  return read;
}

/** A cluster says itself what it has. */
export function hasInventory(host: HostSpec): boolean {
  return host.kind !== "kubernetes";
}

export function inventoryPath(specFolder: string, host: string): string {
  return join(specFolder, "hosts", `${host}.yaml`);
}
