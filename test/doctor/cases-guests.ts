// Cases of doctor's checks: a machine that runs two guests by itself. In: nothing. Out: rows.

import type { SeenGuestUnit } from "../../src/model/guest-units.ts";
import { type ObservedUnit, seen, unseen } from "../../src/model/host-observation.ts";
import type { KvmPlan } from "../../src/model/kvm-plan.ts";
import { makeUnit } from "../model/observed.ts";
import { APPLY, type Change, type Row } from "./breakages.ts";
import { HOST, INVENTORY, MACHINE, PLAN } from "./make-facts.ts";

const KVM = { present: true, usable: true, gid: 104, nested: null };

const planned = (name: string, starts: boolean) => ({
  ...{ name, starts, unit: `acme-vm@${name}.service` },
  places: { state: `/var/lib/ci-fleet/acme/vm/${name}` },
});

const MACHINE_HOST = {
  ...HOST,
  kvm: { guests: [planned("desk", true), planned("spare", false)] } as unknown as KvmPlan,
};

const makeGuest = (name: string, unit: Partial<ObservedUnit> = {}): SeenGuestUnit => ({
  ...{ name, unit: seen(makeUnit({ name: `acme-vm@${name}.service`, ...unit })) },
  ...{ hasDisk: seen(true), hasSeed: seen(true), isSetUp: null, isCurrent: seen(true) },
});

/** All is well, but for what differs of the guest desk. */
export function onParent(
  unit: Partial<ObservedUnit> = {},
  change: Partial<SeenGuestUnit> = {},
  more: Change = {},
): Change {
  const desk = { ...makeGuest("desk", unit), ...change };
  const names = ["qemu-system-x86_64", "qemu-img", "xorrisofs", "curl"];
  const programs = new Map([
    ...MACHINE.programs,
    ...names.map((name) => [name, `/usr/bin/${name}`] as const),
  ]);
  return {
    ...{ host: MACHINE_HOST, plan: { ...PLAN, hosts: [MACHINE_HOST] }, guests: [desk, makeGuest("spare")] },
    ...{ inventory: { ...INVENTORY, kvm: KVM }, machine: { ...MACHINE, programs } },
    ...more,
  };
}

const withKvm = (change: Partial<typeof INVENTORY.kvm>) =>
  onParent({}, {}, { inventory: { ...INVENTORY, kvm: { ...KVM, ...change } } });
const DEAD = { active: "inactive", sub: "dead", mainPid: null };
const LOG = "sudo journalctl --unit=acme-vm@desk.service";
const FIRMWARE =
  "switch virtualization on in the machine's firmware; then sudo modprobe kvm_intel or kvm_amd";
const SAVE = "save what is needed from inside the guest, then stop and start it";

export const GUEST_CASES: readonly Row[] = [
  ["kvm-is-there", withKvm({ present: false }), "error", /kvm is missing/, FIRMWARE],
  ["kvm-is-there", withKvm({ usable: false }), "error", /cannot be opened/, FIRMWARE],
  ["kvm-is-there", withKvm({ present: null, usable: null }), "unknown", /not known/, null],
  [
    "guest-programs-are-there",
    onParent({}, {}, { machine: MACHINE }),
    "error",
    /^genisoimage or xorrisofs or mkisofs is not installed/,
    "sudo apt-get install xorriso",
  ],
  ["guests-run", onParent({}, { unit: seen(null) }), "error", /desk is not installed/, APPLY],
  ["guests-run", onParent({ active: "failed", result: "timeout" }), "error", /badly \(timeout\)/, LOG],
  [
    "guests-run",
    onParent({ active: "activating", sub: "auto-restart", result: "exit-code" }),
    "error",
    /desk does not start, or ended badly \(exit-code\)/,
    LOG,
  ],
  ["guests-run", onParent(DEAD), "note", /desk is stopped$/, "sudo systemctl start acme-vm@desk.service"],
  [
    "guests-run",
    onParent({}, {}, { guests: [makeGuest("spare", DEAD)] }),
    "note",
    /spare is stopped, and not started by itself$/,
    "sudo systemctl start acme-vm@spare.service",
  ],
  ["guests-run", onParent({}, { unit: unseen("no systemd") }), "unknown", /desk: no systemd/, null],
  [
    "guests-run",
    onParent({}, { isSetUp: seen(false) }),
    "note",
    /sets itself up/,
    "docs/kvm.md says how it gets one",
  ],
  ["guests-have-their-disks", onParent({}, { hasSeed: seen(false) }), "error", /has lost its seed$/, SAVE],
  [
    "guests-have-their-disks",
    onParent({}, { hasDisk: seen(false), hasSeed: seen(false) }),
    "error",
    /acme\/vm\/desk has lost its disk and its seed$/,
    SAVE,
  ],
  [
    "guests-have-their-disks",
    onParent({}, { hasDisk: unseen("EACCES") }),
    "unknown",
    /desk: EACCES/,
    "sudo ci-fleet doctor",
  ],
  [
    "guests-run-as-rendered",
    onParent({}, { isCurrent: unseen("/proc/100/cmdline: EACCES") }),
    "unknown",
    /run with: .*EACCES/,
    null,
  ],
  [
    "guests-run-as-rendered",
    onParent({}, { isCurrent: seen(false) }),
    "warning",
    /until the next start after an apply: desk$/,
    "drain its runner, then stop and start its unit",
  ],
];
