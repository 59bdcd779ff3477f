// A host as plan sees it: what the spec says together with what is known about the machine. Made once for
// each host, read by every later step. In: nothing. Out: records.

import type { HostSpec } from "../model/fleet.ts";
import type { GpuVendor, Inventory } from "../model/inventory.ts";
import type { SlotGpu } from "../model/plan.ts";

export interface Site {
  readonly name: string;
  readonly spec: HostSpec;
  /** Detected, or expected for a machine that has not booted yet; null for clusters. */
  readonly inventory: Inventory | null;
  readonly factsFrom: "detected" | "expected";
  readonly arch: "x64" | "arm64";
  /** `linux/amd64` */
  readonly platform: string;
  readonly supervision: "systemd" | "compose" | "none";
  /** Cards and MIG devices, in the order in which they are given out. */
  readonly cards: readonly Card[];
  readonly totals: { readonly cpus: number | null; readonly memory: number | null };
}

/** What one slot can hold: a whole card, or a MIG device of one. */
export interface Card {
  readonly gpu: SlotGpu;
  readonly vendor: GpuVendor;
  /** Bytes; null where nothing says. */
  readonly memory: number | null;
  /** `1g.10gb`, null for a whole card. */
  readonly mig: string | null;
  readonly renderGid: number | null;
  /** Position in the inventory's list, for related places. */
  readonly position: number;
  /** Why no slot of this host can have it, in words that follow "is" or "has"; null where one can. */
  readonly unusable: string | null;
  /** Guest that takes it away. */
  readonly guest: string | null;
}

export const PLATFORMS = { x64: "linux/amd64", arm64: "linux/arm64" } as const;

/** `linux/amd64` → x64; the official runner is built for these two alone. */
export function archOfPlatform(platform: string): "x64" | "arm64" {
  return platform === "linux/arm64" ? "arm64" : "x64";
}
