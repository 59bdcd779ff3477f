// Checks of the engines that slots and jobs use. In: facts. Out: judgements.

import { presentOrNull } from "../model/inventory.ts";
import { COMPOSE_WITH_CDI, isAtLeast, MIN_COMPOSE, MIN_ENGINE } from "../model/software-versions.ts";
import { type Check, fail, fine, type Judgement, unknown, warn } from "./check.ts";
import type { DoctorFacts } from "./facts.ts";
import { hasPlacement, install, needsDocker, needsRootless } from "./phrases.ts";

const DOCKER_SITE = "install Docker from its own repository: https://docs.docker.com/engine/install/";

const dockerAnswers: Check = {
  name: "docker-answers",
  group: "Docker",
  looksAt: "the engine, its version, and whether it may be asked",
  why: "Container slots, and jobs that use Docker, need an engine that answers.",
  judge: (facts) => {
    if (!needsDocker(facts)) return [];
    const { docker } = facts.inventory;
    if (docker === null) return [unknown("whether Docker is installed is not known")];
    if (docker === "none") return [fail("Docker is not installed", DOCKER_SITE)];
    if (docker.engine === null) return [judgeSilence(docker.problem ?? "the engine does not answer", facts)];
    if (!isAtLeast(docker.engine, MIN_ENGINE)) {
      return [fail(`Docker Engine ${docker.engine} is below ${MIN_ENGINE}`, DOCKER_SITE)];
    }
    return [fine(`Docker Engine ${docker.engine}`)];
  },
};

function judgeSilence(problem: string, { uid, userName, places }: DoctorFacts): Judgement {
  if (!/permission denied/i.test(problem))
    return fail(`Docker: ${problem}`, "sudo systemctl enable --now docker");
  // A unit of the system runs as root, whatever the rights of the one who asks.
  if (places.flavour === "system" && uid !== 0) {
    return unknown("this user may not talk to the Docker engine", "sudo ci-fleet doctor");
  }
  return fail(
    "this user may not talk to the Docker engine",
    `sudo usermod -aG docker ${userName}, then log in again`,
  );
}

const composeIsThere: Check = {
  name: "compose-is-there",
  group: "Docker",
  looksAt: "the Compose plugin and its version",
  why: "Containers of slots are made by `docker compose create`; a Compose below 2.30 cannot name cards by CDI.",
  judge: (facts) => {
    if (!hasPlacement(facts, ({ run }) => run === "container")) return [];
    const docker = presentOrNull(facts.inventory.docker);
    if (docker === null) return [];
    const fix = install(facts, "docker-compose-plugin", "docker-compose");
    if (docker.compose === null) return [unknown("the version of the Compose plugin is not known")];
    if (docker.compose === "none") return [fail("the Docker Compose plugin is not installed", fix)];
    if (!isAtLeast(docker.compose, MIN_COMPOSE)) {
      return [fail(`Docker Compose ${docker.compose} is below ${MIN_COMPOSE}`, fix)];
    }
    const usesCdi = hasPlacement(facts, ({ gpu }) => gpu?.kind === "cdi");
    if (usesCdi && !isAtLeast(docker.compose, COMPOSE_WITH_CDI)) {
      return [fail(`Docker Compose ${docker.compose} cannot name cards by CDI: that needs 2.30`, fix)];
    }
    return [fine(`Docker Compose ${docker.compose}`)];
  },
};

const reloadKeepsCards: Check = {
  name: "reload-keeps-cards",
  group: "Docker",
  looksAt: "how cards reach containers, and the engine's cgroup driver",
  why: "With the systemd cgroup driver a `systemctl daemon-reload` takes the card from a container that got it by NVIDIA's runtime (`Failed to initialize NVML: Unknown Error`); what CDI gave stays.",
  judge: (facts) => {
    const loses = hasPlacement(
      facts,
      ({ gpu }) => gpu?.kind === "runtime" || (gpu?.kind === "reservation" && gpu.driver === "nvidia"),
    );
    if (!loses) return [];
    const driver = presentOrNull(facts.inventory.docker)?.cgroupDriver ?? null;
    if (driver === null) return [unknown("the cgroup driver of the engine is not known")];
    if (driver !== "systemd") return [fine(`the engine's cgroup driver is ${driver}`)];
    const found = "cards reach containers by NVIDIA's runtime, and every reload of systemd takes them away";
    return [
      warn(found, "sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml, then ci-fleet init --refresh"),
    ];
  },
};

/** What dockerd-rootless-setuptool.sh asks for (moby, contrib/dockerd-rootless-setuptool.sh). */
export const ROOTLESS_PROGRAMS = ["dockerd-rootless.sh", "rootlesskit", "newuidmap", "newgidmap"];
const NETWORKS = ["slirp4netns", "pasta", "vpnkit"];
export const ROOTLESS_LOOKUPS = [...ROOTLESS_PROGRAMS, ...NETWORKS];
export const ROOTLESS_SYSCTLS = [
  "kernel.unprivileged_userns_clone",
  "user.max_user_namespaces",
  "kernel.apparmor_restrict_unprivileged_userns",
];
const WHOLE_RANGE = 65_536;

const rootlessIsPossible: Check = {
  name: "rootless-is-possible",
  group: "Docker",
  looksAt: "programs, subordinate ids and sysctls that a rootless engine needs",
  why: "The engine that jobs of `docker: rootless` use runs without root, which takes a range of ids of its own and the right to make user namespaces.",
  judge: (facts) => {
    if (!needsRootless(facts)) return [];
    const { programs, account } = facts.machine;
    const judgements: Judgement[] = [];
    const lacking = ROOTLESS_PROGRAMS.filter((name) => programs.get(name) == null);
    if (NETWORKS.every((name) => programs.get(name) == null)) lacking.push("slirp4netns");
    if (lacking.length > 0) {
      const packages = "docker-ce-rootless-extras uidmap slirp4netns";
      const fix = install(facts, packages, "docker-rootless-extras slirp4netns shadow");
      judgements.push(fail(`not installed: ${lacking.join(", ")}`, fix));
    }
    if (account.known && account.value !== null) {
      const { name, subuids, subgids } = account.value;
      if (subuids < WHOLE_RANGE || subgids < WHOLE_RANGE) {
        const fix = `sudo usermod --add-subuids 200000-265535 --add-subgids 200000-265535 ${name}`;
        judgements.push(fail(`${name} has ${subuids} subordinate uids and ${subgids} gids of 65536`, fix));
      }
    }
    judgements.push(...judgeNamespaces(facts));
    return judgements.length > 0 ? judgements : [fine("a rootless engine can run here")];
  },
};

function judgeNamespaces({ machine: { sysctls } }: DoctorFacts): readonly Judgement[] {
  const [clone, most, restricted] = ROOTLESS_SYSCTLS.map((key) => sysctls.get(key) ?? null);
  const found: Judgement[] = [];
  const set = (key: string, value: string) =>
    `echo '${key} = ${value}' | sudo tee /etc/sysctl.d/90-ci-fleet-userns.conf && sudo sysctl --system`;
  if (clone === "0") {
    found.push(
      fail("this kernel lets only root make user namespaces", set("kernel.unprivileged_userns_clone", "1")),
    );
  }
  if (most === "0")
    found.push(fail("user namespaces are switched off", set("user.max_user_namespaces", "28633")));
  if (restricted === "1") {
    const fix =
      "install the AppArmor profile for rootlesskit: https://docs.docker.com/engine/security/rootless/troubleshoot/";
    found.push(warn("AppArmor lets only programs with a profile make user namespaces", fix));
  }
  return found;
}

export const DOCKER_CHECKS: readonly Check[] = [
  dockerAnswers,
  composeIsThere,
  reloadKeepsCards,
  rootlessIsPossible,
];
