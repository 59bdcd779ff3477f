// Where a slot's folders are, inside its container and on the host. Host places are written with a variable
// of Compose, so that one file serves an installation for the system and one for a user.
// In: a host's places. Out: paths, as text or as marks for the YAML writer.

import type { Places } from "../model/plan.ts";
import { fromVariable, type Marked } from "./write-yaml.ts";

/** Home of the runner in GitHub's image, and its root (actions/runner, images/Dockerfile). */
export const RUNNER_HOME = "/home/runner";

/** Below a folder of our own, so that no image and no volume of the spec is in the way. */
export const inContainer = {
  scripts: "/ci-fleet/scripts",
  run: "/ci-fleet/run",
  state: "/ci-fleet/state",
  dockerSockets: "/ci-fleet/docker",
  /** Where update-ca-certificates looks (Debian, Ubuntu). */
  authority: "/usr/local/share/ca-certificates/ci-fleet.crt",
} as const;

export interface SlotPlaces {
  /** `<state>/<slot>/<name>` */
  readonly state: (name: string) => Marked;
  /** `<run>/<slot>/runner`: the private folder. */
  readonly run: Marked;
  /** Folder with the socket of the engine that the host runs for jobs without root. */
  readonly rootlessFolder: Marked;
  readonly dockerSocket: Marked;
}

/** `CI_FLEET_STATE` and `CI_FLEET_RUN` replace the places of the system installation, without the slot. */
export function slotPlaces(places: Places, slot: string): SlotPlaces {
  return {
    state: (name) => fromVariable("CI_FLEET_STATE", places.state, `/${slot}/${name}`),
    run: fromVariable("CI_FLEET_RUN", places.run, `/${slot}/runner`),
    rootlessFolder: fromVariable("CI_FLEET_RUN", places.run, "/rootless"),
    dockerSocket: fromVariable("CI_FLEET_DOCKER_SOCKET", "/var/run/docker.sock"),
  };
}
