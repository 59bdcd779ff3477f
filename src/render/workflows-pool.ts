// The example workflow of one pool: a job for each set of labels its runners have, with what the pool offers
// (cards, layer caches, emulated platforms). In: the plan and a pool. Out: the view of its template.

import { formatSize } from "../base/units.ts";
import { namePlatformFolder } from "../model/names.ts";
import type { GpuAccess, Placement, Plan, PlannedCache, PlannedHost, PlannedPool } from "../model/plan.ts";
import { bannerLines } from "./banner.ts";
import type { TemplateView } from "./fill-template.ts";
import { requireWorkflowText } from "./quote-github.ts";
import { nameOthers } from "./workflows-labels.ts";

type Variant = PlannedPool["variants"][number];

export function viewPool(
  plan: Plan,
  pool: PlannedPool,
  hosts: ReadonlyMap<string, PlannedHost>,
): TemplateView {
  const ids = nameJobs(pool.variants);
  return {
    banner: bannerLines(plan),
    pool: pool.name,
    title: `Try pool ${pool.name} of fleet ${plan.fleet}`,
    notes: listNotes(plan, pool),
    jobs: pool.variants.flatMap((variant, at) => {
      const placements = findPlacements(pool, variant, hosts);
      const shared = {
        where: `${pool.lifetime} ${pool.run} runners on ${nameSome(variant.hosts)}`,
        group: pool.runnerGroup === null ? null : requireWorkflowText(pool.runnerGroup),
        labels: variant.labels,
        timeout: pool.timeoutMinutes,
      };
      const id = ids[at] as string;
      const job = { ...shared, id, container: null, ...viewSteps(pool, placements[0]) };
      const options = chooseOptions(pool, placements);
      if (options === null) return [job];
      const inside = { ...shared, id: `${id}-container`, container: options, ...NO_STEPS, show: job.show };
      return [job, inside];
    }),
  };
}

const NO_STEPS = { show: null, layers: null, emulated: [], plain: false };

function viewSteps(pool: PlannedPool, { gpu, caches, platform }: Placement) {
  const layers = pool.docker === "none" ? undefined : caches.find(({ spec }) => spec.kind === "buildx");
  // Without a layer cache the emulated platforms are shown by running one.
  const emulated =
    pool.docker === "none" || layers !== undefined ? [] : pool.emulate.filter((p) => p !== platform);
  const show = gpu === null ? null : SHOWS[gpu.vendor];
  return {
    show,
    layers: layers === undefined ? null : viewLayers(layers),
    emulated: emulated.map((name) => ({ title: `Run ${name} under QEMU`, platform: name })),
    plain: show === null && layers === undefined && emulated.length === 0,
  };
}

const SHOWS = {
  nvidia: "nvidia-smi -L",
  amd: "ls -l /dev/kfd /dev/dri",
  intel: "ls -l /dev/dri",
} as const;

function viewLayers({ variable, platforms }: PlannedCache) {
  return {
    platforms: platforms.map((platform) => ({
      title: `Build for ${platform}`,
      variable,
      platform,
      folder: namePlatformFolder(platform),
    })),
  };
}

/**
 * What `container.options` says to get the cards; null where there are none, or no container can have them:
 * the engine of `dind` knows no cards. Where hosts differ, the way that every engine knows.
 */
function chooseOptions(pool: PlannedPool, placements: readonly Placement[]): string | null {
  const ways = placements.flatMap(({ gpu }) => (gpu === null ? [] : [gpu]));
  const first = ways[0];
  if (first === undefined || pool.docker === "none" || pool.docker === "dind") return null;
  if (first.vendor === "nvidia") {
    const options = new Set(ways.map(nameNvidiaOption));
    return options.size === 1 ? ([...options][0] as string) : "--gpus all";
  }
  const groups = new Set(ways.flatMap((gpu) => ("groups" in gpu ? gpu.groups : [])));
  return [
    ...(first.vendor === "amd" ? ["--device /dev/kfd"] : []),
    "--device /dev/dri",
    ...[...groups].toSorted((a, b) => a - b).map((gid) => `--group-add ${gid}`),
  ].join(" ");
}

function nameNvidiaOption(gpu: GpuAccess): string {
  if (gpu.kind === "runtime") return "--runtime nvidia --env NVIDIA_VISIBLE_DEVICES=all";
  const isCdi = gpu.kind === "cdi" || (gpu.kind === "reservation" && gpu.driver === "cdi");
  return isCdi ? "--device nvidia.com/gpu=all" : "--gpus all";
}

function listNotes(plan: Plan, pool: PlannedPool): readonly string[] {
  const others = nameOthers(plan, pool);
  const folders = pool.caches.filter(({ spec }) => spec.kind === "folder");
  return [
    ...(pool.docker === "none"
      ? ["Jobs here have no Docker: `container:`, `services:` and Docker actions fail."]
      : [`Jobs here may use Docker (${pool.docker}), \`container:\` and \`services:\`.`]),
    ...folders.map(
      ({ spec, path, variable }) =>
        `${path ?? `$${variable}`} is kept from job to job on each runner, at most ${formatSize(spec.size)}.`,
    ),
    ...(others.length === 0
      ? []
      : [`These labels are also on runners of ${others.join(", ")}: a job may land there.`]),
  ];
}

/** On each host of a variant; labels and platform are the same on all. */
function findPlacements(
  pool: PlannedPool,
  variant: Variant,
  hosts: ReadonlyMap<string, PlannedHost>,
): readonly [Placement, ...Placement[]] {
  const [first, ...others] = variant.hosts.flatMap(
    (name) => hosts.get(name)?.placements.find((one) => one.pool === pool.name) ?? [],
  );
  if (first === undefined) throw new Error(`pool ${pool.name} has a variant without a host`);
  return [first, ...others];
}

/** `x64`, `arm64`; a second variant of one architecture gets a number. */
function nameJobs(variants: readonly Variant[]): readonly string[] {
  const seen = new Map<string, number>();
  return variants.map(({ arch }) => {
    const number = (seen.get(arch) ?? 0) + 1;
    seen.set(arch, number);
    return number === 1 ? arch : `${arch}-${number}`;
  });
}

const NAMED = 8;

function nameSome(hosts: readonly string[]): string {
  const more = hosts.length - NAMED;
  return hosts.slice(0, NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
