// The shape of a case for one code, and the parts that many cases share. In: nothing. Out: records.

import type { Fleet } from "../../src/model/fleet.ts";
import type { PlanInputs } from "../../src/model/plan.ts";
import { makeCard, makeMachine, makeProxmox } from "./make-fleet.ts";

export const GIB = 2 ** 30;

export interface Case {
  readonly fleet: Fleet;
  readonly inputs: PlanInputs;
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export const forge = makeMachine("forge");
export const limits = (cpus: number | null, gib: number | null) => ({
  cpus,
  memory: gib === null ? null : gib * GIB,
  pids: null,
});
export const range = (min: number, max: number, perHost: number | null = null) =>
  ({ kind: "range", min, max, perHost, idle: 300_000 }) as const;
export const fixed = (perHost: number) => ({ kind: "fixed", perHost }) as const;
export const pve = makeProxmox("pve");
export const guestCard = makeCard(1, { driver: "vfio-pci", uuid: null, index: null });
