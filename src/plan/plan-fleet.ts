// Makes every decision between what a person wrote and what is rendered. Pure: the same fleet, inventories
// and version give the same plan, whatever the machine. In: the fleet, what is known of its machines.
// Out: the plan, null where an error makes it meaningless, and everything noticed.

import type { Checked } from "../base/checked.ts";
import type { Fleet, PoolSpec } from "../model/fleet.ts";
import { nameUnits } from "../model/names.ts";
import type { Plan, PlanInputs, PlannedHost } from "../model/plan.ts";
import { checkGuests, type Departures } from "./check-guests.ts";
import { checkPlacement } from "./check-placement.ts";
import {
  checkCaches,
  checkLayerCaches,
  checkLimits,
  checkSharedCards,
  checkTarball,
  type PlacedHost,
} from "./check-pools.ts";
import { chooseHosts, type PoolHosts } from "./choose-hosts.ts";
import { countSlots, type Share, type Shares } from "./count-slots.ts";
import { describeHost } from "./describe-host.ts";
import { type Findings, startFindings } from "./findings.ts";
import { chooseRunnerVersion, type ImageChooser, startImageChooser } from "./images.ts";
import { type KnownHosts, knowHosts } from "./know-hosts.ts";
import { checkCapacity, measureCapacity } from "./measure-capacity.ts";
import { numberGuests } from "./number-guests.ts";
import { checkOneJob } from "./one-job.ts";
import { placePool } from "./place-pool.ts";
import { planHypervisor } from "./plan-hypervisor.ts";
import { planKvm } from "./plan-kvm.ts";
import { planNetwork } from "./plan-network.ts";
import { planVfio } from "./plan-vfio.ts";
import { chooseDeputy, planWatchdog } from "./plan-watchdog.ts";
import type { Site } from "./site.ts";
import { summarizePools } from "./summarize-pools.ts";

export function planFleet(fleet: Fleet, inputs: PlanInputs): Checked<Plan> {
  const places = new Map(fleet.hosts.map(({ name, at }) => [name, at]));
  const findings = startFindings((host) => {
    const at = inputs.inventories.get(host) == null ? places.get(host) : undefined;
    return at === undefined ? "inventory" : { at };
  });
  const known = knowHosts(fleet, inputs, findings);
  const departures = checkGuests(known, inputs.acceptedRisks, findings);
  const pools = chooseHosts(fleet, known, findings);
  for (const pool of fleet.pools) {
    checkSharedCards(pool, findings);
    checkLayerCaches(pool, findings);
  }
  const shares = countSlots(pools, findings);
  const chooseImage = startImageChooser(fleet, inputs, findings);
  const placed = placeAll(fleet, known, pools, shares, chooseImage, findings);
  const hosts = finishHosts({ fleet, inputs, known, departures, findings }, placed);
  const watchdog = planWatchdog(fleet, hosts, findings);
  const network = planNetwork(fleet, inputs, findings);
  const diagnostics = findings.list();
  if (findings.hasErrors()) return { value: null, diagnostics };
  const plan: Plan = {
    fleet: fleet.name,
    ciFleetVersion: inputs.ciFleetVersion,
    specFile: inputs.specFile,
    units: nameUnits(fleet.name),
    targets: fleet.targets,
    runner: { ...chooseRunnerVersion(fleet), checksums: fleet.runner.checksums },
    network,
    install: fleet.install,
    hosts,
    pools: summarizePools(fleet, pools, hosts),
    watchdog,
  };
  return { value: plan, diagnostics };
}

/** Every known host with its placements, pools in the order of the spec. */
function placeAll(
  fleet: Fleet,
  known: KnownHosts,
  pools: readonly PoolHosts[],
  shares: Shares,
  chooseImage: ImageChooser,
  findings: Findings,
): readonly PlacedHost[] {
  const bySite = new Map<Site, { pool: PoolSpec; share: Share }[]>(known.sites.map((site) => [site, []]));
  for (const { pool, sites } of pools) {
    for (const site of sites) {
      const share = shares.get(pool.name)?.get(site.name);
      if (share !== undefined) bySite.get(site)?.push({ pool, share });
    }
  }
  return known.sites.map((site) => ({
    site,
    placements: (bySite.get(site) ?? []).map(({ pool, share }) => {
      const placement = placePool(fleet, pool, site, share, chooseImage);
      checkPlacement({ pool, site, placement, share }, findings);
      return placement;
    }),
  }));
}

interface Finishing {
  readonly fleet: Fleet;
  readonly inputs: PlanInputs;
  readonly known: KnownHosts;
  readonly departures: ReadonlyMap<string, Departures>;
  readonly findings: Findings;
}

function finishHosts(
  { fleet, inputs, known, departures, findings }: Finishing,
  placed: readonly PlacedHost[],
): readonly PlannedHost[] {
  const ids = numberGuests(fleet, findings);
  const pools = new Map(fleet.pools.map((pool) => [pool.name, pool]));
  const deputy = chooseDeputy(fleet);
  const hosts = placed.map((host) => {
    const { site, placements } = host;
    const guests = known.guests.get(site.name) ?? [];
    const load = { site, placements, pools, guests };
    const capacity = measureCapacity(load);
    checkCapacity(load, capacity, findings);
    checkLimits(pools, host, findings);
    checkCaches(pools, host, findings);
    checkOneJob(fleet, site.spec, placements, findings);
    const vfio = planVfio(site, departures.get(site.name), findings);
    const hypervisor = planHypervisor({ fleet, inputs, site, guests, ids, vfio });
    return {
      ...describeHost(fleet, site, placements, capacity, site.name === deputy),
      vfio,
      hypervisor,
      kvm: planKvm({ fleet, inputs, site, guests, vfio, departures: departures.get(site.name) }),
    };
  });
  checkTarball(fleet, pools, placed, findings);
  return hosts;
}
