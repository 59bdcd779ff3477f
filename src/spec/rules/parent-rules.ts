// What a guest can ask depends on who runs it: a Proxmox node, or a machine with KVM, whose QEMU is run by a unit.
// In: the draft. Out: CF656.

import type { DocPath } from "../../base/diagnostic.ts";
import type { HostSpec, MachineSpec, VmSpec } from "../../model/fleet.ts";
import type { Draft, Rule, Say } from "../draft.ts";
import { relate } from "../report.ts";
import { findNode } from "../spec-node.ts";
import { firstOfEach } from "./host-rules.ts";

const LAST_PORT = 65_535;

interface Misfit {
  /** Below the guest. */
  readonly at: readonly string[];
  readonly message: string;
  readonly help: string;
}

/** Things that Proxmox does beside QEMU, each with how a machine has it. */
const PROXMOX_ONLY: Readonly<Record<string, string>> = {
  vlan: "name a bridge of that VLAN at the machine",
  firewall: "remove it",
  mtu: "set it at the machine's bridge",
  queues: "remove it",
  startup: "remove it",
  tags: "remove it",
};

const settingOfTheOther: Rule = (draft, say) => {
  for (const vm of firstOfEach(draft)) {
    const parent = draft.hosts.get(vm.parent);
    const misfits = parent === undefined ? [] : listMisfits(draft, vm, parent);
    for (const { at, message, help } of misfits) {
      if (!draft.knows([...vm.at, ...at])) continue;
      const related = [relate("its parent is here", parent?.at ?? [])];
      say("CF656", [...vm.at, ...at], { message, help, related });
    }
  }
};

function listMisfits(draft: Draft, vm: VmSpec, parent: HostSpec): readonly Misfit[] {
  if (parent.kind === "machine") return listMachineMisfits(draft, vm, parent);
  if (parent.kind !== "proxmox" || vm.sshPort === null) return [];
  return [
    {
      at: ["sshPort"],
      message: `"${parent.name}" is a Proxmox node, on whose bridge the guest has an address of its own`,
      help: "remove `sshPort`",
    },
  ];
}

function listMachineMisfits(draft: Draft, vm: VmSpec, parent: MachineSpec): readonly Misfit[] {
  const wrote = (...key: string[]) => findNode(draft.tree, [...vm.at, ...key]) !== null;
  const { hardware, network, sshPort } = vm;
  const isOnBridge = parent.bridge !== null;
  return [
    ...(wrote("vmId") ? [misfit(["vmId"], "`vmId` is a number of Proxmox's", "remove it")] : []),
    ...Object.entries(PROXMOX_ONLY)
      .filter(([key]) => wrote("hardware", key))
      .map(([key, help]) => misfit(["hardware", key], `\`${key}\` is a setting of Proxmox's`, help)),
    ...(hardware.cpu.startsWith("x86-64-")
      ? [
          misfit(
            ["hardware", "cpu"],
            `${hardware.cpu} is a CPU that Proxmox makes up, and QEMU does not know it`,
            "remove `cpu`",
          ),
        ]
      : []),
    ...(hardware.secureBoot
      ? [
          misfit(
            ["hardware", "secureBoot"],
            "Secure Boot of a guest needs a Proxmox node",
            "remove `secureBoot`",
          ),
        ]
      : []),
    ...(network.kind === "static" && !isOnBridge
      ? [
          misfit(
            ["network"],
            `"${parent.name}" has no bridge, and QEMU's own network gives out its addresses`,
            `set \`bridge\` at ${parent.name}, or use \`network: dhcp\``,
          ),
        ]
      : []),
    ...(sshPort !== null && isOnBridge
      ? [
          misfit(
            ["sshPort"],
            `"${parent.name}" has a bridge, on which the guest has an address of its own`,
            "remove `sshPort`",
          ),
        ]
      : []),
  ];
}

function misfit(at: readonly string[], message: string, help: string): Misfit {
  return { at, message, help };
}

const sshPortTaken: Rule = ({ fleet, hosts }, say) => {
  const seen = new Map<string, VmSpec>();
  for (const vm of fleet.hosts) {
    if (vm.kind !== "vm" || vm.sshPort === null || hosts.get(vm.parent)?.kind !== "machine") continue;
    const path = [...vm.at, "sshPort"];
    if (vm.sshPort > LAST_PORT) {
      say("CF656", path, {
        message: `"${vm.name}" would have the port ${vm.sshPort}; the last one is ${LAST_PORT}`,
        help: "begin lower",
      });
      return;
    }
    const key = `${vm.parent}/${vm.sshPort}`;
    const earlier = seen.get(key);
    if (earlier === undefined) seen.set(key, vm);
    else sayTaken(say, vm, earlier, path);
  }
};

function sayTaken(say: Say, vm: VmSpec, earlier: VmSpec, path: DocPath): void {
  say("CF656", path, {
    message: `the port ${vm.sshPort} of "${vm.parent}" leads to "${earlier.name}" already`,
    help: "choose another one",
    related: [relate("the other one is here", [...earlier.at, "sshPort"])],
  });
}

export const PARENT_RULES: readonly Rule[] = [settingOfTheOther, sshPortTaken];
