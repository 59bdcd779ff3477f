// Labels: they decide where a job goes, so they must be true and must not be taken for others. Compared
// without case, as GitHub does. In: the draft. Out: CF110, CF111, CF626, CF644.

import type { DocPath } from "../../base/diagnostic.ts";
import type { PoolSpec } from "../../model/fleet.ts";
import { nameEmulationLabel } from "../../model/names.ts";
import { type Draft, type Rule, relatePool, type Say } from "../draft.ts";
import { relate } from "../report.ts";
import { findNode } from "../spec-node.ts";

/** actions/runner-images README, August 2026; larger and older images have the same beginnings. */
const HOSTED = /^(?:ubuntu|windows|macos|xcode)-(?:latest|slim|[0-9])/;

const ARCHITECTURES = new Set(["x64", "x86", "arm", "arm64", "amd64", "x86_64", "aarch64", "riscv64"]);
const OTHER_SYSTEMS = new Set(["windows", "macos"]);
const STACKS = { nvidia: "cuda", amd: "rocm", intel: "openvino" } as const;
const GPU_WORDS = new Set(["gpu", "cpu-only", ...Object.keys(STACKS), ...Object.values(STACKS)]);

interface WrittenLabel {
  readonly label: string;
  readonly path: DocPath;
}

const labelJudged: Rule = (draft, say) => {
  for (const pool of draft.fleet.pools) {
    const own = writtenLabels(draft, pool.at);
    // Labels under `defaults` are judged in the first pool that inherits them.
    const labels = own ?? (firstHeir(draft) === pool ? writtenLabels(draft, ["defaults"]) : null) ?? [];
    const seen = new Map<string, DocPath>();
    for (const { label, path } of labels) {
      const word = label.toLowerCase();
      const earlier = seen.get(word);
      if (earlier !== undefined) {
        say("CF644", path, {
          message: `the label "${label}" is there twice`,
          help: "remove one of the two",
          related: [relate("it is here already", earlier)],
        });
        continue;
      }
      seen.set(word, path);
      judgeLabel(label, word, pool, draft.fleet.name, path, say);
    }
  }
};

function judgeLabel(
  label: string,
  word: string,
  pool: PoolSpec,
  fleet: string,
  path: DocPath,
  say: Say,
): void {
  if (HOSTED.test(word)) {
    say("CF111", path, {
      message: `the label "${label}" is that of GitHub's own runners: jobs meant for them come here`,
      help: `choose a label of your own, "${fleet}-${pool.name}" for instance`,
    });
    return;
  }
  const truth = deriveTruth(word, pool);
  if (truth === "redundant") {
    say("CF644", path, { message: `the label "${label}" is always there`, help: "remove it" });
  } else if (truth !== null) {
    say("CF626", path, { message: `the label "${label}" would be untrue: ${truth}`, help: "remove it" });
  }
}

/** null: the label says nothing we know about; else whether it repeats the truth, or what the truth is. */
function deriveTruth(word: string, pool: PoolSpec): "redundant" | string | null {
  if (word === "self-hosted" || word === "linux") return "redundant";
  if (ARCHITECTURES.has(word)) return "the architecture comes from each host's hardware";
  if (OTHER_SYSTEMS.has(word)) return "the hosts run Linux";
  if (word === "docker") return pool.docker === "none" ? "jobs of this pool cannot use Docker" : "redundant";
  if (word.startsWith("qemu-")) {
    const emulated = pool.emulate.some((platform) => word === nameEmulationLabel(platform));
    return emulated ? "redundant" : "nothing of this name is under `emulate`";
  }
  if (!GPU_WORDS.has(word)) return null;
  if (pool.gpu === null) return word === "cpu-only" ? "redundant" : "the pool has no `gpu`";
  const derived = ["gpu", pool.gpu.vendor, STACKS[pool.gpu.vendor]];
  return derived.includes(word) ? "redundant" : `the pool has GPUs of ${pool.gpu.vendor}`;
}

/** Labels without the host's part (architecture, distribution), which pools on the same hosts share. */
function effectiveLabels(pool: PoolSpec): ReadonlySet<string> {
  const labels = new Set(pool.labels.map((label) => label.toLowerCase()));
  if (pool.gpu === null) labels.add("cpu-only");
  else for (const word of ["gpu", pool.gpu.vendor, STACKS[pool.gpu.vendor]]) labels.add(word);
  if (pool.docker !== "none") labels.add("docker");
  for (const platform of pool.emulate) labels.add(nameEmulationLabel(platform));
  return labels;
}

const labelSubset: Rule = (draft, say) => {
  const trusted = draft.fleet.pools.filter((pool) => pool.trusted);
  if (trusted.length === 0) return;
  const sets = new Map(trusted.map((pool) => [pool, effectiveLabels(pool)]));
  for (const pool of draft.fleet.pools) {
    if (pool.trusted) continue;
    const asked = effectiveLabels(pool);
    const taker = trusted.find(
      (other) => other.target === pool.target && asked.isSubsetOf(sets.get(other) ?? new Set()),
    );
    if (taker === undefined) continue;
    say("CF110", [...pool.at, "labels"], {
      message: `jobs for the untrusted pool "${pool.name}" can land on the trusted pool "${taker.name}", which has all its labels`,
      help: `give "${pool.name}" a label of its own and ask for it in runs-on`,
      onKey: true,
      related: [relatePool("the trusted pool is here", taker)],
    });
  }
};

function writtenLabels(draft: Draft, owner: DocPath): readonly WrittenLabel[] | null {
  const node = findNode(draft.tree, [...owner, "labels"]);
  if (node?.kind !== "list") return null;
  return node.items.flatMap((item, i) =>
    item.kind === "scalar" && typeof item.value === "string"
      ? [{ label: item.value, path: [...owner, "labels", i] }]
      : [],
  );
}

function firstHeir(draft: Draft): PoolSpec | undefined {
  return draft.fleet.pools.find((pool) => findNode(draft.tree, [...pool.at, "labels"]) === null);
}

export const LABEL_RULES: readonly Rule[] = [labelJudged, labelSubset];
