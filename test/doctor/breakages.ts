// Ways to break a healthy host, for the cases of doctor's checks. In: what is wrong. Out: changed facts.

import type { Verdict } from "../../src/doctor/check.ts";
import type { DoctorFacts, GitHubFacts } from "../../src/doctor/facts.ts";
import { type SlotObservation, seen } from "../../src/model/host-observation.ts";
import { makeSlot, makeUnit, NOW } from "../model/observed.ts";
import {
  ACCOUNT,
  INVENTORY,
  makeDocker,
  makeFacts,
  makePlacement,
  UNITS,
  withInventory,
  withMachine,
  withPlacements,
  withSlots,
} from "./make-facts.ts";

export type Change = Partial<DoctorFacts>;
/** Check, what is broken, verdict, words of what is found, the fix. */
export type Row = readonly [
  check: string,
  change: Change,
  verdict: Verdict,
  found: RegExp,
  fix: string | null,
];

export const disk = (
  freeBytes: number,
  totalBytes: number,
  freeInodes: number | null = null,
  path = "/srv",
) => withMachine({ disks: [seen({ path, freeBytes, totalBytes, freeInodes })] });
export const MIB = 2 ** 20;
export const look = "look what fills it: sudo du -xh --max-depth=2 /srv | sort -h | tail";
export const github = (change: Partial<GitHubFacts>): Change => ({
  github: [{ ...(makeFacts().github?.[0] as GitHubFacts), ...change }],
});
export const slot = (change: Partial<SlotObservation>): Change => withSlots({ slots: [makeSlot(change)] });
export const mint = (state: "red" | "waiting" | "stopped"): Change =>
  slot({
    mint: seen({
      state,
      reason: "disk-full",
      message: "/ has 1 MiB free",
      at: NOW,
      nextTryAt: null,
      failures: 1,
    }),
  });
export const docker = (change: Parameters<typeof makeDocker>[0]): Change =>
  withInventory({ docker: makeDocker(change) });
export const unit = (name: string, change: Parameters<typeof makeUnit>[0]): Change =>
  withSlots({ units: seen(new Map([...UNITS, [name, makeUnit({ name, killMode: null, ...change })]])) });
export const nvidia = (change: object): Change =>
  withInventory({ nvidia: { ...(INVENTORY.nvidia as object), ...change } as typeof INVENTORY.nvidia });
export const amd = (change: Change): Change => ({
  ...withPlacements([
    makePlacement({
      gpu: { kind: "nodes", vendor: "amd", shared: ["/dev/kfd"], groups: [104], why: "" },
    }),
  ]),
  ...change,
});
export const account = (change: Partial<typeof ACCOUNT>): Change =>
  withMachine({ account: seen({ ...ACCOUNT, ...change }) });
export const guarded = (uid: number, mode: number): Change =>
  withMachine({ guarded: [seen({ path: "/etc/x y", uid, mode })] });

export const DRIVER_SITE =
  "install it, then reboot: https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/";
export const DOCKER_SITE = "install Docker from its own repository: https://docs.docker.com/engine/install/";
export const BUMP = "ci-fleet bump, then render and apply";
export const APPLY = "sudo ci-fleet apply";
