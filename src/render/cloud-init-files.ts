// Files that cloud-init writes on a new machine before anything is installed: a copy of the fleet for its first
// `apply`, the engine's configuration, and what keeps updates from restarting the engine under a job. In: the plan, a
// host, what the plan was made of. Out: files by their place on the machine.

import { writeJson } from "../base/write-json.ts";
import type { Plan, PlannedHost, Provisioning } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { bannerLines, hashBanner } from "./banner.ts";
import { type GuestSystem, listKeyrings } from "./cloud-init-packages.ts";
import { fillTemplate } from "./fill-template.ts";
import { listNetworkVariables, nameSlotUnit } from "./systemd-host.ts";

export interface GuestFile {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

const TOP = "/usr/local/lib/ci-fleet";
export const SETUP_PATH = `${TOP}/setup.sh`;
/** The fleet and the program that this machine is made with, until they are in force. */
const SEED_PLACE = `${TOP}/seed`;
/** Where a folder of the parent's is mounted. */
const CACHE_PLACE = "/var/lib/ci-fleet-caches";
const FETCHED_PLACE = `${TOP}/ci-fleet`;
const SETUP_UNIT = "ci-fleet-setup";
/** setup.sh leaves it where the machine is to be off when it has ended. */
export const POWER_OFF_FLAG = "/run/ci-fleet-power-off";
/** The key of the host at its broker, where `ci-fleet` looks for it. */
const BROKER_KEY = "/etc/ci-fleet/broker.key";

export function listGuestFiles(
  plan: Plan,
  host: PlannedHost,
  provisioning: Provisioning,
  system: GuestSystem,
  copies: readonly RenderedFile[],
): readonly GuestFile[] {
  const banner = hashBanner(plan);
  const template = (name: string) =>
    fillTemplate(`hosts/host/cloud-init/${name}`, { banner: bannerLines(plan) });
  return [
    { path: SETUP_PATH, content: writeSetup(plan, host, provisioning, system), mode: 0o700 },
    ...listSetupUnits(plan, host),
    ...listKeyrings(provisioning, system).map((file) => ({ ...file, mode: 0o644 })),
    ...(provisioning.docker
      ? [{ path: "/etc/docker/daemon.json", content: writeEngineConfig(plan, provisioning), mode: 0o644 }]
      : []),
    ...(system.family === "arch"
      ? []
      : [
          { path: "/etc/apt/apt.conf.d/52ci-fleet", content: template("apt.conf"), mode: 0o644 },
          {
            path: "/etc/needrestart/conf.d/ci-fleet.conf",
            content: writeNeedrestart(plan, banner),
            mode: 0o644,
          },
        ]),
    ...copies.map((file) => ({ ...file, path: `${SEED_PLACE}/${file.path}` })),
  ];
}

function writeSetup(plan: Plan, host: PlannedHost, provisioning: Provisioning, system: GuestSystem): string {
  const { binary, config } = host.places;
  const { install } = plan;
  return fillTemplate("hosts/host/cloud-init/setup.sh", {
    banner: bannerLines(plan),
    environment: listNetworkVariables(plan, "system"),
    isArch: system.family === "arch",
    isDebian: system.family === "debian",
    isUbuntu: system.family === "ubuntu",
    packages: system.packages,
    libraries: system.hasProcesses && system.family !== "arch",
    install:
      install === null
        ? null
        : { url: install.url, sum: `${install.sha256}  ${FETCHED_PLACE}`, fetched: FETCHED_PLACE },
    binary,
    fetched: FETCHED_PLACE,
    nvidia: provisioning.nvidia,
    oneJob: viewOneJob(plan, host),
    docker: provisioning.docker,
    host: host.name,
    seed: SEED_PLACE,
    // `apply` writes it last.
    record: `${config}/generation.json`,
    timer: `${SETUP_UNIT}.timer`,
    agent: provisioning.agent,
    caches: listCacheMounts(host, provisioning),
  });
}

/** null: the host goes on when it is set up. */
function viewOneJob(plan: Plan, host: PlannedHost) {
  if (host.oneJob === null) return null;
  return {
    once: host.oneJob.setUp === "once",
    script: `${host.places.config}/runner/one-job.sh`,
    flag: POWER_OFF_FLAG,
    credentials: [
      ...host.credentials.map(({ path }) => path),
      ...(plan.targets.some((target) => usesBroker(host, target)) ? [BROKER_KEY] : []),
    ],
    units: host.placements.flatMap((placement) =>
      placement.slots.filter(({ always }) => always).map((slot) => nameSlotUnit(plan, placement, slot)),
    ),
  };
}

function usesBroker(host: PlannedHost, { name, auth }: Plan["targets"][number]): boolean {
  return auth.kind === "broker" && host.placements.some(({ target }) => target === name);
}

/**
 * fstab(5), systemd.mount(5). Before anything that uses them, and no reason not to boot: without the parent's folder
 * caches are on the disk. What jobs leave there is never run with more rights.
 */
function listCacheMounts(host: PlannedHost, { cacheTag }: Provisioning) {
  const slots = host.placements.flatMap((placement) =>
    placement.caches.length === 0 ? [] : placement.slots.map(({ name }) => name),
  );
  if (cacheTag === null || slots.length === 0) return null;
  const options = "nofail,nosuid,nodev,x-systemd.before=sysinit.target";
  const mounts = slots.map((slot) => {
    const [from, to] = [`${CACHE_PLACE}/${slot}`, `${host.places.state}/${slot}/cache`];
    return { from, to, line: `${from} ${to} none bind,${options} 0 0` };
  });
  return { place: CACHE_PLACE, line: `${cacheTag} ${CACHE_PLACE} virtiofs ${options} 0 0`, mounts };
}

/** For a first boot that met a repository, a registry or GitHub when it was out of reach. */
function listSetupUnits(plan: Plan, host: PlannedHost): readonly GuestFile[] {
  const flag = host.oneJob?.setUp === "once" ? POWER_OFF_FLAG : null;
  const view = { banner: bannerLines(plan), fleet: plan.fleet, setup: SETUP_PATH, flag };
  return ["service", "timer"].map((kind) => ({
    path: `/etc/systemd/system/${SETUP_UNIT}.${kind}`,
    content: fillTemplate(`hosts/host/cloud-init/setup.${kind}`, view),
    mode: 0o644,
  }));
}

/**
 * docs.docker.com/reference/cli/dockerd. `live-restore` keeps containers when the engine restarts, which an update
 * would else do to a running job.
 */
function writeEngineConfig(plan: Plan, { nvidia }: Provisioning): string {
  const { proxy, noProxy, mirrors } = plan.network;
  const proxies = {
    "http-proxy": proxy ?? "",
    "https-proxy": proxy ?? "",
    "no-proxy": ["localhost", "127.0.0.1", ...noProxy].join(","),
  };
  return writeJson({
    "live-restore": true,
    ...(nvidia ? { features: { cdi: true } } : {}),
    ...(proxy === null ? {} : { proxies }),
    ...(mirrors.docker === null ? {} : { "registry-mirrors": [mirrors.docker] }),
  });
}

/** Perl, read by needrestart(1): 0 means that the unit is never restarted by itself. */
function writeNeedrestart(plan: Plan, banner: string): string {
  const names = ["docker", "containerd", plan.fleet];
  const lines = names.map((name) => `$nrconf{override_rc}{qr(^${name}[-@.])} = 0;\n`);
  return `${banner}# Restarting these would end running jobs.\n${lines.join("")}`;
}
