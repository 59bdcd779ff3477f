// Cases of doctor's checks: a Proxmox node whose one guest gets a card. In: nothing. Out: rows.

import type { DoctorFacts, NodeFacts } from "../../src/doctor/facts.ts";
import { seen, unseen } from "../../src/model/host-observation.ts";
import type { HypervisorPlan, VfioPlan } from "../../src/model/hypervisor-plan.ts";
import { makeCard } from "../plan/make-fleet.ts";
import { APPLY, type Change, type Row } from "./breakages.ts";
import { HOST, makeFacts, PLAN } from "./make-facts.ts";

const CARD = "0000:01:00.0";
const OPTION = "intel_iommu=on";
const GRANT = { path: "/vms/9101", role: "CiFleetGuest" };
const MARK = "ci-fleet guest acme/gpu-vm";

const vfio: VfioPlan = {
  cards: [
    {
      ...{
        address: "0000:01:00",
        name: "RTX",
        guests: ["gpu-vm"],
        binding: "id",
        why: "its driver holds on",
      },
      functions: [{ address: CARD, id: "10de:2684", subsystemId: null, class: "030000", group: 15 }],
    },
  ],
  kernelOptions: [{ token: OPTION, why: "" }],
  ...{ loader: "grub", disableVga: true, bootTool: false, accepted: [] },
};

const hypervisor = {
  ...{ node: "forge", storage: "local-lvm", snippets: "local", bridge: "vmbr0", mappings: [] },
  guests: [{ vmId: 9101, name: "gpu-vm", mark: MARK }],
  access: {
    ...{ user: "ci-fleet@pve", token: "acme", grants: [GRANT] },
    roles: [{ id: "CiFleetGuest", privileges: ["VM.Audit", "VM.PowerMgmt"] }],
  },
} as unknown as HypervisorPlan;

const NODE_HOST = {
  ...HOST,
  ...{ vfio, hypervisor, supervision: "none", placements: [], credentials: [] },
  spec: { kind: "proxmox", name: "forge", template: 9000 },
} as unknown as typeof HOST;

const GUEST = {
  vmId: 9101,
  name: "gpu-vm",
  running: true,
  lock: null,
  mark: MARK,
  cards: ["ci-fleet-acme-gpu-vm"],
  holds: [],
};

const NODE: NodeFacts = {
  needed: new Map([["/vms/9101", new Set(["VM.Audit", "VM.PowerMgmt"])]]),
  seen: {
    drivers: new Map([[CARD, seen("vfio-pci")]]),
    kernelLine: seen(["quiet", OPTION]),
    waitsForReboot: false,
    takesSnippets: seen(true),
    template: seen({ isTemplate: true, madeAt: makeFacts().now - 86_400_000 }),
    guests: seen([GUEST]),
    rights: seen(new Map([["/vms/9101", ["VM.Audit", "VM.PowerMgmt"]]])),
    rehearsals: new Map([["/etc/ci-fleet/acme/mapping/pci.sh", { kind: "ran", lines: [] }]]),
  },
};

/** A node on which all is well, but for `change`. */
export function onNode(change: Partial<NodeFacts["seen"]> = {}, more: Change = {}): Change {
  const card = makeCard(1);
  const inventory = {
    ...makeFacts().inventory,
    iommu: { enabled: true, kind: "intel", acsOverride: false, groups: [] },
    gpus: [{ ...card, iommuGroup: 15, functions: [{ address: CARD }] }],
  } as unknown as DoctorFacts["inventory"];
  const plan = { ...PLAN, hosts: [NODE_HOST] };
  return { plan, host: NODE_HOST, inventory, node: { ...NODE, seen: { ...NODE.seen, ...change } }, ...more };
}

const moved = (group: number | null): Change => {
  const card = { ...(vfio.cards[0] as VfioPlan["cards"][number]) };
  const functions = card.functions.map((each) => ({ ...each, group }));
  return { host: { ...NODE_HOST, vfio: { ...vfio, cards: [{ ...card, functions }] } } };
};
const template = (days: number) =>
  onNode({ template: seen({ isTemplate: true, madeAt: makeFacts().now - days * 86_400_000 }) });
const rights = (entries: readonly (readonly [string, readonly string[]])[]) =>
  onNode({ rights: seen(new Map(entries)) });
const REBOOT = "reboot this host when it suits: nothing of ci-fleet does";
const REFRESH = "ci-fleet init --refresh --name forge, then render and apply";

export const NODE_CASES: readonly Row[] = [
  ["no-reboot-is-due", { waitsForReboot: true }, "warning", /waits for a reboot/, REBOOT],
  [
    "kernel-line-as-planned",
    onNode({ kernelLine: seen(["quiet"]) }),
    "error",
    /not given intel_iommu=on$/,
    APPLY,
  ],
  [
    "kernel-line-as-planned",
    onNode({ kernelLine: seen([]), waitsForReboot: true }),
    "warning",
    /the reboot brings it/,
    REBOOT,
  ],
  ["kernel-line-as-planned", onNode({ kernelLine: unseen("EACCES") }), "unknown", /EACCES/, null],
  ["groups-are-as-planned", onNode({}, moved(3)), "error", /in group 15, and the mapping says 3/, REFRESH],
  ["groups-are-as-planned", onNode({}, moved(null)), "warning", /does not know yet/, REFRESH],
  [
    "cards-are-let-go",
    onNode({ drivers: new Map([[CARD, seen("nouveau")]]) }),
    "error",
    /0000:01:00\.0 is held by nouveau, not by vfio-pci$/,
    APPLY,
  ],
  [
    "cards-are-let-go",
    onNode({ drivers: new Map([[CARD, seen("nouveau")]]), waitsForReboot: true }),
    "warning",
    /until the reboot/,
    REBOOT,
  ],
  ["cards-are-let-go", onNode({ drivers: new Map([[CARD, unseen("gone")]]) }), "unknown", /gone/, null],
  [
    "storage-takes-snippets",
    onNode({ takesSnippets: seen(false) }),
    "error",
    /local takes no snippets/,
    "add snippets to its content: pvesm set local --content …,snippets",
  ],
  [
    "storage-takes-snippets",
    onNode({ takesSnippets: unseen("there is no pvesm") }),
    "unknown",
    /no pvesm/,
    null,
  ],
  [
    "template-is-fresh",
    onNode({ template: seen(null) }),
    "error",
    /no template 9000/,
    "make one: https://pve.proxmox.com/wiki/Cloud-Init_Support",
  ],
  [
    "template-is-fresh",
    onNode({ template: seen({ isTemplate: false, madeAt: null }) }),
    "error",
    /9000 is no template/,
    "qm template 9000",
  ],
  [
    "template-is-fresh",
    template(200),
    "warning",
    /200 days old/,
    "make it anew from the distribution's current image",
  ],
  [
    "template-is-fresh",
    onNode({ template: seen({ isTemplate: true, madeAt: null }) }),
    "note",
    /Proxmox does not say/,
    null,
  ],
  ["template-is-fresh", onNode({ template: unseen("no answer") }), "unknown", /no answer/, null],
  ["token-has-its-rights", onNode({ rights: seen(null) }), "error", /no token ci-fleet@pve!acme/, APPLY],
  [
    "token-has-its-rights",
    rights([["/vms/9101", ["VM.Audit"]]]),
    "error",
    /lacks VM\.PowerMgmt on \/vms\/9101/,
    APPLY,
  ],
  [
    "token-has-its-rights",
    rights([
      ["/vms/9101", ["Sys.Modify", "VM.Audit", "VM.PowerMgmt"]],
      ["/", ["Sys.Audit"]],
    ]),
    "warning",
    /more than it needs: Sys\.Modify on \/vms\/9101, Sys\.Audit on \/$/,
    "look at `pveum acl list` for ci-fleet@pve!acme",
  ],
  ["token-has-its-rights", onNode({ rights: unseen("there is no pveum") }), "unknown", /no pveum/, null],
  [
    "node-is-as-rendered",
    onNode({
      rehearsals: new Map([
        ["/etc/ci-fleet/acme/vm/9101-gpu-vm/qm.sh", { kind: "ran", lines: ["qm set", "x"] }],
      ]),
    }),
    "warning",
    /^vm\/9101-gpu-vm\/qm\.sh would do: qm set, and 1 more$/,
    `${APPLY} --dry-run`,
  ],
  [
    "node-is-as-rendered",
    onNode({
      rehearsals: new Map([["/etc/ci-fleet/acme/access.sh", { kind: "stopped", why: "no quorum" }]]),
    }),
    "unknown",
    /access\.sh cannot tell: no quorum/,
    null,
  ],
  [
    "guests-are-known",
    onNode({ guests: seen([{ ...GUEST, vmId: 9102, name: "old", mark: "ci-fleet guest acme/old" }]) }),
    "warning",
    /guest 9102 \(old\) is not in the plan/,
    "when nobody needs it: qm stop 9102, then qm destroy 9102 --purge",
  ],
  [
    "guests-are-known",
    onNode({ guests: seen([{ ...GUEST, lock: "backup" }]) }),
    "note",
    /locked: backup/,
    "wait for its task; if none runs: qm unlock 9101",
  ],
  ["guests-are-known", onNode({ guests: unseen("there is no pvesh") }), "unknown", /no pvesh/, null],
];
