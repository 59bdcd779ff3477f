// The keys of a Compose service that give a slot its cards, and no others. Never two ways at once: Compose
// would apply both. In: the way that the plan chose, the slot's cards. Out: keys and variables.

import type { GpuAccess, PlannedSlot, SlotGpu } from "../model/plan.ts";
import type { YamlValue } from "./write-yaml.ts";

export interface GpuKeys {
  readonly keys: readonly (readonly [string, YamlValue])[];
  readonly groups: readonly string[];
  readonly environment: readonly (readonly [string, string])[];
}

/**
 * CUDA images ask for all cards by a variable of their own, and an engine whose default runtime is NVIDIA's
 * listens: `void` says that the runtime stays out of it (NVIDIA Container Toolkit, "Specialized
 * Configurations with Docker", GPU Enumeration).
 */
const HOOK_STAYS_OUT = [["NVIDIA_VISIBLE_DEVICES", "void"]] as const;

export function describeGpus(access: GpuAccess | null, slot: PlannedSlot): GpuKeys {
  if (access === null) return { keys: [], groups: [], environment: HOOK_STAYS_OUT };
  const cards = slot.gpus;
  if (cards.length === 0) throw new Error(`the plan gives ${slot.name} no card, but a way to reach it`);
  switch (access.kind) {
    case "cdi":
      return {
        keys: [["devices", cards.map(nameCdiDevice)]],
        groups: [],
        environment: HOOK_STAYS_OUT,
      };
    case "reservation":
      return {
        keys: [["deploy", { resources: { reservations: { devices: [reserve(access, cards)] } } }]],
        groups: [],
        environment: access.driver === "cdi" ? HOOK_STAYS_OUT : [],
      };
    case "runtime":
      return {
        keys: [["runtime", "nvidia"]],
        groups: [],
        environment: [
          ["NVIDIA_VISIBLE_DEVICES", cards.map((card) => card.selector).join(",")],
          ["NVIDIA_DRIVER_CAPABILITIES", listOrDefault(access.capabilities).join(",")],
        ],
      };
    case "nodes":
      return {
        keys: [["devices", listNodes(access.shared, cards).map((node) => `${node}:${node}`)]],
        groups: access.groups.map(String),
        environment: HOOK_STAYS_OUT,
      };
    case "environment":
      throw new Error(`${slot.name} is a container: its cards cannot be given by a variable`);
  }
}

function nameCdiDevice(card: SlotGpu): string {
  return `nvidia.com/gpu=${card.selector}`;
}

/** `capabilities` is required there, and has to hold `gpu` (Compose file reference, Deploy, devices). */
function reserve(access: Extract<GpuAccess, { kind: "reservation" }>, cards: readonly SlotGpu[]): YamlValue {
  const isCdi = access.driver === "cdi";
  return {
    driver: access.driver,
    device_ids: cards.map((card) => (isCdi ? nameCdiDevice(card) : card.selector)),
    capabilities: isCdi ? ["gpu"] : [...new Set(["gpu", ...access.capabilities])],
  };
}

/** What the toolkit takes when nothing is said. */
function listOrDefault(capabilities: readonly string[]): readonly string[] {
  return capabilities.length > 0 ? capabilities : ["compute", "utility"];
}

function listNodes(shared: readonly string[], cards: readonly SlotGpu[]): readonly string[] {
  const nodes = cards.map((card) => {
    if (card.renderNode === null) throw new Error(`the plan knows no render node of ${card.id}`);
    return card.renderNode;
  });
  return [...new Set([...shared, ...nodes])];
}
