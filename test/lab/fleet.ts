// A fleet on a host of the lab, made as a person would: a spec, the host's own inventory, `render`. In: a host, the
// text of a spec. Out: a repository in /srv/fleet with everything rendered.

import type { FakeState } from "../github/state.ts";
import type { Host } from "./host.ts";
import type { Lab } from "./lab.ts";

export const REPOSITORY = "/srv/fleet";

/** `pools` are lines below `pools:`; `more` are whole lines of the spec. */
export function writeSpec({
  fleet = "acme",
  github = "{url: https://github.com/acme, auth: {token: /etc/ci-fleet/token}}",
  version = "2.337.0",
  checksum = null,
  hosts = ["forge"],
  pools,
  watchdog = "{every: 1d}",
  more = "",
}: {
  readonly fleet?: string;
  readonly github?: string;
  readonly version?: string;
  /** Of the tarball; without it GitHub is asked. */
  readonly checksum?: string | null;
  readonly hosts?: readonly string[];
  readonly pools: Readonly<Record<string, string>>;
  /** Scenes that stop things by hand want nobody to start them again. */
  readonly watchdog?: string;
  readonly more?: string;
}): string {
  const list = (entries: readonly (readonly [string, string])[]) =>
    entries.map(([key, value]) => `  ${key}: ${value}\n`).join("");
  const checksums = checksum === null ? "" : `, checksums: {linux-x64: ${checksum}}`;
  return [
    `version: 1\nfleet: ${fleet}\ngithub: ${github}\nrunner: {version: "${version}"${checksums}}\n`,
    `hosts:\n${list(hosts.map((host) => [host, ""] as const))}`,
    `pools:\n${list(Object.entries(pools))}watchdog: ${watchdog}\n${more}`,
  ].join("");
}

/** Each host describes itself, and each has the whole repository. `correct`: what a person writes into an inventory. */
export async function makeFleet(
  given: Host | readonly Host[],
  spec: string,
  correct = (inventory: string): string => inventory,
): Promise<void> {
  const hosts = "name" in given ? [given] : given;
  const inventories = await Promise.all(hosts.map((host) => host.run("ci-fleet", "detect", "--yaml")));
  for (const host of hosts) {
    await host.write(`${REPOSITORY}/fleet.yaml`, spec);
    for (const [at, { name }] of hosts.entries())
      await host.write(`${REPOSITORY}/hosts/${name}.yaml`, correct(inventories[at] ?? ""));
  }
  await Promise.all(hosts.map(renderFleet));
}

export const renderFleet = (host: Host): Promise<string> =>
  host.bash(`cd ${REPOSITORY} && ci-fleet render --prune 2>&1`);

/** A classic token for everything, in the file that the spec names; and GitHub knows it. */
export async function giveToken(
  lab: Lab,
  host: Host,
  token = "ghp_TheLabsOwnTokenThatMayDoEverything01",
): Promise<string> {
  knowToken(lab.github, token);
  lab.secrets.add(token);
  await host.write("/etc/ci-fleet/token", `${token}\n`, "600");
  return token;
}

export function knowToken(github: FakeState, token: string): void {
  github.credentials.set(token, {
    kind: "classic",
    scopes: ["*"],
    write: true,
    actionsRead: true,
    expiresAt: null,
  });
}
