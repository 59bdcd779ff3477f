// A fleet that may still be wrong, with what rules need to judge it: the tree, what was refused, which
// hosts a pool means. In: the built fleet. Out: the record that every rule gets.

import type { DocPath } from "../base/diagnostic.ts";
import type { Fleet, HostSpec, PoolSpec, TargetSpec } from "../model/fleet.ts";
import { type Checker, pathKey } from "./check-node.ts";
import { type Finding, type Report, relate } from "./report.ts";
import { findNode, type SpecNode } from "./spec-node.ts";

export interface Draft {
  readonly fleet: Fleet;
  readonly tree: SpecNode;
  /** Milliseconds since the epoch; null: today is not known, so nothing is said about ages. */
  readonly now: number | null;
  /** Version of this ci-fleet; null: not known. */
  readonly productVersion: string | null;
  /** Names under `hosts`, before `count` was expanded, and what they stand for. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  readonly hosts: ReadonlyMap<string, HostSpec>;
  /** Is the value at `path` one that was taken? False: it was refused, so what stands there is made up. */
  knows(path: DocPath): boolean;
  /** Was it written, in the pool or under `defaults`? */
  wrote(path: DocPath): boolean;
  /** Hosts that would run the pool, in the order of the file. */
  hostsOf(pool: PoolSpec): readonly HostSpec[];
  targetOf(pool: PoolSpec): TargetSpec | null;
  /** False: nothing more that a rule says is kept. */
  hasRoom(): boolean;
}

/** One fact about a fleet, with a say about each place where it holds. */
export type Rule = (draft: Draft, say: Say) => void;
export type Say = (code: string, path: DocPath, finding: Finding) => void;

export function makeDraft(
  fleet: Fleet,
  tree: SpecNode,
  members: Draft["members"],
  { refused, report }: Pick<Checker, "refused" | "report">,
  { now, productVersion }: Pick<Draft, "now" | "productVersion">,
): Draft {
  const hosts = new Map(fleet.hosts.map((host) => [host.name, host]));
  const targets = new Map(fleet.targets.map((target) => [target.name, target]));
  const able = {
    container: fleet.hosts.filter((host) => canRun(host, "container")),
    process: fleet.hosts.filter((host) => canRun(host, "process")),
  };
  const knows = (path: DocPath): boolean => {
    for (let length = path.length; length > 0; length--) {
      if (refused.has(pathKey(path.slice(0, length)))) return false;
    }
    const inherited = path[0] === "pools" && path.length > 2 && findNode(tree, path.slice(0, 3)) === null;
    return !inherited || knows(["defaults", ...path.slice(2)]);
  };
  return {
    fleet,
    tree,
    now,
    productVersion,
    members,
    hosts,
    knows,
    wrote: (path) => findNode(tree, path) !== null || findNode(tree, inheritedPath(path)) !== null,
    hostsOf: (pool) =>
      pool.hosts === null
        ? able[pool.run]
        : pool.hosts.flatMap((name) => hosts.get(name) ?? []).filter((host) => canRun(host, pool.run)),
    hasRoom: report.hasRoom,
    targetOf: (pool) => targets.get(pool.target) ?? null,
  };
}

/** Runs the rules; what they say about refused values is dropped. */
export function applyRules(rules: readonly Rule[], draft: Draft, report: Report): void {
  const say: Say = (code, path, finding) => {
    if (draft.knows(path)) report.add(code, path, finding);
  };
  for (const rule of rules) rule(draft, say);
}

export function canRun(host: HostSpec, run: PoolSpec["run"]): boolean {
  return host.kind === "machine" || host.kind === "vm" || (host.kind === "kubernetes" && run === "container");
}

/** `pools.ci.env.A` → `defaults.env.A`; nowhere for other paths. */
export function inheritedPath(path: DocPath): DocPath {
  return path[0] === "pools" && path.length > 2 ? ["defaults", ...path.slice(2)] : ["\u0000"];
}

/** The key of a pool that another place relates to. */
export function relatePool(message: string, pool: PoolSpec): ReturnType<typeof relate> {
  return relate(message, pool.at, true);
}
