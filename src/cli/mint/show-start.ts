// `mint --prepare <slot> --dry-run`: is this host fit, and what would be done. In: the call, the slot. Out: lines;
// nothing is changed, and GitHub is not asked.

import { cleanForTerminal } from "../../base/terminal-text.ts";
import { tellFaults } from "../../mint/judge-preflight.ts";
import { planSteps } from "../../mint/plan-steps.ts";
import type { Fault, StartStep } from "../../model/slot-start.ts";
import type { CommandCall } from "../command.ts";
import { FINE, FOUND } from "../exit-codes.ts";
import { loadSlot, openWorld } from "./open-start.ts";

export async function showStart(call: CommandCall, slot: string): Promise<number> {
  const { out } = call.terminal;
  const print = (text: string): void => out(`${cleanForTerminal(text)}\n`);
  const fail = (...faults: readonly Fault[]): number => {
    for (const found of faults) print(`red: ${tellFaults([found])}`);
    return FOUND;
  };
  const loaded = loadSlot(call, slot);
  if (loaded.kind === "fault") return fail(loaded.fault);
  const { place } = loaded;
  const world = openWorld(place);
  const [containers, unit, faults] = await Promise.all([
    world.listContainers(),
    world.askUnit(),
    world.preflight(),
  ]);
  if ("message" in containers) return fail(containers, ...faults);
  if (faults.length > 0) return fail(...faults);
  const start = planSteps(place, containers, unit);
  if (start.kind === "fault") return fail(start.fault);
  if (start.kind === "adopt") print("its runner runs and would be left alone");
  else {
    for (const step of start.steps) print(tellStep(step));
    const what =
      place.placement.lifetime === "ephemeral" ? "a JIT config" : "a registration token, if it has none";
    print(`get ${what} from ${place.target.url} into ${place.folders.handOver}`);
  }
  return FINE;
}

function tellStep(step: StartStep): string {
  switch (step.kind) {
    case "remove-containers":
      return `docker rm --force --volumes ${step.names.join(" ")}`;
    case "throw-away":
      return `empty ${step.folders.join(", ")}`;
    case "make-folders":
      return `make ${step.folders.map(({ path }) => path).join(", ")}`;
    case "make-mount-points":
      return `make ${step.paths.join(", ")} in ${step.home}`;
    case "repair":
      return `give ${step.folders.join(", ")} back to the runner`;
    case "make-hand-over":
      return "make a private folder for the secret";
    case "make-network":
      return `make the network ${step.name}, if it is not there`;
    case "create-container":
      return `docker compose create ${step.service}`;
    case "start-sidecar":
      return `docker start ${step.name}`;
  }
}
