// A machine of the lab: boots systemd, has an engine of its own, and into which only what a test copies gets.
// In: an image, a network, a name. Out: a way to run commands on it, to reboot it, to read its journal.

import { ask, docker, type Said, succeed } from "./command.ts";
import type { Ending } from "./ending.ts";
import { waitFor } from "./wait-for.ts";

export interface HostOptions {
  readonly image: string;
  readonly network: string;
  /** Of the name server. */
  readonly dns: string;
  readonly name: string;
  readonly mark: string;
  /** Its engine's folder. */
  readonly volume: string;
  /** More words for `docker run`. */
  readonly options?: readonly string[];
  /** Makes itself a host: cloud-init says when it is up, for systemd counts slots that wait for a credential as a start. */
  readonly isNew?: boolean;
}

export interface Host {
  readonly name: string;
  readonly container: string;
  /** Throws unless it exits 0. */
  readonly run: (...command: readonly string[]) => Promise<string>;
  /** A line for bash; throws unless it exits 0. */
  readonly bash: (line: string) => Promise<string>;
  /** However it ends. */
  readonly ask: (command: readonly string[], input?: string, as?: string) => Promise<Said>;
  readonly copyIn: (outside: string, inside: string) => Promise<void>;
  /** mode in octal, `root:root` unless said otherwise. */
  readonly write: (path: string, text: string, mode?: string, owner?: string) => Promise<void>;
  readonly isTrue: (line: string) => Promise<boolean>;
  /** `hard`: as if the power had failed. Back when systemd says that it is up. */
  readonly reboot: (how?: "hard") => Promise<void>;
  readonly journal: (unit?: string) => Promise<string>;
}

/** Hybrid or unified, as on the machine below. */
const LEGACY = "systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1";

export async function startHost(ending: Ending, given: HostOptions, isUnified: boolean): Promise<Host> {
  const container = `${given.network}-${given.name}`;
  const words = [
    ...["--name", container, "--hostname", given.name, "--label", given.mark],
    ...["--network", given.network, "--dns", given.dns, "--stop-signal", "SIGRTMIN+3"],
    ...["--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN", "--cap-add", "SYS_PTRACE"],
    ...["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"],
    ...["--env", "container=docker", "--env", `SYSTEMD_PROC_CMDLINE=${isUnified ? "" : LEGACY}`],
    ...["--env", "NODE_EXTRA_CA_CERTS=/usr/local/share/ca-certificates/lab.crt"],
    ...["--tmpfs", "/run", "--tmpfs", "/run/lock", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw"],
    ...["--volume", `${given.volume}:/var/lib/docker`, ...(given.options ?? [])],
  ];
  // systemd mounts credentials in a namespace of its own; from a private root they never come back.
  // The address that Docker writes means another thing inside the containers of the engine inside.
  const init = `echo nameserver ${given.dns} >/etc/resolv.conf && mount --make-rshared / && exec /sbin/init`;
  ending(() => ask("docker", ["rm", "--force", "--volumes", container]));
  await docker("run", "--detach", ...words, given.image, "sh", "-c", init);
  const host = reach(container, given.name);
  await (given.isNew === true ? finishFirstBoot(host) : finishBoot(host));
  return host;
}

async function finishBoot(host: Host): Promise<void> {
  const state = async () => (await host.ask(["systemctl", "is-system-running"])).stdout.trim();
  await waitFor(`${host.name} to boot`, async () => /running|degraded/.test(await state()), {
    within: 90_000,
    instead: async () => [await state(), (await host.ask(["systemctl", "list-jobs"])).stdout],
  });
}

async function finishFirstBoot(host: Host): Promise<void> {
  const state = async () => (await host.ask(["cloud-init", "status"])).stdout;
  await waitFor(`cloud-init on ${host.name}`, async () => /done|error/.test(await state()), {
    within: 300_000,
    instead: async () => [await state(), await host.bash("tail /var/log/cloud-init-output.log")],
  });
  await host.ask(["cloud-init", "status", "--wait"]);
}

function reach(container: string, name: string): Host {
  const exec = (command: readonly string[], as?: string) => [
    ...["exec", "--interactive", ...(as === undefined ? [] : ["--user", as])],
    ...[container, ...command],
  ];
  const run = async (...command: readonly string[]) => (await succeed("docker", exec(command))).stdout;
  const bash = (line: string) => run("bash", "-o", "pipefail", "-c", line);
  const asked = (command: readonly string[], input = "", as?: string) =>
    ask("docker", exec(command, as), { input });
  const host: Host = {
    name,
    container,
    run,
    bash,
    ask: asked,
    copyIn: async (outside, inside) => {
      await docker("cp", outside, `${container}:${inside}`);
    },
    write: async (path, text, mode = "644", owner = "root:root") => {
      const line =
        'mkdir -p "$(dirname "$0")" && umask 077 && cat >"$0" && chown "$2" "$0" && chmod "$1" "$0"';
      await succeed("docker", exec(["bash", "-c", line, path, mode, owner]), { input: text });
    },
    isTrue: async (line) => (await asked(["bash", "-c", line])).code === 0,
    reboot: async (how) => {
      if (how === "hard") {
        await docker("kill", "--signal", "KILL", container);
        await docker("start", container);
      } else await docker("restart", "--time", "60", container);
      await finishBoot(host);
    },
    journal: (unit) =>
      run(
        "journalctl",
        "--no-pager",
        "--output=short-precise",
        ...(unit === undefined ? [] : [`--unit=${unit}`]),
      ),
  };
  return host;
}
