// What a process slot has of its own: limits, devices, folders, and the environment that entrypoint.sh and the
// job see. In: the plan, a host, a slot, the flavour. Out: settings for its drop-in.

import type { Placement, Plan, PlannedHost, PlannedSlot } from "../model/plan.ts";
import { listProcessEnvironment } from "./runner-scripts-environment.ts";
import type { Flavour, PlacedSlot, Variable } from "./systemd-host.ts";

export interface ProcessSettings {
  /** `150%`, per cent of one CPU. */
  readonly cpuQuota: string | null;
  /** Bytes. */
  readonly memoryMax: string | null;
  readonly tasksMax: string | null;
  readonly groups: readonly string[];
  readonly privateTmp: boolean;
  readonly binds: readonly { readonly source: string; readonly target: string }[];
  /** Caches of the user flavour, which cannot mount: jobs find them by their variable alone. */
  readonly homeCaches: readonly { readonly variable: string; readonly cache: string }[];
  readonly environment: readonly Variable[];
}

export function settleProcess(
  plan: Plan,
  host: PlannedHost,
  { placement, slot }: PlacedSlot,
  flavour: Flavour,
): ProcessSettings {
  const isSystem = flavour === "system";
  const { limits, caches, docker, gpu } = placement;
  const folder = (cache: string) => `${host.places.state}/${slot.name}/cache/${cache}`;
  return {
    cpuQuota: limits.cpus === null ? null : `${Math.max(1, Math.round(limits.cpus * 100))}%`,
    memoryMax: limits.memory === null ? null : String(limits.memory),
    tasksMax: limits.pids === null ? null : String(limits.pids),
    groups: isSystem ? listGroups(placement) : [],
    // An engine outside looks for what a job mounts from /tmp in its own /tmp.
    privateTmp: isSystem && docker === "none",
    binds: isSystem
      ? caches.flatMap(({ spec, path }) =>
          path === null ? [] : [{ source: folder(spec.name), target: path }],
        )
      : [],
    homeCaches: isSystem ? [] : caches.map(({ spec, variable }) => ({ variable, cache: spec.name })),
    environment: [
      ...(isSystem
        ? listProcessEnvironment(plan, host, placement, slot)
        : listPlainEnvironment(plan, host, placement, slot)),
      ...(isSystem && docker === "rootless"
        ? [["DOCKER_HOST", `unix://${host.places.run}/rootless/docker.sock`] as const]
        : []),
      ...(gpu?.kind === "environment"
        ? [
            [gpu.variable, slot.gpus.map(({ selector }) => selector).join(",")] as const,
            ...(gpu.order === null ? [] : [[gpu.order.variable, gpu.order.value] as const]),
          ]
        : []),
    ].map(([key, value]) => ({ key, value })),
  };
}

/** Cannot be in any text of a spec: control characters are refused there. */
const HOME = "\u0001";

/**
 * A user's folders are known to systemd alone, as specifiers, which only a template can write: variables that
 * name one are in the template of the slot, and these are the others.
 */
function listPlainEnvironment(
  plan: Plan,
  host: PlannedHost,
  placement: Placement,
  slot: PlannedSlot,
): readonly (readonly [string, string])[] {
  const places = { binary: HOME, config: HOME, state: HOME, run: HOME, runner: HOME };
  const cacheVariables = new Set(placement.caches.map(({ variable }) => variable));
  return [...listProcessEnvironment(plan, host, placement, slot, places)].filter(
    ([key, value]) => !value.includes(HOME) && !cacheVariables.has(key) && key !== "CI_FLEET_CACHES",
  );
}

/** `docker` is root in all but name: only where the spec says that jobs are trusted. */
function listGroups({ docker, gpu }: Placement): readonly string[] {
  return [
    ...(docker === "socket" ? ["docker"] : []),
    ...(gpu?.kind === "environment" ? gpu.groups.map(String) : []),
  ];
}
