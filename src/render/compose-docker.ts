// What a slot gets so that its jobs can use Docker: the host's engine, a rootless one of the host's, or one
// of its own in a sidecar. In: placement and slot. Out: keys of the slot's service, and the sidecar.
//
// Whatever the engine, it resolves the paths of container jobs on its own side, so the runner's root and work
// folder are at the same path there and here (actions/runner, ContainerOperationProvider: work, tools,
// externals are bind mounts).

import { locateAuthority } from "../model/authority.ts";
import type { Placement, Plan, PlannedHost, PlannedSlot } from "../model/plan.ts";
import { describeLimits, describeStart, LOGGING } from "./compose-limits.ts";
import { inContainer, type SlotPlaces } from "./compose-places.ts";
import { listProxies } from "./runner-scripts-environment.ts";
import { fromVariable, type YamlValue } from "./write-yaml.ts";

/** Docker Official Image; the engine negotiates its API with any CLI of the last years. */
const DIND_IMAGE = "docker.io/library/docker:29-dind";
/** The group `docker` of GitHub's image, for hosts whose socket's group is not known. */
const IMAGE_DOCKER_GID = "123";

export interface DockerKeys {
  /** Network and hostname: who shares another container's network may not name itself. */
  readonly network: readonly (readonly [string, YamlValue])[];
  readonly volumes: readonly YamlValue[];
  readonly groups: readonly YamlValue[];
  readonly environment: readonly (readonly [string, YamlValue])[];
  readonly dependsOn: string | null;
}

const SOCKET = "/var/run/docker.sock";

/** A missing source stops the start, instead of becoming an empty folder of root. */
const bind = (source: YamlValue, target: string) => ({
  type: "bind",
  source,
  target,
  bind: { create_host_path: false },
});

export function describeDocker(
  host: PlannedHost,
  placement: Placement,
  slot: PlannedSlot,
  places: SlotPlaces,
): DockerKeys {
  const hostname = ["hostname", slot.name] as const;
  const onNetwork = [hostname, ["networks", ["runners"]]] as const;
  const address = ["DOCKER_HOST", `unix://${inContainer.dockerSockets}/docker.sock`] as const;
  const waits = ["RUNNER_WAIT_FOR_DOCKER_IN_SECONDS", "120"] as const;
  switch (placement.docker) {
    case "none":
      return { network: onNetwork, volumes: [], groups: [], environment: [], dependsOn: null };
    case "socket":
      return {
        // Ports of `services:` are published on the host, and jobs look for them at localhost.
        network: [hostname, ["network_mode", "host"]],
        volumes: [bind(places.dockerSocket, SOCKET)],
        groups: [nameSocketGroup(host)],
        environment: [],
        dependsOn: null,
      };
    case "rootless":
      return {
        network: onNetwork,
        // The folder, not the socket: the engine makes a new socket whenever it starts.
        volumes: [bind(places.rootlessFolder, inContainer.dockerSockets)],
        groups: [],
        environment: [address, waits],
        dependsOn: null,
      };
    case "dind":
      return {
        // localhost again: ports of `services:` are published in the sidecar's network. Its hostname too.
        network: [["network_mode", `service:${nameSidecar(slot)}`]],
        volumes: [
          { type: "volume", source: `${slot.name}-docker-socket`, target: inContainer.dockerSockets },
        ],
        groups: [],
        environment: [address, waits],
        dependsOn: nameSidecar(slot),
      };
  }
}

export function nameSidecar(slot: Pick<PlannedSlot, "name">): string {
  return `${slot.name}-dind`;
}

/** Named volumes that the sidecar needs: the folder with its socket. */
export function listDockerVolumes(placement: Placement): readonly string[] {
  if (placement.docker !== "dind") return [];
  return placement.slots.map((slot) => `${slot.name}-docker-socket`);
}

function nameSocketGroup(host: PlannedHost): YamlValue {
  const gid = host.facts.docker?.socketGid ?? null;
  return fromVariable("CI_FLEET_DOCKER_GID", gid === null ? IMAGE_DOCKER_GID : String(gid));
}

/**
 * An engine with storage of its own, reached by a socket that only this slot sees: no TCP, so no TLS. It is
 * privileged, as the image demands (Docker Hub, `docker`, "What is Docker in Docker?").
 */
export function describeSidecar(
  plan: Plan,
  host: PlannedHost,
  placement: Placement,
  slot: PlannedSlot,
  places: SlotPlaces,
): Readonly<Record<string, YamlValue>> {
  const samePath = (name: string) => ({
    type: "bind",
    source: places.state(name),
    target: places.state(name),
    bind: { create_host_path: host.supervision === "compose" },
  });
  const ca = locateAuthority(plan.network, ".");
  const authority = "/ci-fleet/ca/ci-fleet.crt";
  const command = [
    "dockerd",
    // The second for jobs in containers, into which the runner mounts it by this name.
    `--host=unix://${inContainer.dockerSockets}/docker.sock`,
    `--host=unix://${SOCKET}`,
    `--group=${placement.uid ?? 0}`,
  ];
  return {
    image: DIND_IMAGE,
    container_name: nameSidecar(slot),
    hostname: slot.name,
    ...describeStart(host, slot),
    ...(placement.emulated ? { platform: placement.platform } : {}),
    privileged: true,
    cgroup: "private",
    // The image's own entrypoint would ask for TLS certificates and a TCP port.
    command,
    environment: new Map<string, YamlValue>([
      ["DOCKER_TLS_CERTDIR", ""],
      ...listProxies(plan),
      // Go reads every file of these folders, beside the system's bundle.
      ...(ca === null ? [] : [["SSL_CERT_DIR", "/ci-fleet/ca"] as const]),
    ]),
    volumes: [
      { type: "volume", source: `${slot.name}-docker-socket`, target: inContainer.dockerSockets },
      // Anonymous for one-job runners: `docker rm --volumes` takes what one job left away from the next.
      placement.lifetime === "ephemeral"
        ? { type: "volume", target: "/var/lib/docker" }
        : { ...samePath("docker"), target: "/var/lib/docker" },
      samePath("work"),
      samePath("root"),
      ...(ca === null ? [] : [{ ...bind(ca, authority), read_only: true }]),
    ],
    networks: ["runners"],
    // As much again: jobs in containers run here, all others in the slot itself.
    ...describeLimits(placement),
    stop_grace_period: "30s",
    logging: LOGGING,
    healthcheck: {
      test: ["CMD", "docker", "info"],
      interval: "30s",
      timeout: "10s",
      retries: 3,
      start_period: "30s",
    },
    labels: {
      "dev.ci-fleet.fleet": plan.fleet,
      "dev.ci-fleet.host": host.name,
      "dev.ci-fleet.pool": placement.pool,
      "dev.ci-fleet.sidecar-of": slot.name,
    },
  };
}
