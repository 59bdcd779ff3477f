// Guests that a machine with KVM runs by itself, as one look finds them: the unit that runs QEMU, its disks, and whether
// what runs is what is rendered. In: nothing. Out: records, and the one word that stands for a guest's state.

import type { ObservedUnit, Seen } from "./host-observation.ts";

export interface SeenGuestUnit {
  readonly name: string;
  /** null: systemd knows no such unit. */
  readonly unit: Seen<ObservedUnit | null>;
  /** The disk that it runs with. */
  readonly hasDisk: Seen<boolean>;
  readonly hasSeed: Seen<boolean>;
  /** The disk that its first boot left, which each job begins with; null: it is persistent and has none. */
  readonly isSetUp: Seen<boolean> | null;
  /** The QEMU that runs was started with the command that is rendered now; null: none runs. */
  readonly isCurrent: Seen<boolean | null>;
}

export type GuestUnitState =
  | "running"
  /** Image, disks and card are made ready. */
  | "starting"
  /** It ended, and systemd starts it again in some seconds. */
  | "waiting"
  | "stopping"
  | "stopped"
  | "failed"
  | "missing"
  | "unknown";

export function judgeGuestUnit({ unit }: Pick<SeenGuestUnit, "unit">): GuestUnitState {
  if (!unit.known) return "unknown";
  if (unit.value === null) return "missing";
  const { active, sub } = unit.value;
  switch (active) {
    case "active":
    case "reloading":
      return "running";
    case "activating":
      return sub.startsWith("auto-restart") ? "waiting" : "starting";
    case "deactivating":
      return "stopping";
    case "inactive":
      return "stopped";
    case "failed":
      return "failed";
    default:
      return "unknown";
  }
}

/** Of one that runs: QEMU goes on with files that have no name any more, and what it writes is gone when it ends. */
export function listLostFiles(guest: SeenGuestUnit): readonly ("disk" | "seed")[] {
  if (judgeGuestUnit(guest) !== "running") return [];
  const { hasDisk, hasSeed } = guest;
  return [
    ...(hasDisk.known && !hasDisk.value ? (["disk"] as const) : []),
    ...(hasSeed.known && !hasSeed.value ? (["seed"] as const) : []),
  ];
}

/** No boot of its own has set it up yet, so that it takes no job. */
export function lacksSetUp({ isSetUp }: Pick<SeenGuestUnit, "isSetUp">): boolean {
  return isSetUp?.known === true && !isSetUp.value;
}

/** systemd's word for how its last run ended badly; null: it did not, or nobody knows. */
export function findFailure(guest: Pick<SeenGuestUnit, "unit">): string | null {
  const state = judgeGuestUnit(guest);
  if ((state !== "failed" && state !== "waiting") || !guest.unit.known) return null;
  const result = guest.unit.value?.result ?? "success";
  return result === "success" ? null : result;
}
