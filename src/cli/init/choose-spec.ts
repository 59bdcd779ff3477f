// Finds the first spec that this machine can really hold: jobs in containers and clean for each job where it
// can, and less where it must. In: the answers, the inventory. Out: the text that plans without an error, or the
// most wanted one with its errors.

import { hasErrors } from "../../base/diagnostic.ts";
import type { Lifetime, RunMode } from "../../model/fleet.ts";
import { type Inventory, presentOrNull } from "../../model/inventory.ts";
import { planFleet } from "../../plan/plan-fleet.ts";
import { parseSpec } from "../../spec/parse-spec.ts";
import { productVersion } from "../version.ts";
import type { InitAnswers } from "./answers.ts";
import { composeSpec } from "./compose-spec.ts";
import { sizePools } from "./size-pools.ts";

const RUN_MODES: readonly RunMode[] = ["container", "process"];
const LIFETIMES: readonly Lifetime[] = ["ephemeral", "persistent"];

export function chooseSpec(answers: InitAnswers, inventory: Inventory): string {
  let first: string | null = null;
  for (const run of answers.run === null ? RUN_MODES : [answers.run]) {
    for (const lifetime of answers.lifetime === null ? LIFETIMES : [answers.lifetime]) {
      for (const withGpu of [true, false]) {
        const sizes = sizePools(inventory, withGpu);
        const isProxmox = presentOrNull(inventory.proxmox) !== null;
        const text = composeSpec(answers, { run, lifetime, sizes, isProxmox });
        if (holds(text, answers.host, inventory)) return text;
        first ??= text;
      }
    }
  }
  return first ?? "";
}

function holds(text: string, host: string, inventory: Inventory): boolean {
  const { fleet } = parseSpec(text);
  if (fleet === null) return false;
  const inventories = new Map(fleet.hosts.map(({ name }) => [name, name === host ? inventory : null]));
  const inputs = {
    specFile: "fleet.yaml",
    ciFleetVersion: productVersion,
    inventories,
    imageFolders: new Map(),
    authority: null,
    acceptedRisks: [],
  };
  const planned = planFleet(fleet, inputs);
  return planned.value !== null && !hasErrors(planned.diagnostics);
}
