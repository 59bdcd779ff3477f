// A user's install of a small fleet below a temporary home, with stand-ins for systemctl, docker and journalctl that
// note what they were asked. In: the test. Out: ways to set units, files and to run the program there.

import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { makeFolder } from "../adapters/folder.ts";
import { type Ran, runCli } from "./run-cli.ts";

const SPEC = `version: 1
fleet: home
github:
  url: https://github.com/acme
  auth: {token: /etc/ci-fleet/token}
runner: {version: "2.336.0"}
hosts: {forge: }
pools:
  ci: {run: process, runners: 2, limits: {cpus: 1, memory: 1GiB}}
`;

/** `units/<name>` holds what \`systemctl show\` prints of it; \`fail\` what every other verb says before it fails. */
const SYSTEMCTL = `#!/bin/bash
echo "systemctl $*" >>"$(dirname "$0")/../fake/told"
[[ $1 == --user ]] || { echo "Failed to connect to bus" >&2; exit 1; }
shift
[[ $1 == --no-pager ]] && shift
verb=$1
while [[ $1 != -- ]]; do shift; done
shift
case $verb in
  show) for name; do echo "Id=$name"; cat "$(dirname "$0")/../fake/units/$name" 2>/dev/null || echo LoadState=not-found; echo; done ;;
  list-*) ;;
  *)
    if [[ -e $(dirname "$0")/../fake/fail ]]; then cat "$(dirname "$0")/../fake/fail" >&2; exit 1; fi
    [[ $verb != stop ]] || for name; do printf 'LoadState=loaded\\nActiveState=inactive\\n' >"$(dirname "$0")/../fake/units/$name"; done
    ;;
esac
`;
const JOURNALCTL = `#!/bin/bash
echo "journalctl $*" >>"$(dirname "$0")/../fake/told"
[[ ! -e $(dirname "$0")/../fake/fail ]] || { cat "$(dirname "$0")/../fake/fail" >&2; exit 1; }
cat "$(dirname "$0")/../fake/journal" 2>/dev/null || true
`;

export interface FakeHost {
  readonly home: string;
  readonly state: string;
  readonly env: Record<string, string>;
  /** What \`systemctl show\` says of slot n. */
  unit(slot: number, properties: Readonly<Record<string, string>>): void;
  write(path: string, text: string): void;
  remove(path: string): void;
  read(path: string): string;
  run(...words: readonly string[]): Ran;
  /** What the tools were asked to do since the last time, without the asking of \`show\` and \`list\`. */
  told(): readonly string[];
}

const GONE = "LoadState=loaded\nActiveState=inactive\n";

export function makeFakeHost(t: TestContext): FakeHost {
  const home = makeFolder(t);
  const state = ".local/state/ci-fleet/home";
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  };
  for (const [name, text] of Object.entries({
    systemctl: SYSTEMCTL,
    journalctl: JOURNALCTL,
    docker: "#!/bin/sh\nexit 1\n",
  })) {
    write(`bin/${name}`, text);
    chmodSync(join(home, `bin/${name}`), 0o755);
  }
  write("fleet/fleet.yaml", SPEC);
  write("fleet/hosts/forge.yaml", readFileSync("fixtures/cli/two-hosts/hosts/forge.yaml", "utf8"));
  write("fake/told", "");
  const unit = (slot: number, properties: Readonly<Record<string, string>>): void => {
    const text = Object.entries({ LoadState: "loaded", ...properties }).map(
      ([key, value]) => `${key}=${value}\n`,
    );
    write(`fake/units/home-process@home-ci-forge-${slot}.service`, text.join(""));
  };
  for (const slot of [1, 2]) write(`fake/units/home-process@home-ci-forge-${slot}.service`, GONE);
  const read = (path: string): string => readFileSync(join(home, path), "utf8");
  const env = {
    HOME: home,
    PATH: `${join(home, "bin")}:${process.env.PATH}`,
    XDG_RUNTIME_DIR: join(home, "run"),
  };
  return {
    home,
    state,
    env,
    unit,
    write,
    remove: (path) => rmSync(join(home, path)),
    read,
    run: (...words) =>
      runCli([...words, "--user", "--host", "forge"], {
        cwd: join(home, "fleet"),
        env,
      }),
    told: () => {
      const lines = read("fake/told").trim().split("\n");
      write("fake/told", "");
      return lines.filter(
        (line) => !/ (?:show|list-units|list-unit-files|--version)(?: |$)/.test(line) && line !== "",
      );
    },
  };
}

/** A unit whose first process is this test's: it can be seen, and no runner is in it. */
export const UP = { ActiveState: "active", SubState: "running", MainPID: String(process.pid) };
/** One whose first process cannot be seen: it may have a job. */
export const HIDDEN = { ...UP, MainPID: "4194303" };
