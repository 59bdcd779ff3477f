// What entrypoint.sh and the job hooks are told. They hold no decision and no name of their own, so that one
// set of scripts serves all slots of a host. In: a slot and the folders as it sees them. Out: variables.

import { locateAuthority } from "../model/authority.ts";
import { MIN_FREE_MIB } from "../model/disk-guard.ts";
import type { TargetSpec } from "../model/fleet.ts";
import type { Placement, Places, Plan, PlannedHost, PlannedSlot } from "../model/plan.ts";
import { nameRegistrationUrl } from "../model/registration-url.ts";

/** `P` is text for processes, a mark of Compose's where it fills a path in. */
export interface SlotFolders<P> {
  readonly scripts: string | P;
  readonly run: string | P;
  readonly state: string | P;
  readonly work: string | P;
  readonly root: string | P;
  /** Where the root is copied from; null: it is as the image has it. */
  readonly source: {
    readonly path: string;
    readonly stamp: string;
    readonly externals: "copy" | "link";
  } | null;
  /** Cache folders as the job sees them. */
  readonly caches: readonly string[];
  readonly authority: string | null;
  /** Start of a command on the host that runs bash as the runner's user beside the slot. */
  readonly admit: string;
}

export function listSlotEnvironment<P>(
  plan: Plan,
  placement: Placement,
  slot: PlannedSlot,
  folders: SlotFolders<P>,
): ReadonlyMap<string, string | P> {
  const { scripts } = folders;
  const variables = new Map<string, string | P>([
    ["CI_FLEET_SLOT", slot.name],
    ["CI_FLEET_LIFETIME", placement.lifetime],
    ["CI_FLEET_RUNNER_ROOT", folders.root],
    ["CI_FLEET_RUN_DIR", folders.run],
    ["CI_FLEET_WORK", folders.work],
    ["CI_FLEET_MIN_FREE_MIB", String(MIN_FREE_MIB)],
    ["ACTIONS_RUNNER_HOOK_JOB_STARTED", `${scripts}/job-started.sh`],
    ["ACTIONS_RUNNER_HOOK_JOB_COMPLETED", `${scripts}/job-completed.sh`],
  ]);
  if (folders.source !== null) {
    variables.set("CI_FLEET_RUNNER_SOURCE", folders.source.path);
    variables.set("CI_FLEET_RUNNER_STAMP", folders.source.stamp);
    variables.set("CI_FLEET_EXTERNALS", folders.source.externals);
  }
  if (folders.caches.length > 0) variables.set("CI_FLEET_CACHES", folders.caches.join("\n"));
  if (folders.authority !== null) {
    variables.set("CI_FLEET_CA", folders.authority);
    variables.set("NODE_EXTRA_CA_CERTS", folders.authority);
  }
  if (placement.lifetime === "persistent") {
    variables.set("CI_FLEET_STATE_DIR", folders.state);
    for (const [name, value] of listRegistration(plan, placement, folders.admit)) variables.set(name, value);
  }
  return variables;
}

/** What config.sh needs beside its token, and the command that a person can get one with. */
function listRegistration(plan: Plan, placement: Placement, admit: string): ReadonlyMap<string, string> {
  const target = plan.targets.find((candidate) => candidate.name === placement.target);
  if (target === undefined) throw new Error(`the plan has no target ${placement.target}`);
  const variables = new Map([
    ["CI_FLEET_URL", nameRegistrationUrl(target)],
    ["CI_FLEET_LABELS", placement.labels.join(",")],
    ["CI_FLEET_TOKEN_API", nameTokenRequest(target)],
    ["CI_FLEET_ADMIT", admit],
  ]);
  const hasGroups = target.scope.kind === "organization" || target.scope.kind === "enterprise";
  if (hasGroups && target.runnerGroup !== null) variables.set("CI_FLEET_GROUP", target.runnerGroup);
  return variables;
}

/** Arguments of `gh api` (REST, "Create a registration token for …"). */
function nameTokenRequest(target: TargetSpec): string {
  const { scope } = target;
  const owner =
    scope.kind === "organization"
      ? `orgs/${scope.owner}`
      : scope.kind === "enterprise"
        ? `enterprises/${scope.slug}`
        : scope.kind === "repository"
          ? `repos/${scope.owner}/${scope.repo}`
          : `repos/${scope.owner}/${scope.repos[0] ?? ""}`;
  const host = target.flavour === "github.com" ? "" : `--hostname ${new URL(target.url).host} `;
  return `${host}${owner}/actions/runners/registration-token`;
}

/** The same for a process slot: for its unit. `places` are the system's or a user's. */
export function listProcessEnvironment(
  plan: Plan,
  host: PlannedHost,
  placement: Placement,
  slot: PlannedSlot,
  places: Places = host.places,
): ReadonlyMap<string, string> {
  const below = `${places.state}/${slot.name}`;
  const run = `${places.run}/${slot.name}/runner`;
  const { version } = plan.runner;
  const environment = listSlotEnvironment<never>(plan, placement, slot, {
    scripts: `${places.config}/runner`,
    run,
    state: `${below}/state`,
    work: `${below}/work`,
    root: `${below}/root`,
    source: { path: `${places.runner}/${version}`, stamp: version, externals: "link" },
    caches: placement.caches.map((cache) => cache.path ?? `${below}/cache/${cache.spec.name}`),
    authority: locateAuthority(plan.network, places.config),
    admit: `${placement.user === null ? "" : `sudo -u ${placement.user} `}env CI_FLEET_RUN_DIR=${run}`,
  });
  return new Map([
    ...listProxies(plan),
    ...placement.caches.map(
      (cache) => [cache.variable, cache.path ?? `${below}/cache/${cache.spec.name}`] as const,
    ),
    ...Object.entries(placement.env),
    ...environment,
  ]);
}

/**
 * Lower and upper case, for programs differ in which they read; the runner prefers lower case. It takes
 * `no_proxy` entries for suffixes of host names (actions/runner, RunnerWebProxy).
 */
export function listProxies(plan: Pick<Plan, "network">): readonly (readonly [string, string])[] {
  const { proxy, noProxy } = plan.network;
  if (proxy === null) return [];
  const without = ["localhost", "127.0.0.1", ...noProxy].join(",");
  return ["http_proxy", "https_proxy", "no_proxy"].flatMap((name) => {
    const value = name === "no_proxy" ? without : proxy;
    return [[name, value] as const, [name.toUpperCase(), value] as const];
  });
}
