// The folder of a host's engine, with the runner's images in it. An engine takes seconds to load them, so it does
// once for each kind of host; later hosts get a copy of what it made. In: the host's image, an archive of images.
// Out: a volume, and what is left to do when its host is up.

import { basename } from "node:path";
import { ask, docker } from "./command.ts";
import type { Ending } from "./ending.ts";
import type { Host } from "./host.ts";
import { hashOf } from "./roots.ts";
import { waitFor } from "./wait-for.ts";

export interface EngineVolume {
  readonly volume: string;
  readonly fill: (host: Host) => Promise<void>;
  /** The images are in it already. */
  readonly isFull: boolean;
}

export async function makeEngineVolume(
  ending: Ending,
  image: string,
  archive: string | null,
  mark: string,
): Promise<EngineVolume> {
  const { stdout } = await docker("volume", "create", "--label", mark);
  const volume = stdout.trim();
  ending(() => ask("docker", ["volume", "rm", "--force", volume]));
  if (archive === null) return { volume, fill: async () => undefined, isFull: false };
  // `ci-fleet-lab/trixie:1234` → `ci-fleet-lab-seed-trixie-…`
  const family = `ci-fleet-lab-seed-${/\/(\w+):/.exec(image)?.[1]}-`;
  const seed = `${family}${hashOf([image, basename(archive)])}`;
  if (await copyVolume(image, seed, volume)) return { volume, fill: waitForEngine, isFull: true };
  return {
    volume,
    isFull: false,
    fill: async (host) => {
      await host.copyIn(archive, "/var/cache/runner.tar");
      await waitForEngine(host);
      await host.bash("docker load --quiet --input /var/cache/runner.tar && rm /var/cache/runner.tar");
      await host.bash("systemctl stop docker.socket docker.service && touch /var/lib/docker/.complete");
      await copyVolume(image, volume, seed);
      await forgetOthers(family, seed);
      await host.bash("systemctl start docker.socket docker.service");
    },
  };
}

const COPY = 'test -e "/from/$0" && cp -a /from/. /to && touch "/to/$0"';

/** False when the first was never finished: a volume cannot be renamed, so it has a file that says so. */
async function copyVolume(image: string, from: string, to: string): Promise<boolean> {
  const volumes = ["--volume", `${from}:/from`, "--volume", `${to}:/to`];
  const said = await ask("docker", [
    ...["run", "--rm", "--network", "none", ...volumes, image, "sh", "-c", COPY, ".complete"],
  ]);
  return said.code === 0;
}

/** Of images that are no more. What another run copies from right now stays. */
async function forgetOthers(family: string, seed: string): Promise<void> {
  const { stdout } = await docker("volume", "ls", "--quiet", "--filter", `name=${family}`);
  for (const other of stdout.split("\n").filter((name) => name !== "" && name !== seed))
    await ask("docker", ["volume", "rm", other]);
}

const waitForEngine = async (host: Host): Promise<void> => {
  await waitFor("the engine inside", () => host.isTrue("docker info"), { within: 60_000 });
};
