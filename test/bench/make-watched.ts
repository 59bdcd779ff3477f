// A host to watch: a user's install with answers of systemd kept in a file, and a GitHub with many registrations.
// In: how many runners. Out: a folder, an environment, the server, and how to end it all.

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { serveFakeGitHub } from "../github/serve.ts";
import { FakeState } from "../github/state.ts";

const TOKEN = "ghp_theTokenOfTheBench0000000000000001";
const HERE = "h000";
const SLOTS = 100;
const inventoryFile = join(import.meta.dirname, "../../fixtures/hosts/ampere-server/expected/inventory.yaml");

export interface Watched {
  readonly folder: string;
  readonly host: string;
  readonly env: Readonly<Record<string, string>>;
  readonly github: FakeState;
  /** As before the first pass. */
  forget(): void;
  /** As if an hour had passed. */
  wait(): void;
  close(): Promise<void>;
}

/**
 * A hundred slots a host, all of them online, or only those here; this host is the deputy, so that it reads the whole
 * list.
 */
export async function makeWatched(runners: number, { isAbandoned = false } = {}): Promise<Watched> {
  const home = mkdtempSync(join(tmpdir(), "ci-fleet-bench-watched-"));
  const write = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
    chmodSync(join(home, path), mode);
  };
  const names = Array.from(
    { length: Math.ceil(runners / SLOTS) },
    (_, at) => `h${String(at).padStart(3, "0")}`,
  );
  const inventory = readFileSync(inventoryFile, "utf8");
  for (const name of names) write(`fleet/hosts/${name}.yaml`, inventory.replaceAll("ampere-server", name));
  const github = new FakeState();
  github.groupLimit = Number.POSITIVE_INFINITY;
  github.rateLimit = 1_000_000;
  github.credentials.set(TOKEN, {
    kind: "classic",
    scopes: ["*"],
    write: true,
    actionsRead: true,
    expiresAt: null,
  });
  const labels = ["self-hosted", "linux", "arm64", "ubuntu", "cpu-only"];
  for (const name of names) {
    for (let index = 1; index <= SLOTS; index++) {
      const given = { name: `bench-ci-${name}-${index}`, labels, ephemeral: false, groupId: 1 };
      const online = !isAbandoned || name === HERE;
      github.addRunner("orgs/octo-org", given).lie = { online, busy: false };
    }
  }
  const server = await serveFakeGitHub(github);
  write("token", `${TOKEN}\n`, 0o600);
  write("fleet/fleet.yaml", writeSpec(names, server.url, home));
  write("bin/systemctl", SYSTEMCTL, 0o755);
  write("bin/docker", "#!/bin/sh\nexit 1\n", 0o755);
  const close = async () => {
    await server.close();
    rmSync(home, { recursive: true, force: true });
  };
  const env = { HOME: home, PATH: `${join(home, "bin")}:/usr/bin:/bin`, XDG_RUNTIME_DIR: join(home, "run") };
  const state = join(home, ".local/state/ci-fleet/bench");
  const forget = () => {
    rmSync(state, { recursive: true, force: true });
    // Held back by a person: a pass has nothing to start.
    for (let index = 1; index <= SLOTS; index++)
      write(`.local/state/ci-fleet/bench/drained/bench-ci-${HERE}-${index}`, "by hand\n");
  };
  /** A small share of the budget is spent by a first pass over many pages, and the next one would ask nobody. */
  const wait = () => {
    const memory = JSON.parse(readFileSync(join(state, "watchdog.json"), "utf8")) as object;
    writeFileSync(join(state, "watchdog.json"), JSON.stringify({ ...memory, allowance: 1000 }));
  };
  forget();
  return { folder: join(home, "fleet"), host: HERE, env, github, forget, wait, close };
}

/** Every unit that it is asked about is down, and wants nothing. */
const SYSTEMCTL = `#!/bin/sh
while [ "$1" != -- ] && [ $# -gt 0 ]; do [ "$1" = show ] && show=yes; shift; done
[ "$show" = yes ] || exit 0
shift
for name; do echo "Id=$name
LoadState=loaded
ActiveState=inactive
"; done
`;

function writeSpec(names: readonly string[], apiUrl: string, home: string): string {
  return [
    "version: 1",
    "fleet: bench",
    `github: {url: https://github.com/octo-org, apiUrl: "${apiUrl}", auth: {token: ${home}/token}}`,
    "hosts:",
    ...names.map((name) => `  ${name}:`),
    "pools:",
    `  ci: {run: process, lifetime: persistent, runners: ${SLOTS}, limits: {cpus: 0.1, memory: 256MiB}}`,
    `watchdog: {deputy: ${HERE}, every: 1d, budget: {githubRequestsPerHour: 15000}, metrics: ${home}/now.prom}`,
    "",
  ].join("\n");
}
