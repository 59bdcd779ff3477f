// Folders of one slot on its host: who writes in which of them, and which of them outlive a job. In: a placement,
// a slot, where the fleet is installed. Out: paths with owner and mode, parents first.

import type { Placement, Places, PlannedSlot } from "./plan.ts";

export interface SlotFolder {
  readonly path: string;
  /** `us`: root's (a user's in a user's install), so that no job can put something else in its place. */
  readonly owner: "us" | "runner";
  readonly mode: number;
}

export interface SlotFolders {
  /** Below the state folder. */
  readonly kept: readonly SlotFolder[];
  /** `<run>/<slot>`, and in it the folder that secrets are handed over in. */
  readonly top: string;
  readonly handOver: string;
  /** Emptied before each start: what one job left is not the next one's to find. */
  readonly thrownAway: readonly string[];
  /** Below the home of a process slot: where its unit mounts caches. */
  readonly mountPoints: readonly string[];
  /** Kept from job to job: what jobs in containers left there as root is given back before each start. */
  readonly repaired: readonly string[];
}

/** Home of the runner in GitHub's image, and of process slots in their unit. */
export const RUNNER_HOME = "/home/runner";

export function listSlotFolders(
  placement: Placement,
  slot: Pick<PlannedSlot, "name">,
  places: Pick<Places, "state" | "run">,
): SlotFolders {
  const state = `${places.state}/${slot.name}`;
  const top = `${places.run}/${slot.name}`;
  const ours = (path: string): SlotFolder => ({ path, owner: "us", mode: 0o755 });
  // Closed to others: checkouts hold tokens and private code.
  const runners = (name: string): SlotFolder => ({ path: `${state}/${name}`, owner: "runner", mode: 0o700 });
  const { run, lifetime, docker, caches } = placement;
  const isProcess = run === "process";
  const isPersistent = lifetime === "persistent";
  const usesHost = placement.work === "same-as-host" || isProcess;
  const kept = [
    ours(state),
    ...(isPersistent ? [runners("state")] : []),
    ...(isProcess ? [runners("home")] : []),
    ...(usesHost || isPersistent ? [runners("work")] : []),
    ...(usesHost ? [runners("root")] : []),
    ...(docker === "dind" && isPersistent ? [{ ...ours(`${state}/docker`), mode: 0o700 }] : []),
    ...(caches.length > 0 ? [ours(`${state}/cache`)] : []),
    ...caches.map(({ spec }) => runners(`cache/${spec.name}`)),
  ];
  const changing = [...(isProcess ? ["home"] : []), ...(usesHost || isPersistent ? ["work"] : [])];
  const below = [...changing, ...(usesHost ? ["root"] : [])].map((name) => `${state}/${name}`);
  const mounted = isProcess ? caches.flatMap(({ path }) => path ?? []) : [];
  return {
    kept,
    mountPoints: mounted.flatMap((path) =>
      path.startsWith(`${RUNNER_HOME}/`) ? [path.slice(RUNNER_HOME.length + 1)] : [],
    ),
    top,
    handOver: `${top}/runner`,
    thrownAway: isPersistent ? [] : below,
    repaired: isPersistent ? below : [],
  };
}
