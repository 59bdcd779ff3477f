// A host on which everything is as it should be, and pieces to break. In: what differs. Out: facts.

import { placeFleetForUser, placeForSystem } from "../../src/apply/places.ts";
import type { DoctorFacts } from "../../src/doctor/facts.ts";
import {
  type AccountFacts,
  type HostObservation,
  type MachineObservation,
  type ObservedUnit,
  seen,
} from "../../src/model/host-observation.ts";
import type { Inventory } from "../../src/model/inventory.ts";
import type { Placement, Plan, PlannedHost } from "../../src/model/plan.ts";
import { makeObservation, makeSlot, makeUnit, NOW } from "../model/observed.ts";
import { makeCard, makeDocker, makeInventory, makeNvidiaInventory } from "../plan/make-fleet.ts";
import { makeHost, makePlacement, makePlan, makeProcessPlacement } from "../render/systemd-fleet.ts";

const GIB = 2 ** 30;
const card = makeCard(1);
const CARD = { vendor: "nvidia", id: card.uuid ?? "", selector: card.uuid ?? "", name: card.name } as const;

/** Container slots with a card by CDI, process slots, jobs with a rootless engine, an emulated platform. */
export const PLACEMENTS: readonly Placement[] = [
  makePlacement({
    docker: "rootless",
    gpu: { kind: "cdi", vendor: "nvidia", why: "" },
    slots: [
      {
        name: "acme-ci-forge-1",
        index: 1,
        always: true,
        gpus: [{ ...CARD, address: card.address, renderNode: null, index: 0 }],
      },
    ],
  }),
  makeProcessPlacement({
    gpu: null,
    caches: [],
    slots: [{ name: "acme-bare-forge-1", index: 1, always: true, gpus: [] }],
  }),
];

export const HOST: PlannedHost = makeHost({ placements: PLACEMENTS, emulate: ["linux/riscv64"] });

export const INVENTORY: Inventory = {
  ...makeNvidiaInventory([card], { cgroup: 2 }),
  virtualization: { vm: "none", container: "none" },
  systemd: { version: 257, running: true },
  binfmt: [
    {
      platform: "linux/riscv64",
      interpreter: "/usr/bin/qemu-riscv64-static",
      fixBinary: true,
      enabled: true,
    },
  ],
};

export const ACCOUNT: AccountFacts = {
  name: "ci-fleet",
  groups: ["ci-fleet"],
  subuids: 65_536,
  subgids: 65_536,
  sudo: seen([]),
};

export const MACHINE: MachineObservation = {
  kernelModules: seen(true),
  disks: [
    seen({
      path: "/var/lib/ci-fleet/acme",
      freeBytes: 100 * GIB,
      totalBytes: 200 * GIB,
      freeInodes: 9_000_000,
    }),
  ],
  clockSynchronized: seen(true),
  account: seen(ACCOUNT),
  linger: seen(false),
  cdiDrivers: new Map([["/etc/cdi/nvidia.yaml", ["580.95"]]]),
  programs: new Map(
    ["dockerd-rootless.sh", "rootlesskit", "newuidmap", "newgidmap", "slirp4netns"].map(
      (name) => [name, `/usr/bin/${name}`] as const,
    ),
  ),
  sysctls: new Map([
    ["kernel.unprivileged_userns_clone", "1"],
    ["user.max_user_namespaces", "28633"],
    ["kernel.apparmor_restrict_unprivileged_userns", null],
  ]),
  foreignUnits: seen([]),
  guarded: [seen({ path: "/etc/ci-fleet/acme", uid: 0, mode: 0o755 })],
  strays: seen([]),
  runnerVersions: seen(["2.337.0"]),
  authority: null,
};

const upkeep = (name: string, change: Partial<ObservedUnit> = {}): readonly [string, ObservedUnit] => [
  name,
  makeUnit({ name, killMode: null, ...change }),
];

export const UNITS: ReadonlyMap<string, ObservedUnit> = new Map([
  upkeep("acme.target", { enabled: "enabled" }),
  upkeep("acme-watchdog.timer"),
]);

export const SLOTS: HostObservation = makeObservation(
  [makeSlot(), makeSlot({ slot: "acme-bare-forge-1", container: seen(null) })],
  { units: seen(UNITS) },
);

export const PLAN: Plan = makePlan(HOST);

export function makeFacts(change: Partial<DoctorFacts> = {}): DoctorFacts {
  return {
    now: NOW,
    plan: PLAN,
    host: HOST,
    places: placeForSystem(HOST.places),
    uid: 0,
    userName: "root",
    inventory: INVENTORY,
    hardwareChanges: [],
    slots: SLOTS,
    machine: MACHINE,
    installed: seen(true),
    isUnfinished: false,
    drift: seen([]),
    pending: [],
    node: null,
    guests: [],
    waitsForReboot: false,
    credentials: [
      { target: "default", path: "/etc/ci-fleet/app.pem", state: "usable", message: "", help: null },
    ],
    github: [
      {
        ...{ target: "default", url: "https://github.com/acme", answer: "ok", message: "" },
        ...{ missing: null, help: null, clockOffset: 400, jobsEnd: null, newest: "2.337.0" },
      },
    ],
    ...change,
  };
}

export function withMachine(change: Partial<MachineObservation>): Partial<DoctorFacts> {
  return { machine: { ...MACHINE, ...change } };
}

export function withInventory(change: Partial<Inventory>): Partial<DoctorFacts> {
  return { inventory: { ...INVENTORY, ...change } };
}

export function withSlots(change: Partial<HostObservation>): Partial<DoctorFacts> {
  return { slots: { ...SLOTS, ...change } };
}

/** The same plan with other placements. */
export function withPlacements(
  placements: readonly Placement[],
  change: Partial<PlannedHost> = {},
): Partial<DoctorFacts> {
  const host = makeHost({ placements, ...change });
  return { host, plan: makePlan(host) };
}

export const USER_PLACES = placeFleetForUser("acme", {
  home: "/home/ann",
  config: null,
  runtime: "/run/user/1000",
});

export { makeCard, makeDocker, makeInventory, makePlacement, makeProcessPlacement };
