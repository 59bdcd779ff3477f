// The ports through which this machine is looked at, for one look: files, tools, the two clocks.
// In: where the fleet is installed. Out: ports.

import { openHostFiles } from "../adapters/host-files.ts";
import { openHostTools } from "../adapters/host-tools.ts";
import type { LookPorts } from "../adapters/observe-slots.ts";
import type { InstallPlaces } from "../model/apply.ts";
import type { PlannedHost } from "../model/plan.ts";

/** What is asked of a host that is looked at. */
export interface LookedHost {
  readonly facts: Pick<PlannedHost["facts"], "docker">;
}

export function openLook(host: LookedHost, places: InstallPlaces): LookPorts {
  return {
    files: openHostFiles("/"),
    tools: openHostTools(chooseEnvironment(host, places)),
    user: places.flavour === "user",
    now: Date.now(),
    monotonic: Number(process.hrtime.bigint() / 1_000_000n),
  };
}

/** Units of a user's install ask the rootless engine (systemd/user/): so do we, whatever the shell has set. */
export function chooseEnvironment(host: LookedHost, places: InstallPlaces): NodeJS.ProcessEnv {
  const { env } = process;
  const runtime = env.XDG_RUNTIME_DIR || `/run/user/${process.getuid?.() ?? 0}`;
  if (places.flavour !== "user") return env;
  const withRuntime = { ...env, XDG_RUNTIME_DIR: runtime };
  return host.facts.docker?.rootless === true
    ? { ...withRuntime, DOCKER_HOST: `unix://${runtime}/docker.sock` }
    : withRuntime;
}
