// New machines whose seeds are kept whole in fixtures/cloud-init/, and judged by cloud-init in test/tools. In:
// nothing. Out: cases by the name of their folder.

import type { Plan, PlannedHost, Provisioning } from "../../src/model/plan.ts";
import type { RenderedFile } from "../../src/model/rendered-file.ts";
import { buildxCache, makeHost, makePlacement, makePlan, makeProcessPlacement } from "./systemd-fleet.ts";

export interface SeedCase {
  readonly plan: Plan;
  readonly host: PlannedHost;
  readonly copies: readonly RenderedFile[];
}

export function makeProvisioning(change: Partial<Provisioning> = {}): Provisioning {
  return {
    os: "debian-13",
    hostname: "forge",
    network: { kind: "dhcp" },
    sshKeys: [],
    cacheTag: null,
    agent: false,
    nvidia: false,
    docker: true,
    ...change,
  };
}

export function makeSeed(host: PlannedHost, change: Partial<Plan> = {}): SeedCase {
  return { plan: makePlan(host, change), host, copies: COPIES };
}

/** Which ones are there says nothing about the plan: that is made elsewhere. */
const COPIES: readonly RenderedFile[] = [
  { path: "fleet.yaml", content: "version: 1\nfleet: acme # ours, größer\n", mode: 0o644 },
  { path: "hosts/forge.yaml", content: "version: 1\n", mode: 0o644 },
  { path: "images/lint/build.sh", content: "#!/bin/sh\nexit 0\n", mode: 0o755 },
];

const KEYS = ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEXAMPLE alice@example: "home"'];
const install = { url: "https://files.corp/ci-fleet-1.0.0-linux-x64", sha256: "0f3a".repeat(16) };

const placement = makePlacement();
const oneSlot = { ...placement, slots: placement.slots.slice(0, 1) };

export const seedCases: Readonly<Record<string, SeedCase>> = {
  "a-debian-guest-with-a-second-disk": makeSeed(makeHost({ kind: "vm", provisioning: makeProvisioning() })),
  "a-debian-guest-of-one-job": makeSeed(
    makeHost({
      kind: "vm",
      placements: [oneSlot],
      provisioning: makeProvisioning({ nvidia: true }),
      oneJob: { setUp: "once" },
    }),
  ),
  "a-guest-that-is-made-anew-for-each-job": makeSeed(
    makeHost({
      kind: "vm",
      placements: [oneSlot],
      provisioning: makeProvisioning({ agent: true }),
      oneJob: { setUp: "each-boot" },
    }),
  ),
  "an-ubuntu-guest-with-a-card-behind-a-proxy": makeSeed(
    makeHost({
      kind: "vm",
      arch: "arm64",
      platform: "linux/arm64",
      placements: [makePlacement({ docker: "rootless", caches: [buildxCache] }), makeProcessPlacement()],
      emulate: ["linux/riscv64"],
      provisioning: makeProvisioning({
        os: "ubuntu-24.04",
        nvidia: true,
        sshKeys: KEYS,
        network: {
          kind: "static",
          address: "10.0.0.50/24",
          gateway: "10.0.0.1",
          dns: ["10.0.0.1", "1.1.1.1"],
          mac: "BC:24:11:AA:BB:CC",
        },
      }),
    }),
    {
      install,
      network: {
        proxy: "http://proxy:3128",
        noProxy: [".corp"],
        ca: "/etc/ssl/corp.pem",
        caContent: null,
        mirrors: { apt: "http://mirror.corp/ubuntu/", docker: "https://docker.corp" },
      },
    },
  ),
  "a-debian-machine-of-processes": makeSeed(
    makeHost({
      placements: [makeProcessPlacement({ gpu: null, caches: [] })],
      provisioning: makeProvisioning({
        os: "debian-12",
        docker: false,
        network: { kind: "static", address: "fd00::5/64", gateway: "fd00::1", dns: [], mac: null },
      }),
    }),
    {
      install,
      network: {
        proxy: null,
        noProxy: [],
        ca: null,
        caContent: null,
        mirrors: { apt: "http://mirror.corp/debian", docker: null },
      },
    },
  ),
  "an-arch-machine": makeSeed(
    makeHost({
      emulate: ["linux/arm64"],
      provisioning: makeProvisioning({ os: "arch", nvidia: true, sshKeys: KEYS }),
    }),
    {
      install,
      network: {
        proxy: null,
        noProxy: [],
        ca: "/etc/ssl/corp.pem",
        caContent: null,
        mirrors: { apt: null, docker: null },
      },
    },
  ),
};
