// Everything that should be on a host once its files are in force. In: the plan, what was rendered for the host,
// copies of what the plan was made of. Out: one record, in which nothing is left to choose.

import type { InstallPlaces, Wanted, WantedAccount, WantedFile, WantedUpkeep } from "../model/apply.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { listScripts, NODE_FILES } from "./node-scripts.ts";
import { ACCOUNT } from "./places.ts";
import { hashFiles, hashWithoutComments, readServices } from "./read-generations.ts";
import { listWantedFolders, listWantedImages, listWantedSlots } from "./want-slots.ts";

export interface HostSources {
  readonly plan: Plan;
  readonly host: PlannedHost;
  readonly rendered: readonly RenderedFile[];
  /** Spec, inventories and image folders, by path below the spec's folder: units read them again. */
  readonly copies: readonly RenderedFile[];
  readonly places: InstallPlaces;
  readonly program: Wanted["program"];
}

/** Two texts for one path are told as a text: the paths that clash. */
export type Wanting =
  | { readonly kind: "wanted"; readonly wanted: Wanted }
  | { readonly kind: "clash"; readonly paths: readonly string[] };

/** Throws for hosts on which nothing is put in force: ask `isApplied` first. */
export function wantHost(sources: HostSources): Wanting {
  const { plan, host, places } = sources;
  if (!isApplied(host)) throw new Error(`nothing is put in force on ${host.name}`);
  // Proxmox always comes with systemd.
  const supervision = host.supervision === "none" ? "systemd" : host.supervision;
  const { files, clashes } = gatherFiles(sources);
  if (clashes.length > 0) return { kind: "clash", paths: clashes };
  const below = indexBelow(files, places);
  const compose = below.get("compose.yaml");
  const services = compose === undefined ? new Map<string, never>() : readServices(compose);
  const slots = listWantedSlots(plan, host, { services, below });
  const rootless = places.flavour === "system" && host.placements.some(({ docker }) => docker === "rootless");
  const inContainers = host.placements.filter(({ run }) => run === "container");
  const usesNetwork = inContainers.some(({ docker }) => docker !== "socket");
  return {
    kind: "wanted",
    wanted: {
      fleet: plan.fleet,
      host: host.name,
      ciFleetVersion: plan.ciFleetVersion,
      supervision,
      places,
      generation: hashFiles(files),
      files,
      folders: supervision === "systemd" ? listWantedFolders(host, places) : [],
      slots,
      upkeep: supervision === "systemd" ? listUpkeep(sources, below, slots) : [],
      target: supervision === "systemd" && !lacksUnits(host, plan, below) ? plan.units.target : null,
      account: wantAccount(host, places, rootless),
      network: usesNetwork ? `ci-fleet-${plan.fleet}` : null,
      images: listWantedImages(services),
      runnerVersion: host.placements.some(({ run }) => run === "process") ? plan.runner.version : null,
      program: sources.program,
      expects: listExpected(plan, host, places),
      engine: { compose: inContainers.length > 0, rootless },
      scripts: listScripts(files, places, (path) => hasCard(host, path)),
      node: host.hypervisor?.node ?? null,
    },
  };
}

/** Clusters take their files from elsewhere. */
export function isApplied({ supervision, hypervisor }: PlannedHost): boolean {
  return supervision !== "none" || hypervisor !== null;
}

/** A node without slots may have no units at all. */
function lacksUnits({ supervision }: PlannedHost, plan: Plan, below: ReadonlyMap<string, string>): boolean {
  return supervision === "none" && !below.has(plan.units.target);
}

/** `path`: `vm/9100-vm/qm.sh` */
function hasCard({ hypervisor }: PlannedHost, path: string): boolean {
  const guest = hypervisor?.guests.find(({ vmId, name }) => path.startsWith(`vm/${vmId}-${name}/`));
  return guest !== undefined && guest.card !== null;
}

/** Of a host's folder, what an installed host uses: the rest is for its hypervisor or its first boot. */
const INSTALLED = /^(?:compose\.yaml$|runner\/|images\/|authority\/)/;

function gatherFiles({ host, rendered, copies, places }: HostSources) {
  const files = new Map<string, WantedFile>();
  const clashes: string[] = [];
  const add = (path: string, content: string, mode: 0o644 | 0o755): void => {
    const there = files.get(path);
    if (there !== undefined && there.content !== content) clashes.push(path);
    else if (there === undefined) files.set(path, { path, content, mode });
  };
  const top = `hosts/${host.name}/`;
  for (const { path, content, mode } of rendered) {
    if (!path.startsWith(top)) continue;
    const inner = path.slice(top.length);
    const unit = readUnitPath(inner, places);
    if (unit !== null) add(`${places.units}/${unit}`, content, mode);
    // Only root gives cards away.
    else if (INSTALLED.test(inner) || (places.flavour === "system" && NODE_FILES.test(inner)))
      add(`${places.config}/${inner}`, content, mode);
  }
  for (const { path, content, mode } of copies) add(`${places.config}/${path}`, content, mode);
  const sorted = [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files: sorted, clashes };
}

/** null: no unit, or one of the other flavour. */
function readUnitPath(inner: string, { flavour }: InstallPlaces): string | null {
  if (!inner.startsWith("systemd/")) return null;
  const path = inner.slice("systemd/".length);
  const isUsers = path.startsWith("user/");
  if (isUsers !== (flavour === "user")) return null;
  return isUsers ? path.slice("user/".length) : path;
}

function indexBelow(files: readonly WantedFile[], places: InstallPlaces): ReadonlyMap<string, string> {
  const below = new Map<string, string>();
  for (const { path, content } of files) {
    for (const top of [places.config, places.units]) {
      if (path.startsWith(`${top}/`)) below.set(path.slice(top.length + 1), content);
    }
  }
  return below;
}

function listUpkeep(
  { plan, host }: HostSources,
  below: ReadonlyMap<string, string>,
  slots: Wanted["slots"],
): readonly WantedUpkeep[] {
  const { units, watchdog } = plan;
  const generationOf = (...paths: readonly string[]) =>
    hashWithoutComments(paths.map((path) => below.get(path) ?? ""));
  /** It runs as long as its program is in memory: another one takes effect by a restart. */
  const wantDaemon = (unit: string): WantedUpkeep => ({
    unit,
    generation: hashWithoutComments([below.get(unit) ?? "", plan.ciFleetVersion]),
    disturbs: [],
    guest: null,
  });
  const ofUnit = { disturbs: [], guest: null };
  const candidates: readonly WantedUpkeep[] = [
    {
      ...ofUnit,
      unit: units.binfmt,
      generation: generationOf(units.binfmt, "runner/binfmt.sh"),
      disturbs: slots.filter(({ emulates }) => emulates).map(({ name }) => name),
    },
    {
      ...ofUnit,
      unit: units.rootless,
      generation: generationOf(units.rootless),
      disturbs: slots.filter(({ docker }) => docker === "rootless").map(({ name }) => name),
    },
    ...[`${units.watchdog}.timer`, `${units.cache}.timer`].map((unit) => ({
      ...ofUnit,
      unit,
      generation: generationOf(unit),
    })),
    ...(host.kvm?.guests ?? []).map(({ unit, starts }) => ({
      unit,
      generation: generationOf(unit),
      disturbs: [],
      guest: { starts },
    })),
    ...(watchdog.mode === "daemon" ? [wantDaemon(`${units.watchdog}.service`)] : []),
  ];
  return candidates.filter(({ unit }) => below.has(unit));
}

/**
 * The rootless engine's user has the runner's uid, so that what root makes in a job's container belongs to the
 * runner: docs/decisions/0008-docker-for-jobs.md.
 */
function wantAccount(host: PlannedHost, places: InstallPlaces, rootless: boolean): WantedAccount | null {
  const used = host.placements.some(({ user }) => user !== null) || rootless;
  if (!used || places.flavour === "user") return null;
  const inContainers = host.placements.find(
    ({ docker, run }) => docker === "rootless" && run === "container",
  );
  return { name: ACCOUNT, uid: inContainers?.uid ?? null, subordinates: rootless };
}

function listExpected(plan: Plan, host: PlannedHost, places: InstallPlaces): Wanted["expects"] {
  const { ca, caContent } = plan.network;
  const SYSTEM = "/etc/ci-fleet/";
  const credentialPath = (path: string) =>
    places.flavour === "user" && path.startsWith(SYSTEM)
      ? `${places.config.slice(0, places.config.lastIndexOf("/"))}/${path.slice(SYSTEM.length)}`
      : path;
  const helpFor = (target: string) => {
    const which = plan.targets.length > 1 ? ` --target ${target}` : "";
    const whose = places.flavour === "user" ? " --user" : "";
    return `run \`ci-fleet auth put${which}${whose}\` here; until then slots wait and register nothing`;
  };
  const used = new Set(host.placements.map(({ target }) => target));
  return [
    ...host.credentials.map(({ path, target }) => ({
      ...{ path: credentialPath(path), what: `the credential of target ${target}` },
      ...{ help: helpFor(target), instead: [], isSecret: true },
    })),
    // Where the spec names none, `mint` takes what there is.
    ...plan.targets.flatMap(({ name, auth }) => {
      if (auth.kind !== "search" || !used.has(name)) return [];
      const [token, key] = ["token", "app.pem"].map((file) => credentialPath(`${auth.folder}/${file}`));
      const what = `the credential of target ${name}, or app.pem in its place`;
      return [{ path: token ?? "", what, help: helpFor(name), instead: [key ?? ""], isSecret: true }];
    }),
    ...(ca === null || caContent !== null
      ? []
      : [
          {
            ...{ path: ca, what: "the certificate authority of `network.ca`" },
            ...{ help: "copy it to this host", instead: [], isSecret: false },
          },
        ]),
    ...host.placements.flatMap(({ pool, volumes }) =>
      volumes.map(({ source }) => ({
        path: source,
        what: `a volume of pool ${pool}`,
        help: "make the folder, or the slots of the pool will not start",
        instead: [],
        isSecret: false,
      })),
    ),
  ];
}
