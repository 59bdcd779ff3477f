// Laws of the next step for a guest, over whatever the node may have: only a stopped, unlocked guest of ours is touched,
// nothing is made smaller, and what was done is not done again.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planGuest } from "../../src/apply/plan-guest.ts";
import type { GuestWish } from "../../src/model/guest-wish.ts";
import type { GuestRecord } from "../../src/model/hypervisor-port.ts";

const MARK = "ci-fleet guest lab/vm-1";

const WISH: GuestWish = {
  vmId: 9110,
  mark: MARK,
  description: `${MARK}\nMade by ci-fleet.`,
  clone: {
    template: 9000,
    wish: {
      newId: 9110,
      name: "vm-1",
      description: `${MARK}\nMade by ci-fleet.`,
      full: false,
      storage: null,
      pool: null,
    },
  },
  settings: { name: "vm-1", memory: "8192", net0: "virtio=02:00:00:00:00:01,bridge=vmbr0" },
  drives: { ide2: "local-lvm:cloudinit", efidisk0: "local-lvm:1,efitype=4m" },
  absent: ["hugepages", "hostpci0"],
  disk: { name: "scsi0", size: "64G" },
  start: true,
};

const MADE = {
  ...WISH.settings,
  ide2: "local-lvm:vm-9110-cloudinit,media=cdrom",
  efidisk0: "local-lvm:vm-9110-disk-1,efitype=4m,size=4M",
  scsi0: "local-lvm:vm-9110-disk-0,size=64G",
};

const DISKS = [
  MADE.scsi0,
  "local-lvm:d,size=3G",
  "local-lvm:d,size=65536M",
  "local-lvm:d,size=1T",
  "x",
] as const;

const configs = fc
  .record(
    {
      name: fc.constantFrom("vm-1", "other"),
      memory: fc.constantFrom("8192", "1024"),
      net0: fc.constantFrom(WISH.settings.net0 as string, "bridge=vmbr0,virtio=02:00:00:00:00:01", "e1000"),
      ide2: fc.constantFrom(MADE.ide2, "local:iso/x.iso,media=cdrom"),
      efidisk0: fc.constantFrom(MADE.efidisk0),
      scsi0: fc.constantFrom(...DISKS),
      hugepages: fc.constant("2"),
      smbios1: fc.constant("uuid=1"),
    },
    { requiredKeys: [] },
  )
  .map((config) => Object.fromEntries(Object.entries(config)) as Record<string, string>);

const guests: fc.Arbitrary<GuestRecord> = fc.record({
  vmId: fc.constant(9110),
  name: fc.constant("vm-1"),
  status: fc.constantFrom("running", "stopped"),
  lock: fc.constantFrom(null, null, null, "backup", "clone"),
  template: fc.constantFrom(false, false, false, true),
  uptime: fc.constant(null),
  tags: fc.constant([]),
  config: fc.oneof(
    configs,
    fc.constantFrom(...DISKS).map((scsi0) => ({ ...MADE, scsi0 })),
  ),
  description: fc.constantFrom(
    WISH.description,
    `${WISH.description}\n`,
    `${MARK}\nold`,
    `${MARK}2`,
    "",
    null,
  ),
  digest: fc.constant("d"),
  qmpStatus: fc.constant(null),
});

test("only a stopped, unlocked guest of ours that is no template is touched", () => {
  fc.assert(
    fc.property(guests, fc.boolean(), (guest, start) => {
      const decision = planGuest(WISH, guest, start);
      if (decision.kind !== "step") return;
      assert.equal(guest.description?.split("\n")[0], MARK);
      assert.deepEqual([guest.status, guest.lock, guest.template], ["stopped", null, false]);
      assert.notEqual(decision.step.kind, "clone");
      if (decision.step.kind === "start") assert.ok(start);
      if (decision.step.kind === "resize") assert.equal(guest.config.scsi0, "local-lvm:d,size=3G");
      if (decision.step.kind !== "configure") return;
      const { set, delete: gone, digest } = decision.step.change;
      assert.equal(digest, "d");
      // A drive that is there is never set: Proxmox would make another one.
      for (const key of Object.keys(WISH.drives)) {
        if (guest.config[key] !== undefined) assert.equal(set[key], undefined);
      }
      for (const key of gone) assert.ok(WISH.absent.includes(key) && guest.config[key] !== undefined);
      assert.equal(set.smbios1, undefined);
    }),
    { numRuns: 3000 },
  );
});

/** What Proxmox would show after the step. */
function apply(guest: GuestRecord, decision: ReturnType<typeof planGuest>): GuestRecord {
  if (decision.kind !== "step") return guest;
  const { step } = decision;
  if (step.kind === "start") return { ...guest, status: "running" };
  if (step.kind === "resize") return { ...guest, config: { ...guest.config, scsi0: MADE.scsi0 } };
  if (step.kind === "clone") return { ...guest, description: step.wish.description, config: MADE };
  const { description = guest.description, ...set } = step.change.set;
  const drives = Object.fromEntries(
    Object.keys(set)
      .filter((key) => WISH.drives[key] !== undefined)
      .map((key) => [key, MADE[key as "ide2"]]),
  );
  const entries = Object.entries({ ...guest.config, ...set, ...drives });
  const config = Object.fromEntries(entries.filter(([key]) => !step.change.delete.includes(key)));
  return { ...guest, description, config };
}

test("four steps at most, each kind once, and then it is done", () => {
  fc.assert(
    fc.property(guests, (first) => {
      let guest = first;
      const kinds: string[] = [];
      for (;;) {
        const decision = planGuest(WISH, guest, true);
        if (decision.kind !== "step") break;
        kinds.push(decision.step.kind);
        assert.equal(new Set(kinds).size, kinds.length, kinds.join(" "));
        guest = apply(guest, decision);
      }
      if (kinds.length > 0) assert.equal(planGuest(WISH, guest, true).kind === "step", false);
      assert.ok(kinds.length <= 4);
    }),
    { numRuns: 3000 },
  );
});

test("a guest that is not there is cloned, and one that cannot be cloned is not made", () => {
  assert.equal(planGuest(WISH, null, true).kind, "step");
  assert.equal(planGuest({ ...WISH, clone: null }, null, true).kind, "refused");
});

test("a guest that is held is brought up to date and not started", () => {
  const guest: GuestRecord = {
    ...{ vmId: 9110, name: "vm-1", status: "stopped", lock: null, template: false, uptime: null, tags: [] },
    ...{ config: MADE, description: WISH.description, digest: "d", qmpStatus: null },
  };
  assert.deepEqual(planGuest({ ...WISH, start: false }, guest, true), { kind: "done", notes: [] });
});
