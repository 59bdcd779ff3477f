// Facts about one pool by itself. In: the draft. Out: CF216, CF611, CF612, CF620, CF622, CF623, CF645, CF648.

import { suggest } from "../../base/did-you-mean.ts";
import { formatDuration } from "../../base/units.ts";
import type { PoolSpec } from "../../model/fleet.ts";
import { EMULATED_PLATFORMS } from "../../model/platforms.ts";
import type { Draft, Rule } from "../draft.ts";
import { relate } from "../report.ts";
import { findNode } from "../spec-node.ts";

/** GitHub docs, Actions limits: job execution time on self-hosted runners. */
const JOB_CEILING = 5 * 86_400_000;

const RUNNER_PLATFORMS: readonly string[] = ["linux/amd64", "linux/arm64"];
const QEMU_PLATFORMS: readonly string[] = EMULATED_PLATFORMS;

/** Own by prefix: the runner's, GitHub's, ours. By name: what changes how every program starts. */
const RESERVED_PREFIX = /^(?:GITHUB_|RUNNER_|ACTIONS_|CI_FLEET_)/;
const RESERVED_NAMES = new Set([
  "BASHOPTS",
  "BASH_ENV",
  "CREDENTIALS_DIRECTORY",
  "DOCKER_HOST",
  "HOME",
  "LD_AUDIT",
  "LD_PRELOAD",
  "NVIDIA_DRIVER_CAPABILITIES",
  "NVIDIA_VISIBLE_DEVICES",
  "PATH",
  "SHELLOPTS",
  "USER",
  "__proto__",
]);

const jobTooLong: Rule = eachPool(({ knows }, pool, say) => {
  const path = [...pool.at, "maxJob"];
  if (pool.maxJob <= JOB_CEILING || !knows(path)) return;
  say("CF623", path, {
    message: `a job of ${formatDuration(pool.maxJob)} is cancelled by GitHub after 5 days`,
    help: "write at most 5d",
  });
});

const rangeUpsideDown: Rule = eachPool((draft, { runners, at, ...pool }, say) => {
  if (runners.kind !== "range") return;
  const path = [...at, "runners"];
  const { min, max, perHost } = runners;
  if (min > max) {
    say("CF612", [...path, "min"], {
      message: `min (${min}) is above max (${max})`,
      related: [relate("max is here", [...path, "max"])],
    });
    return;
  }
  const hosts = draft.hostsOf({ runners, at, ...pool }).length;
  if (perHost !== null && hosts > 0 && min > perHost * hosts && draft.knows([...at, "hosts"])) {
    say("CF612", [...path, "min"], {
      message: `min (${min}) is more than ${perHost} on each of ${hosts} ${hosts === 1 ? "host" : "hosts"} can be`,
      related: [relate("perHost is here", [...path, "perHost"])],
    });
  }
});

const scalingPersistent: Rule = eachPool((_, pool, say) => {
  if (pool.runners.kind !== "range" || pool.lifetime !== "persistent") return;
  say("CF648", [...pool.at, "runners"], {
    message: "a range of persistent runners: GitHub may give a job to one that is being stopped",
    help: "use `lifetime: ephemeral`, or a fixed number",
    onKey: true,
    related: [relate("the lifetime is here", [...pool.at, "lifetime"])],
  });
});

const processWithContainerKey: Rule = eachPool((draft, pool, say) => {
  if (pool.run !== "process") return;
  const keys = [
    pool.image === null ? null : "image",
    pool.volumes.length === 0 ? null : "volumes",
    pool.platform === null ? null : "platform",
    pool.docker === "dind" ? "docker" : null,
  ];
  for (const key of keys) {
    // What `defaults` gives to all pools is no mistake of this one.
    if (key === null || findNode(draft.tree, [...pool.at, key]) === null) continue;
    say("CF620", [...pool.at, key], {
      message: `\`${key}${key === "docker" ? ": dind" : ""}\` has no meaning with \`run: process\`: the runner is no container`,
      help: `remove one of the two`,
      onKey: true,
      related: [relate("run is here", [...pool.at, "run"])],
    });
  }
});

const imageIncomplete: Rule = eachPool((draft, pool, say) => {
  const path = [...pool.at, "image"];
  const node = findNode(draft.tree, path);
  if (node === null || !draft.knows(path)) return;
  const has = (key: string): boolean => findNode(node, [key]) !== null;
  if (!has("packages") && !has("from") && !has("dockerfile")) {
    say("CF611", path, {
      message: "`image` says nothing: expected packages, from or dockerfile",
      onKey: true,
    });
  }
  for (const key of ["packages", "from"]) {
    if (!has("dockerfile") || !has(key)) continue;
    say("CF620", [...path, key], {
      message: `\`dockerfile\` and \`${key}\` exclude each other`,
      help: "put it into the Dockerfile",
      onKey: true,
      related: [relate("dockerfile is here", [...path, "dockerfile"], true)],
    });
  }
});

const imageUnpinned: Rule = eachPool((_, { image, at }, say) => {
  if (image === null || image.kind === "dockerfile" || image.from === null) return;
  if (image.from.includes("@")) return;
  const tag = /:([^/:]+)$/.exec(image.from)?.[1] ?? null;
  if (tag !== null && tag !== "latest") return;
  say("CF216", [...at, "image", "from"], {
    message: `${image.from} is another image tomorrow: ${tag === null ? "it has no tag" : "the tag latest moves"}`,
    help: "write a version tag, or @sha256:…",
  });
});

const platformUnsupported: Rule = (draft, say) => {
  const check = (key: "platform" | "emulate", owner: readonly (string | number)[]): void => {
    const node = findNode(draft.tree, [...owner, key]);
    const items = node?.kind === "list" ? node.items : node === null ? [] : [node];
    const able = key === "platform" ? RUNNER_PLATFORMS : QEMU_PLATFORMS;
    items.forEach((item, i) => {
      const value = item.kind === "scalar" ? item.value : null;
      if (typeof value !== "string" || able.includes(value)) return;
      const near = suggest(value, able);
      const runner = key === "platform";
      say("CF622", node?.kind === "list" ? [...owner, key, i] : [...owner, key], {
        message: `${runner ? "the official runner is not built for" : "there is no QEMU handler for"} ${value}`,
        help:
          runner && QEMU_PLATFORMS.includes(value)
            ? `to build for it, write \`emulate: [${value}]\``
            : near === null
              ? `there is ${able.join(", ")}`
              : `did you mean "${near}"?`,
      });
    });
  };
  for (const owner of [["defaults"], ...draft.fleet.pools.map(({ at }) => at)]) {
    check("platform", owner);
    check("emulate", owner);
  }
};

const envReserved: Rule = (draft, say) => {
  for (const owner of [["defaults"], ...draft.fleet.pools.map(({ at }) => at)]) {
    const node = findNode(draft.tree, [...owner, "env"]);
    if (node?.kind !== "map") continue;
    for (const name of node.entries.keys()) {
      if (!RESERVED_PREFIX.test(name) && !RESERVED_NAMES.has(name)) continue;
      say("CF645", [...owner, "env", name], {
        message: `${name} belongs to the runner, to GitHub or to the system`,
        help: "choose another name, or set it in the workflow",
        onKey: true,
      });
    }
  }
};

function eachPool(judge: (draft: Draft, pool: PoolSpec, say: Parameters<Rule>[1]) => void): Rule {
  return (draft, say) => {
    for (const pool of draft.fleet.pools) judge(draft, pool, say);
  };
}

export const POOL_RULES: readonly Rule[] = [
  jobTooLong,
  rangeUpsideDown,
  scalingPersistent,
  processWithContainerKey,
  imageIncomplete,
  imageUnpinned,
  platformUnsupported,
  envReserved,
];
