// Files that cloud-init writes on a new machine before anything is installed: what was rendered for it, the engine's
// configuration, and what keeps updates from restarting the engine under a job. In: the plan, a host, its rendered
// files. Out: files by their place on the machine.

import { writeJson } from "../base/write-json.ts";
import type { Plan, PlannedHost, Provisioning } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { bannerLines, hashBanner } from "./banner.ts";
import type { GuestSystem } from "./cloud-init-packages.ts";
import { fillTemplate } from "./fill-template.ts";
import { listNetworkVariables } from "./systemd-host.ts";

export interface GuestFile {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

export const SETUP_PATH = "/usr/local/lib/ci-fleet/setup.sh";

export function listGuestFiles(
  plan: Plan,
  host: PlannedHost,
  provisioning: Provisioning,
  system: GuestSystem,
  rendered: readonly RenderedFile[],
): readonly GuestFile[] {
  const banner = hashBanner(plan);
  const template = (name: string) =>
    fillTemplate(`hosts/host/cloud-init/${name}`, { banner: bannerLines(plan) });
  return [
    { path: SETUP_PATH, content: writeSetup(plan, host, provisioning, system), mode: 0o700 },
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
    ...rendered.flatMap((file) => placeOnGuest(host, file)),
  ];
}

/** Where `apply` would put it; nothing for what is of no use there. */
function placeOnGuest(host: PlannedHost, file: RenderedFile): readonly GuestFile[] {
  const folder = `hosts/${host.name}/`;
  if (!file.path.startsWith(folder)) return [];
  const below = file.path.slice(folder.length);
  const isForOthers = /^(?:cloud-init|systemd\/user|vfio)\//.test(below) || below === "manifest.json";
  if (isForOthers) return [];
  const { content, mode } = file;
  if (below.startsWith("systemd/")) {
    return [{ path: `/etc/systemd/system/${below.slice("systemd/".length)}`, content, mode }];
  }
  return [{ path: `${host.places.config}/${below}`, content, mode }];
}

function writeSetup(plan: Plan, host: PlannedHost, provisioning: Provisioning, system: GuestSystem): string {
  const { binary, state } = host.places;
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
        : { url: install.url, sha256: install.sha256, sum: `${install.sha256}  ${binary}`, binary },
    binary,
    state,
    nvidia: provisioning.nvidia,
    docker: provisioning.docker,
    rootless: system.hasRootless,
    target: plan.units.target,
  });
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
