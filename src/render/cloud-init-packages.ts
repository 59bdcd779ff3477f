// Distributions: what a new machine installs, from where, and how it comes to trust a company's CA before it does.
// In: the plan and a host. Out: sections of user-data.

import type { Plan, PlannedHost, Provisioning } from "../model/plan.ts";
import { DOCKER_KEY, NVIDIA_KEY } from "./cloud-init-keys.ts";
import type { YamlMap, YamlValue } from "./write-yaml.ts";

export interface GuestSystem {
  readonly family: "debian" | "ubuntu" | "arch";
  readonly packages: readonly string[];
  readonly hasProcesses: boolean;
}

export function describeSystem(host: PlannedHost, provisioning: Provisioning): GuestSystem {
  const family =
    provisioning.os === "arch" ? "arch" : provisioning.os.startsWith("debian") ? "debian" : "ubuntu";
  const hasProcesses = host.placements.some(({ run }) => run === "process");
  const hasRootless = host.placements.some(({ docker }) => docker === "rootless");
  const needs = { ...provisioning, hasRootless, emulates: host.emulate.length > 0 };
  return {
    family,
    packages: family === "arch" ? listArchPackages(needs) : listAptPackages(needs),
    hasProcesses,
  };
}

interface Needs {
  readonly docker: boolean;
  readonly nvidia: boolean;
  readonly agent: boolean;
  readonly hasRootless: boolean;
  readonly emulates: boolean;
}

function listAptPackages(needs: Needs): readonly string[] {
  const when = (condition: boolean, ...names: readonly string[]) => (condition ? names : []);
  return [
    ...["ca-certificates", "curl", "git", "jq", "unattended-upgrades"],
    // docs.docker.com/engine/install
    ...when(
      needs.docker,
      "docker-ce",
      "docker-ce-cli",
      "containerd.io",
      "docker-buildx-plugin",
      "docker-compose-plugin",
    ),
    // docs.docker.com/engine/security/rootless
    ...when(needs.hasRootless, "docker-ce-rootless-extras", "uidmap", "slirp4netns", "fuse-overlayfs"),
    ...when(needs.nvidia, "nvidia-container-toolkit"),
    ...when(needs.emulates, "qemu-user-static"),
    ...when(needs.agent, "qemu-guest-agent"),
  ];
}

function listArchPackages(needs: Needs): readonly string[] {
  const when = (condition: boolean, ...names: readonly string[]) => (condition ? names : []);
  return [
    ...["ca-certificates", "curl", "git", "jq", "icu"],
    ...when(needs.docker, "docker", "docker-buildx", "docker-compose"),
    ...when(needs.hasRootless, "rootlesskit", "slirp4netns", "fuse-overlayfs"),
    ...when(needs.nvidia, "linux-headers", "nvidia-open-dkms", "nvidia-utils", "nvidia-container-toolkit"),
    ...when(needs.emulates, "qemu-user-static", "qemu-user-static-binfmt"),
    ...when(needs.agent, "qemu-guest-agent"),
  ];
}

const DOCKER_KEYRING = "/etc/apt/keyrings/docker.asc";
const NVIDIA_KEYRING = "/etc/apt/keyrings/nvidia-container-toolkit.asc";

/** Files beside cloud-init's own `key`, for which it would first install gnupg, from a repository not yet in reach. */
export function listKeyrings(
  { docker, nvidia }: Provisioning,
  system: GuestSystem,
): readonly { readonly path: string; readonly content: string }[] {
  if (system.family === "arch") return [];
  return [
    ...(docker ? [{ path: DOCKER_KEYRING, content: DOCKER_KEY }] : []),
    ...(nvidia ? [{ path: NVIDIA_KEYRING, content: NVIDIA_KEY }] : []),
  ];
}

export function writeAptSection(
  plan: Plan,
  host: PlannedHost,
  provisioning: Provisioning,
  system: GuestSystem,
): YamlMap {
  const { proxy, mirrors } = plan.network;
  const architecture = host.arch === "x64" ? "amd64" : "arm64";
  const sources: Record<string, YamlMap> = {};
  if (provisioning.docker) {
    sources["docker.list"] = {
      source: `deb [arch=${architecture} signed-by=${DOCKER_KEYRING}] https://download.docker.com/linux/${system.family} $RELEASE stable`,
    };
  }
  if (provisioning.nvidia) {
    sources["nvidia-container-toolkit.list"] = {
      // apt itself puts the architecture in.
      source: `deb [signed-by=${NVIDIA_KEYRING}] https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH) /`,
    };
  }
  const direct = proxy === null ? [] : listDirectHosts(plan, provisioning);
  return {
    ...(proxy === null ? {} : { http_proxy: proxy, https_proxy: proxy }),
    ...(direct.length === 0 ? {} : { conf: direct.join("") }),
    ...(mirrors.apt === null ? {} : listMirrors(mirrors.apt, system)),
    ...(Object.keys(sources).length === 0 ? {} : { sources }),
  };
}

/** apt asks its one proxy for everything, and knows exceptions by whole names alone (apt-transport-http(1)). */
function listDirectHosts(plan: Plan, { docker, nvidia }: Provisioning): readonly string[] {
  const { noProxy, mirrors } = plan.network;
  const hosts = [
    ...(mirrors.apt === null ? [] : [new URL(mirrors.apt).hostname]),
    ...(docker ? ["download.docker.com"] : []),
    ...(nvidia ? ["nvidia.github.io"] : []),
  ];
  const isDirect = (host: string) =>
    noProxy.some((entry) => {
      const name = entry
        .toLowerCase()
        .replace(/:\d+$/, "")
        .replace(/^\*?\./, "");
      return name === "*" || host === name || host.endsWith(`.${name}`);
    });
  return hosts
    .filter((host) => /^[a-z0-9.-]+$/.test(host) && isDirect(host))
    .flatMap((host) => ["http", "https"].map((kind) => `Acquire::${kind}::Proxy::${host} "DIRECT";\n`));
}

/** Ubuntu's mirrors hold the security updates too; Debian's have them beside, in a folder of their own. */
function listMirrors(mirror: string, system: GuestSystem): YamlMap {
  const base = mirror.replace(/\/+$/, "");
  const security = system.family === "debian" ? `${base}-security` : base;
  return {
    // Debian's cloud.cfg keeps cloud-init from writing the sources.
    preserve_sources_list: false,
    primary: [{ arches: ["default"], uri: base }],
    security: [{ arches: ["default"], uri: security }],
  };
}

const TRUST: Readonly<Record<"apt" | "arch", string>> = {
  apt: "/usr/local/share/ca-certificates/ci-fleet.crt && update-ca-certificates",
  arch: "/etc/ca-certificates/trust-source/anchors/ci-fleet.crt && update-ca-trust",
};

/**
 * Before any download, at every boot: `apply` may have put newer certificates in place. Where the spec names a path on
 * the hosts alone, the file is the image's.
 */
export function listBootCommands(plan: Plan, system: GuestSystem): readonly YamlValue[] {
  const { ca, caContent } = plan.network;
  if (ca === null) return [];
  const trust = TRUST[system.family === "arch" ? "arch" : "apt"];
  if (caContent !== null) {
    const put = 'mkdir -p "${1%/*}" && printf %s "$2" >"$1.new" && mv -f "$1.new" "$1"';
    const command = `if [ ! -s "$1" ]; then ${put}; fi; install -D -m 0644 -- "$1" ${trust}`;
    return [["sh", "-c", command, "sh", ca, caContent]];
  }
  const missing = 'echo "ci-fleet: the image of this machine has no CA file $1" >&2';
  return [
    ["sh", "-c", `if [ -s "$1" ]; then install -D -m 0644 -- "$1" ${trust}; else ${missing}; fi`, "sh", ca],
  ];
}
