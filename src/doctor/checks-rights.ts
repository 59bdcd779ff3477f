// Checks of who may do what: the jobs' user, files that root runs, runners that are not ours.
// In: facts. Out: judgements.

import { formatShellCommand } from "../base/quote-shell.ts";
import type { RunnerProcess } from "../model/host-observation.ts";
import { type Check, fail, fine, type Judgement, note, unknown, warn } from "./check.ts";
import type { DoctorFacts } from "./facts.ts";
import { applyCommand, count, hasPlacement, isInstalled, nameSome, needsRootless } from "./phrases.ts";

const usesAccount = (facts: DoctorFacts): boolean =>
  facts.places.flavour === "system" &&
  (hasPlacement(facts, ({ user }) => user !== null) || needsRootless(facts));

const accountExists: Check = {
  name: "account-exists",
  group: "Rights",
  looksAt: "the user that process slots run as",
  why: "A unit whose user does not exist does not start (`217/USER`).",
  judge: (facts) => {
    if (!usesAccount(facts)) return [];
    const { account } = facts.machine;
    if (!account.known) return [unknown(`the user ci-fleet: ${account.why}`)];
    if (account.value !== null) return [fine(`the user ${account.value.name} exists`)];
    const found = "the user ci-fleet does not exist";
    return [isInstalled(facts) ? fail(found, applyCommand(facts)) : note(found, applyCommand(facts))];
  },
};

/** Each is root in all but name, or a way to other people's data (Debian wiki, SystemGroups; docs.docker.com). */
const POWERFUL = [
  "root",
  "docker",
  "sudo",
  "wheel",
  "admin",
  "lxd",
  "incus",
  "incus-admin",
  "libvirt",
  "disk",
  "shadow",
];

const accountHasNoPower: Check = {
  name: "account-has-no-power",
  group: "Rights",
  looksAt: "groups of the jobs' user, and what sudo lets it do",
  why: "Jobs of process slots are this user: with `docker` or `sudo` each of them is root here, and could read the credential that registers runners.",
  judge: (facts) => {
    const { account } = facts.machine;
    if (!usesAccount(facts) || !account.known || account.value === null) return [];
    const { name, groups, sudo } = account.value;
    const powerful = groups.filter((group) => POWERFUL.includes(group));
    const found: Judgement[] = powerful.map((group) =>
      warn(
        `${name} is a member of ${group}`,
        formatShellCommand(["sudo", "gpasswd", "--delete", name, group]),
      ),
    );
    if (!sudo.known) found.push(unknown(`what sudo lets ${name} do: ${sudo.why}`, "sudo ci-fleet doctor"));
    else if (sudo.value.length > 0) {
      const rules = nameSome(sudo.value, 2);
      found.push(
        warn(`sudo lets ${name} run ${rules}`, `remove its line from the file in /etc/sudoers.d (visudo)`),
      );
    }
    return found.length > 0 ? found : [fine(`${name} is in no powerful group and may not use sudo`)];
  },
};

const OTHERS_WRITE = 0o022;

const scriptsAreGuarded: Check = {
  name: "scripts-are-guarded",
  group: "Rights",
  looksAt: "owner and mode of what units run: program, scripts, units, folders of configuration and state",
  why: "Who can change these files decides what root runs, and where the next secret is written.",
  judge: ({ machine: { guarded }, places, uid }) => {
    const owners = places.flavour === "user" ? [0, uid] : [0];
    const found = guarded.flatMap((file): readonly Judgement[] => {
      if (!file.known) return [unknown(`who may change ${file.why}`, "sudo ci-fleet doctor")];
      const { path, uid: owner, mode } = file.value;
      if (!owners.includes(owner)) {
        const to = places.flavour === "user" ? String(uid) : "root:root";
        return [
          fail(`${path} belongs to uid ${owner}`, formatShellCommand(["sudo", "chown", "-h", to, path])),
        ];
      }
      if ((mode & OTHERS_WRITE) === 0) return [];
      const octal = (mode & 0o7777).toString(8).padStart(4, "0");
      return [
        fail(
          `${path} can be written by others (mode ${octal})`,
          formatShellCommand(["sudo", "chmod", "go-w", path]),
        ),
      ];
    });
    if (found.length > 0) return found;
    return guarded.length === 0 ? [] : [fine(`${count(guarded.length, "place")} that only we may change`)];
  },
};

const lingers: Check = {
  name: "user-lingers",
  group: "Rights",
  looksAt: "lingering of the user who runs the slots",
  why: "Without it systemd ends a user's units, and the jobs in them, when the last session is closed, and starts none at boot.",
  judge: ({ places, machine, userName }) => {
    if (places.flavour !== "user") return [];
    if (!machine.linger.known) return [unknown(`whether ${userName} lingers: ${machine.linger.why}`)];
    if (machine.linger.value) return [fine(`units of ${userName} run without a session`)];
    const fix = formatShellCommand(["sudo", "loginctl", "enable-linger", userName]);
    return [fail(`units of ${userName} end with the last session`, fix)];
  },
};

const noForeignRunners: Check = {
  name: "no-foreign-runners",
  group: "Rights",
  looksAt: "processes named `Runner.Listener` or `Runner.Worker` that belong to no slot",
  why: "A runner that nobody planned takes jobs with whatever rights it has, and uses CPU, memory and cards that the plan gave to others. It may also be an intruder's.",
  judge: ({ slots: { foreignProcesses } }) => {
    if (!foreignProcesses.known)
      return [unknown(`foreign runners: ${foreignProcesses.why}`, "sudo ci-fleet doctor")];
    if (foreignProcesses.value.length === 0) return [fine("no runners beside those of the fleet")];
    return foreignProcesses.value.map((process) => warn(describeProcess(process), fixFor(process)));
  },
};

const noStrayProcesses: Check = {
  name: "no-stray-processes",
  group: "Rights",
  looksAt: "processes of the account of process slots outside of their units, by uid and control group",
  why: "Whatever a job starts ends with its slot's unit. Something that got out of it, by cron, `at` or a session of the account's own, outlives the job and can meddle with later ones.",
  judge: ({ machine: { account, strays } }) => {
    if (!account.known || account.value === null) return [];
    const { name } = account.value;
    if (!strays.known) return [unknown(`stray processes of ${name}: ${strays.why}`)];
    if (strays.value.length === 0) return [fine(`${name} has no processes outside of slots`)];
    return strays.value.map(({ pid, name: program, owner }) => {
      const where = owner.kind === "unit" ? ` in ${owner.unit}` : "";
      return fail(
        `process ${pid} (${program}) of ${name} runs${where}, outside of every slot`,
        `look what it is: ps -fp ${pid}; a job may have left it`,
      );
    });
  },
};

function describeProcess({ kind, pid, uid, folder, owner }: RunnerProcess): string {
  const where = folder === null ? "" : ` in ${folder}`;
  const whose =
    owner.kind === "unit"
      ? `, of ${owner.unit}`
      : owner.kind === "container"
        ? `, of container ${owner.id.slice(0, 12)}`
        : "";
  return `Runner.${kind === "listener" ? "Listener" : "Worker"} ${pid} of uid ${uid ?? "unknown"}${where}${whose} is no slot of this fleet`;
}

function fixFor({ owner, pid }: RunnerProcess): string {
  if (owner.kind === "unit") return formatShellCommand(["sudo", "systemctl", "disable", "--now", owner.unit]);
  if (owner.kind === "container")
    return formatShellCommand(["sudo", "docker", "inspect", owner.id.slice(0, 12)]);
  return `look whose it is: ps -fp ${pid}`;
}

const foreignUnitsEndInOrder: Check = {
  name: "foreign-units-end-in-order",
  group: "Rights",
  looksAt: "`KillMode=` of runner units that ci-fleet did not install",
  why: "GitHub's own service template has `KillMode=process`: what a job left behind lives on after a stop, with the job's rights.",
  judge: ({ machine: { foreignUnits } }) => {
    if (!foreignUnits.known) return [unknown(`foreign units: ${foreignUnits.why}`)];
    return foreignUnits.value
      .filter(({ load, killMode }) => load === "loaded" && (killMode === "process" || killMode === "none"))
      .map(({ name, killMode }) => {
        const fix = `${formatShellCommand(["sudo", "systemctl", "edit", name])} and write [Service] and KillMode=mixed`;
        return warn(`${name} has KillMode=${killMode}`, fix);
      });
  },
};

export const RIGHTS_CHECKS: readonly Check[] = [
  accountExists,
  accountHasNoPower,
  scriptsAreGuarded,
  lingers,
  noForeignRunners,
  noStrayProcesses,
  foreignUnitsEndInOrder,
];
