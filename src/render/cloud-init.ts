// What cloud-init does on a machine's or a guest's first boot: user, Docker, GPU toolkit, ci-fleet, and an `apply` from
// a copy of the fleet. In: the plan, a host with `provisioning`, what the plan was made of. Out: the three files of a
// NoCloud seed. No secret is in them: credentials are put on the host afterwards.

import type { Plan, PlannedHost, Provisioning } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { hashBanner } from "./banner.ts";
import { type GuestFile, listGuestFiles, POWER_OFF_FLAG, SETUP_PATH } from "./cloud-init-files.ts";
import { writeNetworkConfig } from "./cloud-init-network.ts";
import { describeSystem, listBootCommands, writeAptSection } from "./cloud-init-packages.ts";
import { commented, writeYaml, type YamlMap, type YamlValue } from "./write-yaml.ts";

/** Of the runner in GitHub's image: who has it on the host owns what container slots keep there. */
const RUNNER_UID = 1001;

/** `copies`: by path below the spec's folder. Nothing where the host is not provisioned. */
export function renderCloudInit(
  plan: Plan,
  host: PlannedHost,
  copies: readonly RenderedFile[],
): readonly RenderedFile[] {
  const { provisioning } = host;
  if (provisioning === null) return [];
  const banner = hashBanner(plan);
  const files: Readonly<Record<string, string>> = {
    "meta-data": writeYaml(
      { "instance-id": nameInstance(plan, host), "local-hostname": provisioning.hostname },
      { head: banner },
    ),
    "network-config": writeNetworkConfig(provisioning, banner),
    // cloud-init wants its word on the very first line.
    "user-data": writeYaml(writeUserData(plan, host, provisioning, copies), {
      head: `#cloud-config\n${banner}`,
      airy: true,
    }),
  };
  return Object.entries(files).map(([name, content]) => ({
    path: `hosts/${host.name}/cloud-init/${name}`,
    content,
    mode: 0o644,
  }));
}

/**
 * The same as long as the host is: with another id cloud-init would take the machine for a new one at its next
 * boot and do everything again, new SSH host keys included. Later changes come from `apply`.
 */
function nameInstance(plan: Plan, host: PlannedHost): string {
  return `${plan.fleet}-${host.name}`;
}

function writeUserData(
  plan: Plan,
  host: PlannedHost,
  provisioning: Provisioning,
  copies: readonly RenderedFile[],
): YamlMap {
  const system = describeSystem(host, provisioning);
  const boot = listBootCommands(plan, system);
  const power = choosePowerState(host, provisioning);
  const usesApt = system.family !== "arch";
  const apt = usesApt ? writeAptSection(plan, host, provisioning, system) : {};
  const sections: readonly (readonly [string, YamlValue])[] = [
    ["hostname", provisioning.hostname],
    ["manage_etc_hosts", true],
    ["users", ["default", RUNNER_USER]],
    ["ssh_pwauth", false],
    ...section("ssh_authorized_keys", provisioning.sshKeys),
    ...section("bootcmd", boot),
    ...(Object.keys(apt).length === 0 ? [] : [["apt", apt] as const]),
    ...(usesApt ? [["package_update", true] as const] : []),
    ...(usesApt ? section("packages", system.packages) : []),
    ["write_files", listGuestFiles(plan, host, provisioning, system, copies).map(writeGuestFile)],
    ["runcmd", [["bash", SETUP_PATH]]],
    ...(power === null ? [] : [["power_state", power] as const]),
  ];
  return Object.fromEntries(sections);
}

/** null: the machine goes on. A guest that is to be off needs no reboot: its next boot is one. */
function choosePowerState(host: PlannedHost, provisioning: Provisioning): YamlMap | null {
  if (host.oneJob?.setUp === "once") return POWER_OFF;
  return provisioning.nvidia ? REBOOT : null;
}

function section(name: string, items: readonly YamlValue[]): readonly (readonly [string, YamlValue])[] {
  return items.length === 0 ? [] : [[name, items]];
}

const RUNNER_USER = commented(
  "Owns what runners keep; nobody logs in as it. Its uid is that of GitHub's image.",
  {
    name: "ci-fleet",
    gecos: "ci-fleet runners",
    uid: RUNNER_UID,
    system: true,
    homedir: "/var/lib/ci-fleet/home",
    no_create_home: true,
    shell: "/usr/sbin/nologin",
    lock_passwd: true,
  },
);

/** A new GPU driver needs a boot; setup.sh leaves the file. */
const REBOOT: YamlMap = {
  mode: "reboot",
  delay: "now",
  message: "ci-fleet: the GPU driver needs a reboot",
  condition: "test -e /run/ci-fleet-reboot",
};

/** It is set up, and its node keeps it as it is; setup.sh leaves the file. */
const POWER_OFF: YamlMap = {
  mode: "poweroff",
  delay: "now",
  message: "ci-fleet: this guest is set up",
  condition: `test -e ${POWER_OFF_FLAG}`,
};

function writeGuestFile({ path, content, mode }: GuestFile): YamlMap {
  return {
    path,
    // Text, for YAML readers do not agree on numbers with a leading zero.
    permissions: `0${mode.toString(8)}`,
    // Not base64: a person can review it, and it packs far better where a cloud limits the size.
    content,
  };
}
