// What a hand-edited inventory may say that cannot be: plan joins facts by address, id and group number.
// In: an inventory of the right shape. Out: places and sentences.

import type { DocPath } from "../base/diagnostic.ts";
import type { Inventory } from "../model/inventory.ts";

export interface Contradiction {
  readonly path: DocPath;
  readonly message: string;
}

export function findContradictions(inventory: Inventory): readonly Contradiction[] {
  const gpus = inventory.gpus ?? [];
  const groups = inventory.iommu.groups;
  return [
    ...findTwins(
      "gpus",
      "address",
      gpus.map((gpu) => gpu.address),
    ),
    ...findTwins(
      "gpus",
      "uuid",
      gpus.map((gpu) => gpu.uuid),
    ),
    ...findTwins(
      "disks",
      "name",
      (inventory.disks ?? []).map((disk) => disk.name),
    ),
    ...gpus.flatMap((gpu, i) => {
      const group = gpu.iommuGroup;
      if (group === null || groups.some((known) => known.id === group)) return [];
      return [{ path: ["gpus", i, "iommuGroup"], message: `group ${group} is not among iommu.groups` }];
    }),
    ...findImpossibleCounts(inventory),
  ];
}

function findTwins(
  list: string,
  field: string,
  values: readonly (string | null)[],
): readonly Contradiction[] {
  return values.flatMap((value, i) => {
    const first = values.indexOf(value);
    if (value === null || first === i) return [];
    return [{ path: [list, i, field], message: `${value} is already the ${field} of ${list}[${first}]` }];
  });
}

function findImpossibleCounts(inventory: Inventory): readonly Contradiction[] {
  const { cores, threads } = inventory.cpu;
  if (cores === null || threads === null || cores <= threads) return [];
  return [{ path: ["cpu", "cores"], message: `${cores} cores cannot run only ${threads} threads` }];
}
