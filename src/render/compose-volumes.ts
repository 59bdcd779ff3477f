// The mounts of a slot's container. In: host, placement, slot, places. Out: entries in Compose's long form,
// in which no character of a path is syntax.

import { locateAuthority } from "../model/authority.ts";
import type { Placement, Plan, PlannedHost, PlannedSlot } from "../model/plan.ts";
import { inContainer, RUNNER_HOME, type SlotPlaces } from "./compose-places.ts";
import type { YamlValue } from "./write-yaml.ts";

/**
 * A missing source stops the start instead of becoming an empty folder of root, which is what a mistyped
 * path and a forgotten preparation have in common. Without systemd nobody prepares: there the engine makes
 * our folders, and entrypoint.sh takes them over.
 */
export function listVolumes(
  plan: Plan,
  host: PlannedHost,
  placement: Placement,
  slot: PlannedSlot,
  places: SlotPlaces,
): readonly YamlValue[] {
  const isPrepared = host.supervision === "systemd";
  const own = (source: YamlValue, target: YamlValue) => ({
    type: "bind",
    source,
    target,
    bind: { create_host_path: !isPrepared },
  });
  const given = (source: string, target: string, readOnly: boolean) => ({
    type: "bind",
    source,
    target,
    ...(readOnly ? { read_only: true } : {}),
    bind: { create_host_path: false },
  });
  // Beside the Compose file where it is rendered.
  const authority = locateAuthority(plan.network, ".");
  return [
    // Beside this file, in the repository and where it is installed.
    given("./runner", inContainer.scripts, true),
    own(places.run, inContainer.run),
    ...(placement.lifetime === "persistent" ? [own(places.state("state"), inContainer.state)] : []),
    ...listWork(placement, places, own),
    ...placement.caches.map((cache) => {
      if (cache.path === null)
        throw new Error(`${slot.name}: the plan mounts cache ${cache.spec.name} nowhere`);
      return own(places.state(`cache/${cache.spec.name}`), cache.path);
    }),
    ...(authority === null ? [] : [given(authority, inContainer.authority, true)]),
    ...placement.volumes.map((volume) => given(volume.source, volume.target, volume.readOnly)),
  ];
}

/**
 * A one-job runner without Docker works in its container's own layer, which goes with it. One that keeps its
 * registration keeps its checkouts too. With Docker, work and root have the host's path: see compose-docker.ts.
 */
function listWork(
  placement: Placement,
  places: SlotPlaces,
  own: (source: YamlValue, target: YamlValue) => YamlValue,
): readonly YamlValue[] {
  if (placement.work === "same-as-host") {
    return ["work", "root"].map((name) => own(places.state(name), places.state(name)));
  }
  return placement.lifetime === "persistent" ? [own(places.state("work"), `${RUNNER_HOME}/_work`)] : [];
}
