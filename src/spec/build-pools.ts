// From checked pool records to the model's pools: `defaults` merged in, texts of volumes and images taken
// apart. In: the tree and the hosts there are. Out: pools in the order of the file.

import type { DocPath } from "../base/diagnostic.ts";
import type {
  CacheSpec,
  GpuRequest,
  ImageSpec,
  PoolSpec,
  RunnerCount,
  TargetSpec,
  VolumeSpec,
} from "../model/fleet.ts";
import type { BuiltHosts } from "./build-hosts.ts";
import { type Checker, checkNames, checkWritten, fillRecord, pathKey } from "./check-node.ts";
import type { DictShape, RecordShape, RuleValue } from "./rule.ts";
import { findNode, type SpecNode } from "./spec-node.ts";
import { POOL, POOLS } from "./table-pools.ts";

type PoolValue = RuleValue<typeof POOL>;
type Written = Readonly<Record<string, unknown>>;

const SHAPE = POOL.shape as RecordShape;
const NAMES = POOLS.shape as DictShape;

export function buildPools(
  tree: SpecNode,
  targets: readonly TargetSpec[],
  { members }: BuiltHosts,
  checker: Checker,
): readonly PoolSpec[] {
  const defaultsNode = findNode(tree, ["defaults"]);
  const defaults =
    defaultsNode === null ? {} : (checkWritten(SHAPE, defaultsNode, ["defaults"], checker) ?? {});
  const poolsNode = findNode(tree, ["pools"]);
  const entries = poolsNode === null ? undefined : checkNames(NAMES, poolsNode, ["pools"], checker);
  const pools: PoolSpec[] = [];
  for (const [name, { node }] of entries ?? []) {
    const at: DocPath = ["pools", name];
    const written = checkWritten(SHAPE, node, at, checker);
    if (written === undefined) checker.refused.add(pathKey(at));
    const merged = mergeDefaults(defaults, written ?? {});
    const value = fillRecord(SHAPE, merged, at, checker, node) as PoolValue;
    pools.push(buildPool(name, value, at, targets, members));
  }
  return pools;
}

/** Shallow, but `limits` and `env` key by key: raising the memory of one pool must not lose its CPU limit. */
function mergeDefaults(defaults: Written, pool: Written): Written {
  const merged: Record<string, unknown> = { ...defaults, ...pool };
  if (defaults.limits !== undefined && pool.limits !== undefined) {
    const own = Object.entries(pool.limits as object).filter(([, value]) => value !== null);
    merged.limits = { ...(defaults.limits as object), ...Object.fromEntries(own) };
  }
  if (defaults.env !== undefined && pool.env !== undefined) {
    merged.env = new Map([...(defaults.env as Map<string, string>), ...(pool.env as Map<string, string>)]);
  }
  return merged;
}

function buildPool(
  name: string,
  value: PoolValue,
  at: DocPath,
  targets: readonly TargetSpec[],
  members: BuiltHosts["members"],
): PoolSpec {
  const { hosts, target, runners, gpu, env, volumes, image, cache, platform, ...same } = value;
  return {
    ...same,
    name,
    hosts: hosts === null ? null : [...new Set(hosts.flatMap((host) => members.get(host) ?? [host]))],
    target: target ?? (targets.length === 1 ? (targets[0]?.name ?? "default") : "default"),
    runners: buildCount(runners),
    gpu: gpu === null ? null : buildGpu(gpu),
    env: Object.fromEntries(env),
    volumes: volumes.map(parseVolume),
    image: image === null ? null : buildImage(image),
    caches: cache.map(({ kind, value: of }): CacheSpec => ({ kind, ...of }) as CacheSpec),
    platform: platform === "linux/amd64" || platform === "linux/arm64" ? platform : null,
    at,
  };
}

function buildCount(runners: PoolValue["runners"]): RunnerCount {
  if (typeof runners === "number") return { kind: "fixed", perHost: runners };
  return { kind: "range", ...runners };
}

function buildGpu(gpu: NonNullable<PoolValue["gpu"]>): GpuRequest {
  const usual = gpu.vendor === "nvidia" ? ["compute", "utility"] : [];
  return { ...gpu, capabilities: gpu.capabilities ?? usual };
}

/** Which keys exclude each other is said by a rule; here the most specific one wins. */
function buildImage(image: NonNullable<PoolValue["image"]>): ImageSpec | null {
  if (image.dockerfile !== null) return { kind: "dockerfile", dockerfile: image.dockerfile };
  if (image.packages !== null) return { kind: "packages", packages: image.packages, from: image.from };
  return image.from === null ? null : { kind: "from", from: image.from };
}

/** `/srv/models:/models:ro`; Docker's own default is writable. */
export function parseVolume(text: string): VolumeSpec {
  const [source = "/", target = "/", mode] = text.split(":");
  return { source: trimSlash(source), target: trimSlash(target), readOnly: mode === "ro" };
}

function trimSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") : path;
}
