// What all units of one host have in common, in words that templates take: names, folders, environment,
// credentials. In: the plan and a host. Out: records for views.

import { namePlatformFolder } from "../model/names.ts";
import type { CredentialFile, Placement, Plan, PlannedHost, PlannedSlot } from "../model/plan.ts";
import { bannerLines } from "./banner.ts";
import type { TemplateView } from "./fill-template.ts";
import { listProxies } from "./runner-scripts-environment.ts";

/** `system`: installed by root for the whole machine. `user`: below a user's home, run by the user's manager. */
export type Flavour = "system" | "user";

/** A type, not an interface: only types are assignable to a view. */
export type Variable = { readonly key: string; readonly value: string };
/** `below`: the path below the user's folder of configuration, null where `path` holds. */
export type Credential = { readonly id: string; readonly path: string; readonly below: string | null };

export type SecretFile = Pick<CredentialFile, "id" | "path">;

/** A file with its path inside a folder that the caller knows. */
export interface UnitFile {
  readonly path: string;
  readonly content: string;
}

/** One slot with the placement that says what it has. */
export interface PlacedSlot {
  readonly placement: Placement;
  readonly slot: PlannedSlot;
}

/** The first systemd that does not restart what a condition holds back (NEWS, 251). */
const ENDS_AT_CONDITION = 251;

/** Words that every template may use: none that differs from host to host, so that most units are filled once. */
export function viewHost(plan: Plan, host: PlannedHost): TemplateView {
  requirePlainPlaces(host);
  return {
    banner: bannerLines(plan),
    fleet: plan.fleet,
    target: plan.units.target,
    mint: trimAt(plan.units.mint),
    process: trimAt(plan.units.process),
    binary: host.places.binary,
    config: host.places.config,
    state: host.places.state,
    run: host.places.run,
    hasCaches: listCaches(plan, host).length > 0,
    waitsInCondition: host.facts.systemd !== null && host.facts.systemd < ENDS_AT_CONDITION,
    carriesAuthority: plan.network.caContent !== null,
    rootlessEngine: host.facts.docker?.rootless ?? false,
  };
}

/** `acme-mint@` → `acme-mint`. */
function trimAt(prefix: string): string {
  return prefix.replace(/@$/, "");
}

export function listSlots(host: PlannedHost, run: Placement["run"]): readonly PlacedSlot[] {
  return host.placements
    .filter((placement) => placement.run === run)
    .flatMap((placement) => placement.slots.map((slot) => ({ placement, slot })));
}

/**
 * What ci-fleet itself needs on the way to GitHub. It reads the authority by itself; below a home no name of its file
 * can be written here.
 */
export function listNetworkVariables(plan: Plan, flavour: Flavour): readonly Variable[] {
  const { proxy, caContent } = plan.network;
  const ca = flavour === "user" && caContent !== null ? null : plan.network.ca;
  return [
    ...listProxies(plan).map(([key, value]) => ({ key, value })),
    // Node heeds these two and no configuration of the system's (nodejs.org/api/cli.html).
    ...(proxy === null ? [] : [{ key: "NODE_USE_ENV_PROXY", value: "1" }]),
    ...(ca === null ? [] : [{ key: "NODE_EXTRA_CA_CERTS", value: ca }]),
  ];
}

/**
 * Credentials by who needs them: `common` to all slots of a run mode, so that the template can load them, or of
 * single slots, where several targets meet and no slot should see the key of another's.
 */
export function splitCredentials(host: PlannedHost, slots: readonly PlacedSlot[], flavour: Flavour) {
  const isCommon = (file: CredentialFile) => slots.every(({ placement }) => placement.target === file.target);
  const list = (wanted: (file: CredentialFile) => boolean) =>
    host.credentials.filter(wanted).map((file) => placeCredential(file, flavour));
  return {
    common: list(isCommon),
    of: (placement: Placement) => list((file) => !isCommon(file) && file.target === placement.target),
  };
}

/** Handlebars asks yes or no of records and booleans, not of lists. */
export function viewCredentials(credentials: readonly Credential[]) {
  return { credentials, hasCredentials: credentials.length > 0 };
}

const SYSTEM_FOLDER = "/etc/ci-fleet/";

/** The default folder of credentials belongs to root: a user keeps them in the same place below the home. */
export function placeCredential(file: SecretFile, flavour: Flavour): Credential {
  const isBelow = flavour === "user" && file.path.startsWith(SYSTEM_FOLDER);
  return { id: file.id, path: file.path, below: isBelow ? file.path.slice(SYSTEM_FOLDER.length) : null };
}

export interface SlotCache {
  readonly slot: string;
  readonly run: Placement["run"];
  readonly unit: string;
  readonly name: string;
  readonly kind: "folder" | "buildx";
  readonly bytes: number;
  /** One for each platform of a buildx cache. */
  readonly folders: readonly string[];
}

export function listCaches(plan: Plan, host: PlannedHost): readonly SlotCache[] {
  return host.placements.flatMap((placement) =>
    placement.slots.flatMap((slot) =>
      placement.caches.map((cache) => ({
        slot: slot.name,
        run: placement.run,
        unit: nameSlotUnit(plan, placement, slot),
        name: cache.spec.name,
        kind: cache.spec.kind,
        bytes: cache.spec.size,
        folders: cache.platforms.map(namePlatformFolder),
      })),
    ),
  );
}

/** `acme-container@acme-ci-forge-1.service` */
export function nameSlotUnit(plan: Plan, placement: Placement, slot: PlannedSlot): string {
  return `${plan.units[placement.run]}${slot.name}.service`;
}

/** systemd.time(7): whole seconds where possible, for a person to read. */
export function writeSpan(milliseconds: number): string {
  return milliseconds % 1000 === 0 ? `${milliseconds / 1000}s` : `${Math.ceil(milliseconds)}ms`;
}

/**
 * Templates put places beside `%i`, where no quoting is possible: names.ts makes them of words that need none,
 * and this holds it to that.
 */
function requirePlainPlaces(host: PlannedHost): void {
  for (const [name, path] of Object.entries(host.places)) {
    if (!/^(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)+$/.test(path))
      throw new TypeError(`place ${name} is not a plain path`);
  }
}
