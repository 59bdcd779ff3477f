// Codes of the plan room about guests that run one job. In: nothing. Out: the rows.

import type { CodeEntry } from "./code.ts";

export const GUEST_CODES: readonly CodeEntry[] = [
  {
    code: "CF745",
    name: "guest-of-more-than-one-job",
    severity: "error",
    summary: "An ephemeral guest holds more than one runner, or a persistent one",
    why: "The guest powers off when its runner has had its job: a second runner's job would end with it, and what a persistent registration keeps goes with each reset.",
    fix: "Place one ephemeral runner on each such guest, and use `count` for more guests; or say `lifetime: persistent` at the guest.",
  },
  {
    code: "CF746",
    name: "reset-of-no-use",
    severity: "error",
    summary: "A guest's `reset` cannot be done",
    why: "Only ephemeral guests of a Proxmox node are reset by it, and a clone needs the node's `template`.",
    fix: "Remove `reset`, or set `template` at the node.",
  },
  {
    code: "CF747",
    name: "folders-cannot-be-shared",
    severity: "error",
    summary: "A guest wants a folder of a node that is too old to share one",
    why: "Proxmox VE shares folders with guests (virtiofs) from 8.4 on, and refuses the setting before.",
    fix: "Upgrade the node and detect it again, or remove `cacheFolder`.",
  },
  {
    code: "CF749",
    name: "parent-cannot-run-guests",
    severity: "error",
    summary: "A guest's parent is no x64 machine with systemd",
    why: "Guests of a machine are systemd units there that run QEMU for x64, from images for x64.",
    fix: "Choose another parent.",
  },
];
