// A folder of a Proxmox node for the caches of one guest. In: the fleet's name, the guest. Out: the tag by which the
// guest mounts it, which is also its directory mapping's id, and its path on the node.

import { hashText } from "../base/hash-text.ts";
import type { VmSpec } from "../model/fleet.ts";
import type { PlannedGuest } from "../model/hypervisor-plan.ts";

/**
 * By names, not by VM id: a guest that is made anew finds what it left. A tag has at most 36 characters (virtio 1.2,
 * 5.11.4), a guest's name may have more.
 */
export function planCacheFolder(fleet: string, vm: VmSpec): PlannedGuest["folder"] {
  if (vm.cacheFolder === null) return null;
  return {
    mapping: `ci-fleet-cache-${hashText(`ci-fleet caches ${fleet}/${vm.name}`).slice(0, 12)}`,
    path: `${vm.cacheFolder}/${fleet}-${vm.name}`,
  };
}
