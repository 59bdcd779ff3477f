// Which cards a request accepts, and how messages name the two. In: a request and cards. Out: verdicts, words.

import { formatSize } from "../base/units.ts";
import type { GpuRequest } from "../model/fleet.ts";
import type { Card } from "./site.ts";

/**
 * A card keeps some of its memory: a T4 sold with 16 GiB reports 15 GiB, for ECC takes a sixteenth. A request
 * names what is on the box, so a little less is enough.
 */
const MEMORY_TOLERANCE = 0.07;

export const VENDOR_NAMES = { nvidia: "NVIDIA", amd: "AMD", intel: "Intel", other: "other" } as const;

/** Whether the card is what was asked for, leaving aside whether it is free. */
export function isWanted(card: Card, request: GpuRequest): boolean {
  const { model, memory } = request.match;
  return (
    card.vendor === request.vendor &&
    card.mig === request.mig &&
    (model === null || (card.gpu.name ?? "").toLowerCase().includes(model.toLowerCase())) &&
    (memory === null || (card.memory !== null && card.memory >= memory * (1 - MEMORY_TOLERANCE)))
  );
}

export function isUsable(card: Card, request: GpuRequest): boolean {
  return card.unusable === null && isWanted(card, request);
}

/** Cards that `slots` slots need: `share` slots use the same `perRunner` cards. */
export function countCardsFor(slots: number, request: GpuRequest): number {
  return Math.ceil(slots / request.share) * request.perRunner;
}

/** `NVIDIA card matching "RTX" with 20GiB`, `NVIDIA MIG devices 1g.10gb`. */
export function nameRequest(request: GpuRequest, number = 1): string {
  const { model, memory } = request.match;
  const ending = number === 1 ? "" : "s";
  const kind = request.mig === null ? `card${ending}` : `MIG device${ending} ${request.mig}`;
  return (
    `${VENDOR_NAMES[request.vendor]} ${kind}` +
    (model === null ? "" : ` matching "${model}"`) +
    (memory === null ? "" : ` with ${formatSize(memory)}`)
  );
}

/** Why a host has none: `no NVIDIA card`, `its NVIDIA card is bound to the driver vfio-pci`. */
export function explainLack(cards: readonly Card[], request: GpuRequest): string {
  const ofVendor = cards.filter((card) => card.vendor === request.vendor);
  const wanted = ofVendor.filter((card) => isWanted(card, request));
  if (ofVendor.length === 0) return `no ${VENDOR_NAMES[request.vendor]} card`;
  const usable = wanted.filter((card) => card.unusable === null);
  const obstacles = [...new Set(wanted.flatMap((card) => card.unusable ?? []))];
  if (usable.length === 0 && obstacles.length > 0) {
    return `its ${nameRequest(request)} is ${obstacles.join(" or ")}`;
  }
  if (wanted.length === 0) {
    const names = [...new Set(ofVendor.map((card) => card.gpu.name ?? "an unnamed card"))];
    return `no ${nameRequest(request)}, but ${names.slice(0, 3).join(", ")}`;
  }
  return `only ${usable.length} of the ${request.perRunner} ${nameRequest(request, request.perRunner)} that one runner takes`;
}
