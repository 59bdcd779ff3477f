// The smallest fleets with each fault of cards, on hosts and in guests. In: nothing. Out: cases by code.

import { type Case, fixed, forge, guestCard, limits, pve } from "./code-case.ts";
import {
  makeCard,
  makeDocker,
  makeFleet,
  makeGuest,
  makeInputs,
  makeInventory,
  makeNvidiaInventory,
  makePool,
  makeProxmox,
  makeRequest,
} from "./make-fleet.ts";
import { makeNode, makeNodeCard, USB } from "./make-node.ts";

export const CARD_CASES: Readonly<Record<string, Case>> = {
  CF213: {
    fleet: makeFleet([pve, makeGuest("vm", "pve", { gpu: "0000:01:00" })], [makePool("ci")]),
    inputs: makeInputs({
      pve: makeInventory({
        gpus: [guestCard],
        iommu: { enabled: true, kind: "intel", acsOverride: true, groups: [] },
      }),
    }),
    path: ["hosts", "vm", "gpu"],
    message:
      "the kernel of `pve` runs with pcie_acs_override, so its IOMMU groups isolate nothing for certain",
  },
  CF214: {
    fleet: makeFleet(
      [forge],
      [makePool("gpu", { gpu: makeRequest({ share: 2 }), runners: fixed(2), limits: limits(4, 8) })],
    ),
    inputs: makeInputs({ forge: makeNvidiaInventory([makeCard(1)]) }),
    path: ["pools", "gpu", "gpu", "share"],
    message: "2 runners of pool `gpu` share one card, and nothing separates their memory on it",
  },
  CF706: {
    fleet: makeFleet(
      [forge],
      [makePool("gpu", { hosts: ["forge"], gpu: makeRequest({ match: { model: "H100", memory: null } }) })],
    ),
    inputs: makeInputs({ forge: makeNvidiaInventory([makeCard(1)]) }),
    path: ["pools", "gpu", "hosts"],
    message: 'pool `gpu`: `forge` has no NVIDIA card matching "H100", but NVIDIA GeForce RTX 4090',
  },
  CF707: {
    fleet: makeFleet(
      [forge],
      [
        makePool("a", { gpu: makeRequest(), limits: limits(4, 8) }),
        makePool("b", { gpu: makeRequest(), runners: fixed(2), limits: limits(4, 8) }),
      ],
    ),
    inputs: makeInputs({ forge: makeNvidiaInventory([makeCard(1), makeCard(2)]) }),
    path: ["pools", "b", "runners"],
    message: "pool `b` needs 2 NVIDIA cards on `forge`, which has 2, of which one goes to `a`",
  },
  CF714: {
    fleet: makeFleet([forge], [makePool("gpu", { gpu: makeRequest() })]),
    inputs: makeInputs({
      forge: makeNvidiaInventory([makeCard(1)], {
        docker: makeDocker(),
        nvidia: { driver: "580.95", openModule: true, toolkit: null, toolkitInstalled: false, problem: null },
      }),
    }),
    path: ["pools", "gpu", "gpu"],
    message:
      "the NVIDIA cards of `forge` cannot be used as it is: the NVIDIA Container Toolkit is not installed",
  },
  CF715: {
    fleet: makeFleet([forge], [makePool("gpu", { gpu: makeRequest() })]),
    inputs: makeInputs({
      forge: makeNvidiaInventory([makeCard(1, { uuid: "GPU-????????-????-????-????-????????????" })], {
        docker: makeDocker({ cdi: { enabled: true, devices: ["nvidia.com/gpu=0"] } }),
      }),
    }),
    path: ["pools", "gpu", "gpu"],
    message: "the UUIDs of cards in `forge` are not known, so pool `gpu` pins them by index",
  },
  CF716: {
    fleet: makeFleet([forge], [makePool("gpu", { gpu: makeRequest() })]),
    inputs: makeInputs({
      forge: makeNvidiaInventory([makeCard(1)], {
        docker: makeDocker({ cdi: { enabled: true, devices: ["nvidia.com/gpu=GPU-old"] } }),
      }),
    }),
    path: ["pools", "gpu", "gpu"],
    message: "the CDI list of `forge` does not name the card that a runner of pool `gpu` is given",
  },
  CF724: {
    fleet: makeFleet([pve, makeGuest("vm", "pve", { gpu: "0000:09:00" })], [makePool("ci")]),
    inputs: makeInputs({ pve: makeInventory({ gpus: [guestCard] }) }),
    path: ["hosts", "vm", "gpu"],
    message: "there is no card at 0000:09:00 in `pve`, which has 0000:01:00.0",
  },
  CF725: {
    fleet: makeFleet(
      [pve, makeGuest("vm-1", "pve", { gpu: "0000:01:00" }), makeGuest("vm-2", "pve", { gpu: "0000:01:00" })],
      [makePool("ci")],
    ),
    inputs: makeInputs({ pve: makeInventory({ gpus: [guestCard] }) }),
    path: ["hosts", "vm-2", "gpu"],
    message: "guests `vm-1` and `vm-2` both take 0000:01:00 from `pve`",
  },
  CF726: {
    fleet: makeFleet([pve, makeGuest("vm", "pve", { gpu: "0000:01:00" })], [makePool("ci")]),
    inputs: makeInputs({
      pve: makeInventory({
        gpus: [{ ...guestCard, passthrough: { kind: "shared", with: ["0000:02:00.0"] } }],
      }),
    }),
    path: ["hosts", "vm", "gpu"],
    message:
      "0000:01:00.0 of `pve` shares its IOMMU group with 0000:02:00.0, which the guest would take along",
  },
  CF727: {
    fleet: makeFleet([pve, makeGuest("vm", "pve", { gpu: "0000:01:00" })], [makePool("ci")]),
    inputs: makeInputs({
      pve: makeInventory({ gpus: [{ ...guestCard, passthrough: { kind: "no-iommu" } }] }),
    }),
    path: ["hosts", "vm", "gpu"],
    message: "the IOMMU of `pve` is off, so 0000:01:00.0 cannot be given to a guest yet",
  },
  CF731: {
    fleet: makeFleet([forge, makeGuest("vm", "forge")], [makePool("ci")]),
    inputs: makeInputs({
      forge: makeInventory({ kvm: { present: false, usable: false, gid: null, nested: null } }),
    }),
    path: ["hosts", "vm", "parent"],
    message: "`forge` has no KVM, so it cannot run guests",
  },
  CF733: {
    fleet: makeFleet([forge], [makePool("gpu", { gpu: makeRequest({ vendor: "intel" }) })]),
    inputs: makeInputs({
      forge: makeInventory({ gpus: [makeCard(1, { vendor: "intel", driver: "xe", renderGid: null })] }),
    }),
    path: ["pools", "gpu", "gpu"],
    message:
      "the group that may open the render nodes of `forge` is not known, so jobs there will not reach the GPU",
  },
  CF734: {
    fleet: makeFleet([pve, makeGuest("vm", "pve", { gpu: "0000:01:00" })], [makePool("ci")]),
    inputs: makeInputs({ pve: makeNode([makeNodeCard(1)], { 1: [USB] }) }),
    path: ["hosts", "vm", "gpu"],
    message:
      "0000:01:00.0 of `pve` shares its IOMMU group with 0000:00:14.0 (USB controller, driver xhci_hcd), which the guest would take along",
  },
  CF735: {
    fleet: makeFleet([pve, makeGuest("vm", "pve", { gpu: "0000:01:00" })], [makePool("ci")]),
    inputs: makeInputs({ pve: makeNode([makeNodeCard(1, { bootVga: true })]) }),
    path: ["hosts", "vm", "gpu"],
    message: "0000:01:00.0 is the only display of `pve`",
  },
  CF736: {
    fleet: makeFleet([pve, makeGuest("vm", "pve", { gpu: "0000:01:00" })], [makePool("ci")]),
    inputs: makeInputs({ pve: makeNode([makeNodeCard(1, { bootVga: true }), makeNodeCard(2)]) }),
    path: ["hosts", "vm", "gpu"],
    message: "0000:01:00.0 is the card on which the firmware of `pve` shows its first screen",
  },
  CF737: {
    fleet: makeFleet([pve, makeGuest("vm", "pve", { gpu: "0000:01:00" })], [makePool("ci")]),
    inputs: makeInputs({ pve: makeNode([makeNodeCard(1, { driver: "nvidia" })]) }),
    path: ["hosts", "vm", "gpu"],
    message: "`pve` itself works with 0000:01:00.0: NVIDIA's driver holds it",
  },
  CF738: {
    fleet: makeFleet(
      [
        pve,
        makeProxmox("pve2"),
        makeGuest("a", "pve", { vmId: 9000 }),
        makeGuest("b", "pve2", { vmId: 9000 }),
      ],
      [makePool("ci")],
    ),
    inputs: makeInputs({ pve: makeNode([]), pve2: makeNode([]) }),
    path: ["hosts", "b", "vmId"],
    message: "`a` on `pve` and `b` on `pve2` have the VM id 9000",
  },
  CF739: {
    fleet: makeFleet([pve, makeGuest("vm", "pve", { gpu: "0000:01:00" })], [makePool("ci")]),
    inputs: makeInputs({
      pve: makeNode(
        [makeNodeCard(1)],
        {},
        {
          kernel: { release: "6.5.13-1-pve", proxmox: true, options: [] },
          proxmox: { version: "8.1.4", node: "pve", bootLoader: null, bootTool: null },
        },
      ),
    }),
    path: ["hosts", "vm", "gpu"],
    message: "`pve` needs a kernel option, and whether GRUB or systemd-boot starts its kernel is not known",
  },
  CF747: {
    fleet: makeFleet([pve, makeGuest("vm", "pve", { cacheFolder: "/srv/caches" })], [makePool("ci")]),
    inputs: makeInputs({
      pve: makeNode(
        [],
        {},
        { proxmox: { version: "8.3.5", node: "pve", bootLoader: "grub", bootTool: true } },
      ),
    }),
    path: ["hosts", "vm", "cacheFolder"],
    message: "`pve` has Proxmox VE 8.3.5, which cannot share folders with guests",
  },
};
