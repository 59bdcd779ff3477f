// What a pass of the watchdog acts with, made real. In: the plan, this host, GitHub as it was opened. Out: ports.

import { setTimeout as sleep } from "node:timers/promises";
import { startSlots, stopSlots } from "../../adapters/control-slots.ts";
import { nameSlotUnits } from "../../adapters/observe-slots.ts";
import {
  assignRepository,
  forgetIdentity,
  handToken,
  holdSlot,
  letSlotGo,
  saveMemoryText,
} from "../../adapters/watchdog-files.ts";
import type { OwnedSlots } from "../../model/ownership.ts";
import type { Plan } from "../../model/plan.ts";
import { writeMemory } from "../../model/watchdog-memory.ts";
import type { ActPorts } from "../../watchdog/watch-ports.ts";
import { openLook } from "../open-look.ts";
import type { ThisHost } from "../this-host.ts";
import { lookAtSlot, type OpenedGitHub, readTime } from "./open-sources.ts";

export function openActPorts(
  plan: Plan,
  at: ThisHost,
  github: OpenedGitHub,
  { owned, stop }: { readonly owned: OwnedSlots; readonly stop: AbortSignal | null },
): ActPorts {
  const { host, places } = at;
  const { files, tools } = openLook(host, places);
  const control = { tools, host, places };
  const controlled = (slot: string) => {
    const placement = owned.get(slot)?.placement;
    if (placement === undefined) throw new Error(`${slot} is no slot of the plan`);
    return [{ slot, unit: nameSlotUnits(plan, placement, slot)[0] ?? "" }];
  };
  return {
    time: () => readTime(files),
    lookAt: (slot) => lookAtSlot(plan, at, slot),
    scope: (url) => github.scopes.find(({ api }) => api.url === url)?.api ?? null,
    start: (slot) => startSlots(control, controlled(slot)),
    stop: (slot) => stopSlots(control, controlled(slot)),
    hold: async (slot) => holdSlot(places, slot),
    letGo: async (slot) => letSlotGo(files, places, slot),
    assign: async (slot, repository) => assignRepository(places, slot, repository),
    admit: async (slot, token) => handToken(places, slot, token),
    forget: (slot) => forgetIdentity(places, slot, tools),
    save: async (memory) => saveMemoryText(places, writeMemory(memory)),
    rest: (milliseconds) => sleep(milliseconds),
    stopping: () => (stop?.aborted === true ? "the watchdog is being stopped" : null),
    pass: openFailpoint(process.env.CI_FLEET_FAILPOINT),
  };
}

/** Ends this process between two steps as a crash would: for those who want to see what later passes make of it. */
export function openFailpoint(name: string | undefined): (step: string) => void {
  return (step) => {
    if (step === name) process.kill(process.pid, "SIGKILL");
  };
}
