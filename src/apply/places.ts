// Where a fleet is installed on a host. In: its name, and for a user the folders of that user. Out: absolute paths.
// The user's are those that the units under systemd/user/ name by specifiers: %E is the folder of configuration,
// %t the runtime folder, %h the home.

import type { InstallPlaces } from "../model/apply.ts";
import { placesOf } from "../model/names.ts";
import type { Places } from "../model/plan.ts";

export interface UserFolders {
  readonly home: string;
  /** XDG_CONFIG_HOME; null: not set. */
  readonly config: string | null;
  /** XDG_RUNTIME_DIR. */
  readonly runtime: string;
}

export function placeForSystem(places: Places): InstallPlaces {
  return { ...places, flavour: "system", units: "/etc/systemd/system" };
}

export function placeFleetForSystem(fleet: string): InstallPlaces {
  return placeForSystem(placesOf(fleet));
}

export function placeFleetForUser(fleet: string, { home, config, runtime }: UserFolders): InstallPlaces {
  const below = config ?? `${home}/.config`;
  return {
    flavour: "user",
    binary: `${home}/.local/bin/ci-fleet`,
    config: `${below}/ci-fleet/${fleet}`,
    state: `${home}/.local/state/ci-fleet/${fleet}`,
    run: `${runtime}/ci-fleet/${fleet}`,
    runner: `${home}/.local/share/ci-fleet/runner`,
    units: `${below}/systemd/user`,
  };
}

export interface RecordPlaces {
  readonly generation: string;
  readonly journal: string;
  readonly shared: string;
  readonly pending: string;
  readonly staging: string;
}

export function placeRecords(places: InstallPlaces): RecordPlaces {
  return {
    generation: `${places.config}/generation.json`,
    journal: `${places.config}/journal.json`,
    shared: `${parentOf(places.config)}/.shared.json`,
    pending: `${places.state}/pending.json`,
    staging: `${places.state}/staging`,
  };
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** The name of the fleet that has these places. */
export function fleetAt({ config }: InstallPlaces): string {
  return config.slice(config.lastIndexOf("/") + 1);
}

/** The folders above `path` up to and without `top`, the outermost first. */
export function listFoldersBetween(top: string, path: string): readonly string[] {
  const folders: string[] = [];
  for (let at = parentOf(path); at.length > top.length; at = parentOf(at)) folders.unshift(at);
  return folders;
}

export const ACCOUNT = "ci-fleet";
/** Of the user `runner` in GitHub's image. The account takes it where it is free: a rootless engine may come later. */
export const RUNNER_UID = 1001;
/** What a marker in `drained/` says that this program wrote because its slot left the plan. */
export const RETIRED = "by apply: the slot is not in the plan any more\n";
