// What is odd about one pool on one host, though it can be rendered: software that does not answer, cards
// that are not pinned. An ordered list of rules, each named by the fact
// it reports. In: a pool, a site, the placement. Out: findings.

import type { DocPath } from "../base/diagnostic.ts";
import type { PoolSpec } from "../model/fleet.ts";
import { presentOrNull } from "../model/inventory.ts";
import type { Placement } from "../model/plan.ts";
import { familyOf } from "../model/platforms.ts";
import type { Share } from "./count-slots.ts";
import { eachOf, type Findings } from "./findings.ts";
import type { Site } from "./site.ts";

export interface Placed {
  readonly pool: PoolSpec;
  readonly site: Site;
  readonly placement: Placement;
  readonly share: Share;
}

type Rule = (placed: Placed, findings: Findings) => void;

export function checkPlacement(placed: Placed, findings: Findings): void {
  if (placed.site.inventory === null) return;
  for (const rule of RULES) rule(placed, findings);
}

const engineDoesNotAnswer: Rule = ({ pool, site }, findings) => {
  if (pool.run !== "container" && pool.docker === "none") return;
  const docker = site.inventory?.docker ?? null;
  if (docker === "none" || (docker !== null && docker.engine !== null)) return;
  const cause = docker?.problem ?? null;
  findings.addOnHost({
    code: "CF711",
    path: pool.at,
    host: site.name,
    group: `${docker === null} ${cause}`,
    message: (hosts, number) =>
      docker === null
        ? `whether ${eachOf(hosts, number)} has Docker is not known; pool \`${pool.name}\` needs it`
        : `Docker's engine did not answer on ${hosts}${cause === null ? "" : ` (${cause})`}, so its version is not known`,
    help: (host) => {
      const again = `run \`ci-fleet init --refresh --name ${host}\``;
      return cause !== null && /permission denied/i.test(cause)
        ? `${again} there as somebody who may talk to it: a user of the group docker, or root`
        : `start Docker there, then ${again}`;
    },
    fact: { message: "Docker", path: ["docker"] },
  });
};

const systemdUnknown: Rule = ({ pool, site }, findings) => {
  const systemd = site.inventory?.systemd ?? null;
  const isSeen = systemd !== null && systemd !== "none" && systemd.running !== false;
  if (isSeen || site.supervision !== "systemd") return;
  findings.addOnHost({
    code: "CF713",
    path: pool.at,
    host: site.name,
    group: String(systemd === null),
    message: (hosts, number) =>
      systemd === null
        ? `whether ${eachOf(hosts, number)} has systemd 249 or later is not known; it is assumed`
        : `${eachOf(hosts, number)} was detected inside a container, where no systemd runs; it is assumed for the machine`,
    help: (host) => `run \`ci-fleet init --refresh --name ${host}\` on the machine itself`,
    fact: { message: "systemd", path: ["systemd"] },
  });
};

const toolkitMissing: Rule = ({ pool, site }, findings) => {
  if (pool.gpu?.vendor !== "nvidia") return;
  const nvidia = presentOrNull(site.inventory?.nvidia ?? null);
  const docker = presentOrNull(site.inventory?.docker ?? null);
  const lacksToolkit =
    pool.run === "container" &&
    nvidia?.toolkitInstalled === false &&
    !(docker?.runtimes ?? []).includes("nvidia");
  const problem = nvidia?.problem ?? (lacksToolkit ? "the NVIDIA Container Toolkit is not installed" : null);
  if (problem === null) return;
  findings.addOnHost({
    code: "CF714",
    path: [...pool.at, "gpu"],
    host: site.name,
    group: problem,
    message: (hosts) => `the NVIDIA cards of ${hosts} cannot be used as it is: ${problem}`,
    help: (host) =>
      lacksToolkit && nvidia?.problem == null
        ? "install nvidia-container-toolkit from NVIDIA's repository, then run `ci-fleet init --refresh`"
        : `run \`ci-fleet doctor\` on ${host}`,
    fact: { message: "the NVIDIA driver and toolkit", path: ["nvidia"] },
  });
};

const cardNotPinned: Rule = ({ pool, site, share }, findings) => {
  if (pool.gpu?.vendor !== "nvidia" || site.inventory?.machine.model === "jetson") return;
  const loose = share.cards.find((card) => /^\d+$/.test(card.gpu.selector));
  if (loose === undefined) return;
  findings.addOnHost({
    code: "CF715",
    path: [...pool.at, "gpu"],
    host: site.name,
    message: (hosts) =>
      `the UUIDs of cards in ${hosts} are not known, so pool \`${pool.name}\` pins them by index`,
    group: site.factsFrom,
    help: (host) =>
      `run \`ci-fleet init ${site.factsFrom === "expected" ? "" : "--refresh "}--name ${host}\` there once its driver is loaded`,
    ...(site.factsFrom === "expected"
      ? {}
      : { fact: { message: "the card", path: ["gpus", loose.position, "uuid"] } }),
  });
};

const cdiListStale: Rule = ({ pool, site, placement, share }, findings) => {
  const usesCdi =
    placement.gpu?.kind === "cdi" ||
    (placement.gpu?.kind === "reservation" && placement.gpu.driver === "cdi");
  if (!usesCdi || site.factsFrom === "expected") return;
  const listed = new Set(presentOrNull(site.inventory?.docker ?? null)?.cdi?.devices ?? []);
  const missing = share.cards.filter((card) => !listed.has(`nvidia.com/gpu=${card.gpu.selector}`));
  if (missing.length === 0) return;
  findings.addOnHost({
    code: "CF716",
    path: [...pool.at, "gpu"],
    host: site.name,
    message: (hosts) =>
      `the CDI list of ${hosts} does not name the card that a runner of pool \`${pool.name}\` is given`,
    help: () =>
      "run `nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml` there, then `ci-fleet init --refresh`",
    fact: { message: "the devices that CDI knows", path: ["docker", "cdi", "devices"] },
  });
};

const legacyCgroup: Rule = ({ pool, site }, findings) => {
  const cgroup = site.inventory?.cgroup ?? null;
  if (cgroup === null || cgroup === 2 || pool.docker === "none") return;
  const what =
    pool.docker === "rootless"
      ? "a rootless engine cannot hold jobs to their limits"
      : "GitHub's runner refuses `container:` jobs inside a container";
  if (pool.docker !== "rootless" && pool.run !== "container") return;
  findings.addOnHost({
    code: "CF717",
    path: [...pool.at, "docker"],
    host: site.name,
    group: what,
    message: (hosts, number) => `${eachOf(hosts, number)} uses cgroup v1, where ${what}`,
    help: () => "boot that machine with systemd.unified_cgroup_hierarchy=1",
    fact: { message: "the cgroup version", path: ["cgroup"] },
  });
};

const handlerMissing: Rule = ({ pool, site, placement }, findings) => {
  const handlers = site.inventory?.binfmt ?? null;
  if (handlers === null || site.factsFrom === "expected") return;
  const wanted = [...pool.emulate, ...(placement.emulated ? [placement.platform] : [])];
  for (const platform of wanted.filter((name) => name !== site.platform)) {
    const isThere = handlers.some((entry) => {
      return familyOf(entry.platform) === familyOf(platform) && entry.enabled && entry.fixBinary;
    });
    if (isThere) continue;
    findings.addOnHost({
      code: "CF718",
      path: placement.emulated ? [...pool.at, "platform"] : [...pool.at, "emulate"],
      host: site.name,
      group: platform,
      message: (hosts, number) =>
        `${eachOf(hosts, number)} has no QEMU handler for ${platform} that works inside containers yet`,
      help: () =>
        "nothing needs to be done: the rendered binfmt unit registers it when `ci-fleet apply` starts it",
      fact: { message: "the handlers", path: ["binfmt"] },
    });
  }
};

const groupUnknown: Rule = ({ pool, site, placement }, findings) => {
  const access = placement.gpu;
  if (access?.kind !== "nodes" && access?.kind !== "environment") return;
  if (access.vendor === "nvidia" || access.groups.length > 0) return;
  findings.addOnHost({
    code: "CF733",
    path: [...pool.at, "gpu"],
    host: site.name,
    message: (hosts) =>
      `the group that may open the render nodes of ${hosts} is not known, so jobs there will not reach the GPU`,
    help: (host) => `run \`ci-fleet init --refresh --name ${host}\` on that machine`,
    ...(site.factsFrom === "expected" ? {} : { fact: { message: "the cards", path: ["gpus"] as DocPath } }),
  });
};

const RULES: readonly Rule[] = [
  engineDoesNotAnswer,
  systemdUnknown,
  toolkitMissing,
  cardNotPinned,
  cdiListStale,
  legacyCgroup,
  handlerMissing,
  groupUnknown,
];
