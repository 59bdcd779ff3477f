// Everything that has to be so before the first change. In: what is wanted, what was found. Out: all that is
// wrong at once, each with the next step; and what is only worth a word. Rules are named by what they find.

import type { Refusal, Wanted } from "../model/apply.ts";
import type { Installed, UnitState } from "../model/apply-state.ts";
import { nameUnits } from "../model/names.ts";
import { fleetAt } from "./places.ts";

type Rule = (wanted: Wanted | null, installed: Installed) => readonly Refusal[];

export function checkGround(wanted: Wanted | null, installed: Installed): readonly Refusal[] {
  return [...installed.problems, ...RULES.flatMap((rule) => rule(wanted, installed))];
}

const world = (message: string, help: string): Refusal => ({ message, help, kind: "world" });
const found = (message: string, help: string): Refusal => ({ message, help, kind: "found" });

const notRoot: Rule = (_, { ground, places }) => {
  if (places.flavour === "system" && !ground.isRoot) {
    return [world("an installation for the system takes root", "use sudo, or --user for one of your own")];
  }
  if (places.flavour === "user" && ground.isRoot) {
    return [
      world("--user installs for whoever runs it, and that is root", "run it as the user, without sudo"),
    ];
  }
  return [];
};

const noSystemd: Rule = (wanted, { ground, places, record }) => {
  const supervision = wanted?.supervision ?? record?.supervision;
  if (supervision !== "systemd" || ground.manager === "running") return [];
  if (ground.manager === "absent") {
    const help = "boot with systemd, or run `ci-fleet init --refresh` here, render, and apply again";
    return [world("systemd does not run on this machine, and the plan counts on it", help)];
  }
  const help =
    places.flavour === "user"
      ? `log in as ${ground.userName} itself (ssh, machinectl shell): sudo and su have no session of systemd`
      : "see `systemctl status`";
  return [world(`systemd does not answer: ${ground.manager.problem}`, help)];
};

const noDocker: Rule = (wanted, { engine, ground, places }) => {
  if (wanted !== null && !wanted.engine.compose) return [];
  // Who is not root is told that; what Docker says to somebody else says nothing.
  if (engine === null || (places.flavour === "system" && !ground.isRoot)) return [];
  if (engine.version === null) {
    const how = engine.problem ?? "no answer";
    const help = ground.missing.has("docker")
      ? "install Docker Engine with the Compose plugin (https://docs.docker.com/engine/install/)"
      : /permission denied/i.test(how)
        ? `sudo usermod -aG docker ${ground.userName}, then log in again: that is as good as root; or use a rootless engine`
        : ground.manager === "absent"
          ? "start the engine"
          : "start it: systemctl start docker";
    // What is to be removed cannot have containers where there is no Docker at all.
    if (wanted === null && ground.missing.has("docker")) return [];
    return [world(`Docker does not answer: ${how}`, help)];
  }
  if (wanted !== null && engine.compose === null) {
    const help =
      "install the Compose plugin: package docker-compose-plugin, or docker-compose in Debian's own";
    return [world("`docker compose` does not work here", help)];
  }
  return [];
};

const dockerElsewhere: Rule = (wanted, { ground }) => {
  if (wanted?.supervision !== "systemd" || !wanted.engine.compose) return [];
  if (ground.missing.has("docker") || !ground.missing.has("/usr/bin/docker")) return [];
  const help = "install Docker from packages, or make /usr/bin/docker a link to it";
  return [world("units start /usr/bin/docker, which is not there", help)];
};

const noRootlessEngine: Rule = (wanted, { ground }) => {
  if (wanted === null || !wanted.engine.rootless) return [];
  const missing = ["dockerd-rootless.sh", "newuidmap"].filter((name) => ground.missing.has(name));
  if (missing.length === 0) return [];
  const help = "install docker-ce-rootless-extras and uidmap";
  return [world(`${missing.join(" and ")}, which \`docker: rootless\` needs, cannot be found`, help)];
};

const noDockerGroup: Rule = (wanted, { ground, places }) => {
  const uses = wanted?.slots.some(({ run, docker }) => run === "process" && docker === "socket") ?? false;
  if (!uses || places.flavour === "user" || ground.groups.has("docker")) return [];
  return [world("there is no group docker, by which process slots reach the engine", "groupadd docker")];
};

const accountUnusable: Rule = (wanted, installed) => {
  const account = wanted?.account ?? null;
  if (account === null) return [];
  const { account: there, uidHolder, ground } = installed;
  if (there === null) {
    if (account.uid !== null && uidHolder !== null) {
      const message = `${account.name} needs the uid ${account.uid}, the runner's in its image, and ${uidHolder} has it`;
      const help = "give that account another uid, or use `docker: dind` or `socket` instead of `rootless`";
      return [found(message, help)];
    }
    return ground.missing.has("useradd")
      ? [world("useradd cannot be found", "install your distribution's package shadow or passwd")]
      : [];
  }
  if (account.uid !== null && there.uid !== account.uid) {
    const message = `${account.name} has the uid ${there.uid}, and \`docker: rootless\` needs ${account.uid}, the runner's in its image`;
    return [found(message, `remove the account (userdel ${account.name}); apply makes it anew`)];
  }
  return [];
};

const folderUnwritable: Rule = (_, { ground, places }) => {
  if (places.flavour === "system" && !ground.isRoot) return [];
  return [...ground.unwritable].map(([path, why]) =>
    world(
      `cannot write in ${path}: ${why}`,
      places.flavour === "user"
        ? "make it writable, or set HOME: your own installation goes below it"
        : "make it writable",
    ),
  );
};

const programMissing: Rule = (wanted, { program, places, shared }) => {
  if (wanted === null || wanted.supervision !== "systemd") return [];
  // A node's scripts do without, but for the disk that brings it to guests: they say so themselves.
  if (wanted.slots.length === 0 && wanted.upkeep.length === 0) return [];
  if (program.kind === "other") {
    return [found(`${places.binary} is ${program.what} where a program belongs`, "remove it")];
  }
  if (wanted.program === null) {
    if (program.kind === "file") return [];
    const message = `units start ${places.binary}, which is not there, and this program runs from source`;
    return [found(message, "build it (npm run build) and run dist/ci-fleet apply")];
  }
  if (program.kind === "absent" || program.sha256 === wanted.program.sha256) return [];
  if (shared.programs.includes(program.sha256)) return [];
  const message = `${places.binary} is another ci-fleet than this one, and was put there by someone else`;
  return [
    found(
      message,
      `run that one, or put this one there: install -m 0755 ${wanted.program.path} ${places.binary}`,
    ),
  ];
};

const installedAsAnotherHost: Rule = (wanted, { record }) => {
  if (wanted === null || record === null || record.host === wanted.host) return [];
  const message = `this machine is installed as host ${record.host} of ${record.fleet}, not as ${wanted.host}`;
  return [found(message, `use --host ${record.host}, or take it down first with --remove`)];
};

const unitsAreForeign: Rule = (wanted, { units, slots, places }) => {
  if (wanted === null) return [];
  const names = [wanted.target, ...wanted.upkeep.map(({ unit }) => unit)].flatMap((name) => name ?? []);
  const states = [
    ...names.map((name) => [name, units.get(name)] as const),
    ...wanted.slots.map(({ name, unit }) => [unit ?? "", slots.get(name)?.units.get(unit ?? "")] as const),
  ];
  return states.flatMap(([name, state]) => {
    const fragment = state?.fragment ?? null;
    if (fragment === null || fragment.startsWith(`${places.units}/`)) return [];
    const message = `${name} is a unit of somebody else's: ${fragment}`;
    return [found(message, "give the fleet another name, or remove what the unit came with")];
  });
};

const containersAreForeign: Rule = (wanted, { engine }) => {
  if (wanted === null || engine === null) return [];
  return wanted.slots.flatMap(({ name, run }) => {
    const container = run === "container" ? engine.containers.get(name) : undefined;
    if (container === undefined || container.fleet === wanted.fleet) return [];
    return [found(`there is a container ${name} that is not of this fleet`, `remove it: docker rm ${name}`)];
  });
};

const noSuchNode: Rule = (wanted, { ground, node, places }) => {
  if (wanted === null || wanted.node === null) return [];
  if (places.flavour === "user") return [world("a Proxmox node takes root", "use sudo, without --user")];
  if (ground.missing.has("qm")) {
    return [world("this machine is no Proxmox node: there is no qm", `run this on ${wanted.node}`)];
  }
  if (node.name === wanted.node) return [];
  const message = `this machine is ${node.name}, and ${wanted.host} is the node ${wanted.node}`;
  const help = `run this on ${wanted.node}, or \`ci-fleet init --refresh --name ${wanted.host}\` here and render`;
  return [found(message, help)];
};

/** On a machine that is not the node each of them would, and that is said already. */
const scriptStops: Rule = (wanted, installed) => {
  const { node } = installed;
  if (wanted === null || noSuchNode(wanted, installed).length > 0) return [];
  return wanted.scripts.flatMap(({ path }) => {
    const rehearsal = node.rehearsals.get(path);
    if (rehearsal?.kind !== "stopped") return [];
    return [found(`${path} would stop: ${rehearsal.why}`, "mend what it names, and run the command again")];
  });
};

/** Its job is not seen from here. */
const guestStillRuns: Rule = (wanted, { record, journal, units, places }) => {
  const { vm } = nameUnits(fleetAt(places));
  const known = new Set([...Object.keys(record?.upkeep ?? {}), ...(journal?.upkeep ?? [])]);
  const isWanted = (unit: string) => (wanted?.upkeep ?? []).some((each) => each.unit === unit);
  return [...known]
    .filter((unit) => unit.startsWith(vm) && !isWanted(unit) && isUp(units.get(unit)))
    .map((unit) => {
      const name = unit.slice(vm.length, -".service".length);
      return found(
        `guest ${name} is not wanted any more, and runs: it may have a job`,
        `stop it first: systemctl stop ${unit}; its disks go with it`,
      );
    });
};

function isUp(state: UnitState | undefined): boolean {
  return state !== undefined && state.active !== "inactive" && state.active !== "failed";
}

const RULES: readonly Rule[] = [
  notRoot,
  noSystemd,
  noDocker,
  dockerElsewhere,
  noRootlessEngine,
  noDockerGroup,
  accountUnusable,
  folderUnwritable,
  programMissing,
  installedAsAnotherHost,
  unitsAreForeign,
  containersAreForeign,
  noSuchNode,
  scriptStops,
  guestStillRuns,
];

export interface Warning {
  readonly message: string;
  readonly help: string;
}

export function listWarnings(wanted: Wanted | null, installed: Installed): readonly Warning[] {
  const { ground, places, absent, unsafe } = installed;
  const warnings: Warning[] = (wanted?.expects ?? []).flatMap(({ path, what, help }) => {
    if (absent.has(path)) return [{ message: `${path}, ${what}, is not there`, help }];
    const refused = unsafe.get(path);
    if (refused === undefined) return [];
    return [{ message: `${what} is not used: ${refused.message}`, help: refused.help }];
  });
  if (wanted !== null && places.flavour === "user" && ground.lingers === false) {
    warnings.push({
      message: `runners of ${ground.userName} stop when ${ground.userName} logs out, and do not start at boot`,
      help: `run \`loginctl enable-linger ${ground.userName}\``,
    });
  }
  return warnings;
}
