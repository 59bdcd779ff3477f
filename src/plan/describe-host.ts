// One host with everything that is on it. In: the site, its placements. Out: the host as planned.

import type { Capacity } from "../model/capacity.ts";
import type { Fleet } from "../model/fleet.ts";
import { presentOrNull } from "../model/inventory.ts";
import { placesOf } from "../model/names.ts";
import type { CredentialFile, HostFacts, Placement, PlannedHost, Provisioning } from "../model/plan.ts";
import { planOneJob } from "./one-job.ts";
import { planCacheFolder } from "./plan-cache-folder.ts";
import type { Site } from "./site.ts";

export function describeHost(
  fleet: Fleet,
  site: Site,
  placements: readonly Placement[],
  capacity: Capacity,
  isDeputy: boolean,
): Omit<PlannedHost, "vfio" | "hypervisor" | "kvm"> {
  return {
    name: site.name,
    spec: site.spec,
    kind: site.spec.kind,
    arch: site.arch,
    platform: site.platform,
    factsFrom: site.factsFrom,
    facts: pickFacts(site),
    supervision: site.supervision,
    places: placesOf(fleet.name),
    placements,
    credentials: site.supervision === "none" ? [] : listCredentials(fleet, placements, isDeputy),
    emulate: listPlatforms(site, placements, fleet),
    capacity,
    oneJob: planOneJob(site.spec),
    provisioning: site.inventory === null ? null : planProvisioning(fleet, site, placements),
  };
}

function pickFacts(site: Site): HostFacts {
  const { inventory } = site;
  const docker = presentOrNull(inventory?.docker ?? null);
  const os = inventory?.os ?? null;
  return {
    os: os === null ? null : { id: os.id, versionId: os.versionId, codename: os.codename },
    systemd: presentOrNull(inventory?.systemd ?? null)?.version ?? null,
    docker:
      docker === null
        ? null
        : {
            engine: docker.engine,
            compose: docker.compose === "none" ? null : docker.compose,
            rootless: docker.rootless === true,
            socketGid: docker.socketGid,
            cgroup: inventory?.cgroup ?? null,
          },
    cpus: site.totals.cpus,
    memory: site.totals.memory,
    machine: inventory?.machine.model ?? null,
  };
}

/**
 * Files that units load. A broker needs none, the GitHub CLI has its own store, and where nothing was
 * written `mint` looks for what there is: systemd refuses to start a unit whose credential is missing.
 * The deputy prunes in every target.
 */
function listCredentials(
  fleet: Fleet,
  placements: readonly Placement[],
  isDeputy: boolean,
): readonly CredentialFile[] {
  const used = new Set(placements.map((placement) => placement.target));
  return fleet.targets.flatMap(({ name, auth }): CredentialFile[] => {
    if (!isDeputy && !used.has(name)) return [];
    if (auth.kind === "app") return [{ target: name, id: `${name}.pem`, path: auth.privateKey }];
    if (auth.kind === "token") return [{ target: name, id: `${name}.token`, path: auth.file }];
    return [];
  });
}

/** Handlers that must be registered: for jobs, and for runners that are themselves emulated. */
function listPlatforms(site: Site, placements: readonly Placement[], fleet: Fleet): readonly string[] {
  if (site.supervision === "none") return [];
  const pools = new Map(fleet.pools.map((pool) => [pool.name, pool]));
  const platforms = placements.flatMap((placement) => [
    ...(pools.get(placement.pool)?.emulate ?? []),
    placement.platform,
  ]);
  return [...new Set(platforms)].filter((platform) => platform !== site.platform).toSorted();
}

function planProvisioning(fleet: Fleet, site: Site, placements: readonly Placement[]): Provisioning | null {
  const { spec } = site;
  if (spec.kind !== "vm" && spec.kind !== "machine") return null;
  if (spec.os === null) return null;
  const hasNvidia =
    site.cards.some((card) => card.vendor === "nvidia") ||
    placements.some((placement) => placement.gpu?.vendor === "nvidia");
  return {
    os: spec.os,
    hostname: spec.name,
    network: spec.network,
    sshKeys: spec.sshKeys,
    cacheTag: spec.kind === "vm" ? (planCacheFolder(fleet.name, spec)?.mapping ?? null) : null,
    agent: spec.kind === "vm" && fleet.hosts.find(({ name }) => name === spec.parent)?.kind === "proxmox",
    nvidia: hasNvidia,
    docker: placements.some((placement) => placement.run === "container" || placement.docker !== "none"),
  };
}
