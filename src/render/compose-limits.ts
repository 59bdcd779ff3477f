// What bounds a container: sizes, capabilities, logs, and who starts it again. The reasons for the choice of
// capabilities: docs/decisions/0007-sudo-in-runner-containers.md. In: host and placement. Out: service keys.

import type { Placement, PlannedHost, PlannedSlot } from "../model/plan.ts";
import type { YamlValue } from "./write-yaml.ts";

type Keys = Readonly<Record<string, YamlValue>>;

const GIB = 1024 ** 3;

/** `docker logs` keeps 30 MiB of a slot. Compose wants texts here. */
export const LOGGING: YamlValue = { driver: "json-file", options: { "max-size": "10m", "max-file": "3" } };

/**
 * What `sudo apt-get install` in a job needs, of Docker's default set. Not among them: raw sockets (forged
 * packets to other slots), device nodes, chroot, binding of low ports, file capabilities.
 */
export const KEPT_CAPABILITIES = [
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "SETGID",
  "SETUID",
] as const;

/** Numbers in bytes: the units of Compose are 1024-based whatever they are called. */
export function describeLimits(placement: Placement): Keys {
  const { cpus, memory, pids } = placement.limits;
  return {
    ...(cpus === null ? {} : { cpus }),
    // The same as the memory: no swap, which would be as much again when it is not said.
    ...(memory === null ? {} : { mem_limit: memory, memswap_limit: memory }),
    ...(pids === null ? {} : { pids_limit: pids }),
    // Docker's 64 MiB are too few for browsers and data loaders. It counts as memory of the container.
    shm_size: memory === null ? GIB : Math.min(GIB, Math.floor(memory / 2)),
    // No `nofile`: the engine's own hard limit is not known here, and asking for more fails the start.
    // entrypoint.sh raises the soft limit instead.
    ulimits: { core: 0 },
  };
}

/** Profile of the slots that the watchdog starts: `docker compose up` leaves them alone. */
const ON_DEMAND = "on-demand";

/** systemd starts a slot again; where there is none, the engine has to. */
export function describeStart(
  host: Pick<PlannedHost, "supervision">,
  slot: Pick<PlannedSlot, "always">,
): Keys {
  return {
    ...(slot.always ? {} : { profiles: [ON_DEMAND] }),
    restart: host.supervision === "systemd" ? "no" : "unless-stopped",
  };
}
