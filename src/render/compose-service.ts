// One slot as a Compose service. In: plan, host, placement, slot. Out: the service's keys in the order in
// which a person reads them.

import { hashText } from "../base/hash-text.ts";
import type { Placement, Plan, PlannedHost, PlannedImage, PlannedSlot } from "../model/plan.ts";
import { describeDocker } from "./compose-docker.ts";
import { describeGpus } from "./compose-gpu.ts";
import { describeLimits, describeStart, KEPT_CAPABILITIES, LOGGING } from "./compose-limits.ts";
import { inContainer, RUNNER_HOME, type SlotPlaces, slotPlaces } from "./compose-places.ts";
import { listVolumes } from "./compose-volumes.ts";
import { encodeScriptBodies } from "./runner-scripts.ts";
import { listProxies, listSlotEnvironment } from "./runner-scripts-environment.ts";
import { type Marked, writeYaml, type YamlValue } from "./write-yaml.ts";

type Keys = Readonly<Record<string, YamlValue>>;

export function describeSlot(plan: Plan, host: PlannedHost, placement: Placement, slot: PlannedSlot): Keys {
  const places = slotPlaces(host.places, slot.name);
  const docker = describeDocker(host, placement, slot, places);
  const gpus = describeGpus(placement.gpu, slot);
  const groups = [...docker.groups, ...gpus.groups];
  const service: Keys = {
    ...describeImage(plan, placement),
    container_name: slot.name,
    ...describeStart(host, slot),
    // An image of one's own may have an entrypoint, and may run as root, which the runner refuses.
    entrypoint: ["bash", `${inContainer.scripts}/entrypoint.sh`],
    command: [],
    ...(placement.uid === null ? {} : { user: String(placement.uid) }),
    ...(groups.length > 0 ? { group_add: groups } : {}),
    working_dir: RUNNER_HOME,
    environment: new Map<string, YamlValue>([
      ...listProxies(plan),
      ...placement.caches.map((cache) => [cache.variable, cache.path ?? ""] as const),
      ...Object.entries(placement.env),
      ...docker.environment,
      ...gpus.environment,
      ...listSlotEnvironment<Marked>(plan, placement, slot, describeFolders(plan, placement, slot, places)),
    ]),
    volumes: [...listVolumes(plan, host, placement, slot, places), ...docker.volumes],
    ...Object.fromEntries(docker.network),
    ...(docker.dependsOn === null ? {} : { depends_on: [docker.dependsOn] }),
    ...Object.fromEntries(gpus.keys),
    init: true,
    stop_signal: "SIGTERM",
    // The listener cancels its job and closes its session, or the next start waits minutes for that.
    stop_grace_period: "90s",
    ...describeLimits(placement),
    cap_drop: ["ALL"],
    cap_add: [...KEPT_CAPABILITIES],
    // Container jobs are refused where /proc/1/cgroup names Docker, as it does on cgroup v1 without this.
    cgroup: "private",
    healthcheck: {
      test: ["CMD", "bash", `${inContainer.scripts}/entrypoint.sh`, "health"],
      interval: "30s",
      timeout: "10s",
      retries: 3,
      start_period: "60s",
    },
    logging: LOGGING,
  };
  return { ...service, labels: labelSlot(plan, host, placement, slot, service) };
}

/** How the watchdog and `apply` find what is theirs, and see what has changed. */
function labelSlot(
  plan: Plan,
  host: PlannedHost,
  placement: Placement,
  slot: PlannedSlot,
  service: Keys,
): Keys {
  const generation = hashText(writeYaml(service), encodeScriptBodies(), plan.network.caContent ?? "");
  return {
    "dev.ci-fleet.fleet": plan.fleet,
    "dev.ci-fleet.host": host.name,
    "dev.ci-fleet.pool": placement.pool,
    "dev.ci-fleet.slot": slot.name,
    "dev.ci-fleet.lifetime": placement.lifetime,
    "dev.ci-fleet.runner-version": plan.runner.version,
    "dev.ci-fleet.generation": generation.slice(0, 16),
  };
}

function describeImage(plan: Plan, placement: Placement): Keys {
  const image = requireImage(placement);
  return {
    image: image.reference,
    ...(image.kind === "build" ? { build: describeBuild(plan, placement, image) } : {}),
    ...(placement.emulated ? { platform: placement.platform } : {}),
  };
}

/** `apply` builds ahead of the first start; without it, `docker compose up` does. */
function describeBuild(
  plan: Plan,
  placement: Placement,
  image: Extract<PlannedImage, { kind: "build" }>,
): Keys {
  const proxies = listProxies(plan);
  return {
    context: `./images/${placement.pool}`,
    dockerfile: image.context.kind === "files" ? image.context.dockerfile : "Dockerfile",
    // Arguments of these names are predefined, and stay out of the image (Dockerfile reference, ARG).
    ...(proxies.length > 0 ? { args: new Map<string, YamlValue>(proxies) } : {}),
  };
}

function requireImage(placement: Placement): PlannedImage {
  if (placement.image === null) throw new Error(`the plan has no image for ${placement.pool}`);
  return placement.image;
}

function describeFolders(plan: Plan, placement: Placement, slot: PlannedSlot, places: SlotPlaces) {
  const isCopied = placement.work === "same-as-host";
  return {
    scripts: inContainer.scripts,
    run: inContainer.run,
    state: inContainer.state,
    work: isCopied ? places.state("work") : `${RUNNER_HOME}/_work`,
    root: isCopied ? places.state("root") : RUNNER_HOME,
    // externals/ too: the engine mounts it into container jobs, and cannot see into this container.
    source: isCopied
      ? { path: RUNNER_HOME, stamp: requireImage(placement).reference, externals: "copy" as const }
      : null,
    caches: placement.caches.flatMap((cache) => cache.path ?? []),
    authority: plan.network.ca === null ? null : inContainer.authority,
    admit: `docker exec -i ${slot.name}`,
  };
}
