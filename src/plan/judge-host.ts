// Can a pool's runners live on this host? In: a pool and a site. Out: what stands in the way for good, and
// what is only missing software that someone can install.

import type { DocPath } from "../base/diagnostic.ts";
import type { PoolSpec } from "../model/fleet.ts";
import type { DockerFacts, Inventory } from "../model/inventory.ts";
import { isAtLeast, MIN_COMPOSE, MIN_ENGINE, MIN_SYSTEMD } from "../model/software-versions.ts";
import { explainLack, isUsable } from "./match-cards.ts";
import type { Site } from "./site.ts";

export interface Obstacle {
  readonly code: string;
  /** Completes "`forge` …": `has no Docker`. */
  readonly text: string;
  readonly help: string;
  /** In the host's inventory. */
  readonly fact: DocPath;
}

export interface Verdict {
  /** An ordered list; the first is the one to tell. */
  readonly never: readonly Obstacle[];
  readonly lacking: readonly Obstacle[];
}

type Rule = (pool: PoolSpec, site: Site) => Obstacle | null;

export function judgeHost(pool: PoolSpec, site: Site): Verdict {
  const found = (rules: readonly Rule[]) => rules.flatMap((rule) => rule(pool, site) ?? []);
  return { never: found(NEVER), lacking: found(LACKING) };
}

const wrongKind: Rule = (pool, { spec }) => {
  const because =
    spec.kind === "proxmox" ? "is a hypervisor and runs no jobs" : explainCluster(pool, spec.kind);
  if (because === null) return null;
  return {
    code: "CF705",
    text: because,
    help:
      spec.kind === "proxmox"
        ? "add a host of `kind: vm` with this one as its parent"
        : "name only machines and guests under this pool's `hosts`, or change the pool",
    fact: [],
  };
};

function explainCluster(pool: PoolSpec, kind: string): string | null {
  if (kind !== "kubernetes") return null;
  if (pool.run === "process") return "is a cluster, where runners are containers";
  if (pool.lifetime === "persistent") return "is a cluster, where runners are ephemeral";
  if (pool.docker === "socket" || pool.docker === "rootless")
    return "is a cluster, where jobs have no host's Docker";
  if (pool.emulate.length > 0 || pool.platform !== null)
    return "is a cluster, whose nodes ci-fleet does not set up";
  if (pool.image !== null && pool.image.kind !== "from")
    return "is a cluster, which cannot use an image built on a host";
  return null;
}

const withoutSystemd: Rule = (pool, { supervision, inventory }) => {
  if (supervision !== "compose") return null;
  if (pool.run === "container" && pool.lifetime === "persistent") return null;
  const systemd = inventory?.systemd ?? null;
  const what =
    systemd === null || systemd === "none"
      ? "has no systemd"
      : systemd.version < MIN_SYSTEMD
        ? `has systemd ${systemd.version}, below ${MIN_SYSTEMD}`
        : "is not run by systemd";
  return {
    code: "CF712",
    text: `${what}, so it can only hold persistent container slots`,
    help: "use `run: container` with `lifetime: persistent` there, or a host with systemd 249 or later",
    fact: ["systemd"],
  };
};

const withoutCard: Rule = (pool, site) => {
  const request = pool.gpu;
  if (request === null || site.spec.kind === "kubernetes") return null;
  if (pool.platform !== null && pool.platform !== site.platform) {
    return {
      code: "CF706",
      text: "would run the pool's runners emulated, where no GPU reaches them",
      help: "remove `platform`, or the `gpu` of this pool",
      fact: ["arch"],
    };
  }
  const usable = site.cards.filter((card) => isUsable(card, request));
  if (usable.length < request.perRunner) {
    return {
      code: "CF706",
      text:
        site.inventory?.gpus === null
          ? "has GPUs that are not known"
          : `has ${explainLack(site.cards, request)}`,
      help: "remove the host from this pool, or run `ci-fleet init --refresh` there if it has one",
      fact: ["gpus"],
    };
  }
  if (request.vendor !== "amd" || !lacksKfd(site.inventory)) return null;
  return {
    code: "CF706",
    text: "has no /dev/kfd, without which AMD cards cannot compute",
    help: "load the amdgpu driver with ROCm support there, then run `ci-fleet init --refresh`",
    fact: ["amd"],
  };
};

function lacksKfd(inventory: Inventory | null): boolean {
  const amd = inventory?.amd ?? null;
  return amd === "none" || (amd !== null && !amd.kfd);
}

const oldDocker: Rule = (pool, { spec, inventory }) => {
  const docker = inventory?.docker ?? null;
  if (!needsDocker(pool) || spec.kind === "kubernetes" || docker === null || docker === "none") return null;
  const what = findOldPart(docker, pool);
  if (what === null) return null;
  return {
    code: "CF710",
    text: `has ${what}`,
    help: "install Docker from its own repository (docs.docker.com/engine/install), then run `ci-fleet init --refresh`",
    fact: ["docker"],
  };
};

function findOldPart(docker: DockerFacts, pool: PoolSpec): string | null {
  if (docker.engine !== null && !isAtLeast(docker.engine, MIN_ENGINE)) {
    return `Docker Engine ${docker.engine}, below ${MIN_ENGINE}`;
  }
  const compose = pool.run === "container" && docker.compose !== "none" ? docker.compose : null;
  if (compose !== null && !isAtLeast(compose, MIN_COMPOSE)) return `Compose ${compose}, below ${MIN_COMPOSE}`;
  return null;
}

const withoutDocker: Rule = (pool, { spec, inventory }) => {
  const docker = inventory?.docker ?? null;
  if (!needsDocker(pool) || spec.kind === "kubernetes" || docker === null) return null;
  if (docker !== "none" && (docker.compose !== "none" || pool.run === "process")) return null;
  return {
    code: "CF709",
    text: docker === "none" ? "has no Docker" : "has Docker without its Compose plugin",
    help: "install Docker with the Compose plugin there, then run `ci-fleet init --refresh`",
    fact: ["docker"],
  };
};

function needsDocker(pool: PoolSpec): boolean {
  return pool.run === "container" || pool.docker !== "none";
}

const NEVER: readonly Rule[] = [wrongKind, withoutCard, withoutSystemd, oldDocker];
const LACKING: readonly Rule[] = [withoutDocker];
