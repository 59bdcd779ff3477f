// The commands that steps run, as words. In: where a fleet is installed. Out: argument lists; whatever comes from
// a spec is a word of its own and, where it could be read as an option, stands behind `--`.

import type { Action, InstallPlaces, WantedAccount } from "../model/apply.ts";

type Run = Extract<Action, { kind: "run" }>;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** A stop waits for the runner to sign off: TimeoutStopSec= of the units, and a little. */
const STOP = 150 * SECOND;
/** `Unit … not loaded.` (systemctl(1), "Exit status"): a run that was cut off had not written it, or had removed it. */
const NO_SUCH_UNIT = 5;
/** Images of half a gigabyte over slow lines, builds with many packages. */
const IMAGE = 90 * MINUTE;

export interface Commands {
  systemctl(...words: readonly string[]): Run;
  stopUnits(units: readonly string[]): Run;
  startUnits(units: readonly string[]): Run;
  docker(...words: readonly string[]): Run;
  compose(file: string, ...words: readonly string[]): Run;
}

export function run(argv: readonly string[], timeoutMs: number): Run {
  return { kind: "run", argv, timeoutMs, fine: [0], mayFail: false };
}

/** Its failure changes nothing for what follows. */
export function tolerate(action: Run): Run {
  return { ...action, mayFail: true };
}

export function makeCommands(places: InstallPlaces): Commands {
  const isUser = places.flavour === "user";
  const manager = isUser ? ["systemctl", "--user"] : ["systemctl"];
  // Where the Compose file finds the folders of a user's installation.
  const folders = isUser ? ["env", `CI_FLEET_STATE=${places.state}`, `CI_FLEET_RUN=${places.run}`] : [];
  return {
    systemctl: (...words) => run([...manager, ...words], MINUTE),
    stopUnits: (units) => ({
      ...run([...manager, "stop", ...units], STOP * Math.max(1, units.length)),
      fine: [0, NO_SUCH_UNIT],
    }),
    // What is started may wait for a credential or for GitHub as long as it takes.
    startUnits: (units) => run([...manager, "start", "--no-block", ...units], MINUTE),
    docker: (...words) => run(["docker", ...words], STOP),
    compose: (file, ...words) => run([...folders, "docker", "compose", "--file", file, ...words], IMAGE),
  };
}

/** `uid` null: whichever is free. */
export function addAccount({ name }: WantedAccount, uid: number | null): Run {
  const options = [
    ...["--system", "--user-group", "--no-create-home", "--home-dir", "/var/lib/ci-fleet"],
    ...["--shell", "/usr/sbin/nologin", "--comment", "ci-fleet runners"],
    ...(uid === null ? [] : ["--uid", String(uid)]),
  ];
  return run(["useradd", ...options, name], MINUTE);
}

/** As many as rootless engines ask for (newuidmap(1), docs.docker.com/engine/security/rootless). */
export const SUBORDINATES = 65_536;

export function addSubordinates({ name }: WantedAccount, first: number): Run {
  const range = `${first}-${first + SUBORDINATES - 1}`;
  return run(["usermod", "--add-subuids", range, "--add-subgids", range, name], MINUTE);
}

export function removeAccount(name: string): Run {
  return run(["userdel", name], MINUTE);
}

/** GNU rm neither follows links nor lets one be slipped in below it, unlike a walk by path. */
export function removeTrees(paths: readonly string[]): Run {
  return run(["rm", "-rf", "--one-file-system", "--", ...paths], 10 * MINUTE);
}

/** A guest's caches may be its node's: what is in them stays. */
export function unmount(path: string): Run {
  return run(["umount", "--", path], MINUTE);
}

/** As fstab has it. */
export function mount(path: string): Run {
  return run(["mount", "--", path], MINUTE);
}

/** As root of a container of that image. `--mount` makes no folder where there is none, unlike `--volume`. */
export function emptyFolder(path: string, image: string): Run {
  const container = ["--rm", "--pull", "never", "--network", "none", "--user", "0", "--entrypoint", "find"];
  const mount = ["--mount", `type=bind,source=${path},target=/folder`];
  const words = ["run", ...container, ...mount, image, "/folder", "-mindepth", "1", "-delete"];
  return run(["docker", ...words], 10 * MINUTE);
}
