// A Proxmox node of fixtures/nodes, all the way: its tree detected, written as an inventory and read back, planned with
// the fleet beside it. In: the folder's name, and what to
// change in the spec. Out: what each step made.

import { readdirSync, readFileSync } from "node:fs";
import { type PlacedDiagnostic, placeDiagnostics } from "../../src/base/place-diagnostics.ts";
import { locateInYaml } from "../../src/cli/locate-in-yaml.ts";
import { detectHost } from "../../src/hardware/detect.ts";
import { readInventory } from "../../src/hardware/read-inventory.ts";
import { writeInventory } from "../../src/hardware/write-inventory.ts";
import type { Plan } from "../../src/model/plan.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import { parseSpec } from "../../src/spec/parse-spec.ts";
import { openFixtureHost } from "../hardware/fixture-host.ts";

export const NODES = "fixtures/nodes";
const NODE = "pve1";
const TODAY = Date.parse("2026-09-01T12:00:00Z");

export function listNodes(): readonly string[] {
  return readdirSync(NODES).sort();
}

export interface LoadedNode {
  readonly inventory: string;
  readonly plan: Plan | null;
  readonly diagnostics: readonly PlacedDiagnostic[];
}

/** Throws where the spec itself is at fault: then it is no fixture of a node. */
export async function loadNode(name: string, change = (spec: string) => spec): Promise<LoadedNode> {
  const { files, tools } = openFixtureHost(name, NODES);
  const detection = await detectHost(files, tools);
  const inventory = writeInventory(detection.inventory, NODE, detection.sources);
  const text = change(readFileSync(`${NODES}/${name}/fleet.yaml`, "utf8"));
  const { fleet, diagnostics, locate } = parseSpec(text, { now: TODAY, productVersion: "1.0.0" });
  if (fleet === null) throw new Error(`${name}: ${JSON.stringify(diagnostics, null, 2)}`);
  const guests = fleet.hosts.map((host) => [host.name, null] as const);
  const { value, diagnostics: planned } = planFleet(fleet, {
    specFile: "fleet.yaml",
    ciFleetVersion: "1.0.0",
    inventories: new Map([...guests, [NODE, readInventory(inventory, NODE).value]]),
    imageFolders: new Map(),
    authority: null,
    acceptedRisks: [],
  });
  const sources = [
    { doc: { kind: "spec" }, file: "fleet.yaml", text, locate },
    {
      doc: { kind: "inventory", host: NODE },
      file: `hosts/${NODE}.yaml`,
      text: inventory,
      locate: locateInYaml(inventory),
    },
  ] as const;
  return { inventory, plan: value, diagnostics: placeDiagnostics([...diagnostics, ...planned], sources) };
}
