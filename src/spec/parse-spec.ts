// The spec room's door: one text in, a fleet and everything noticed out. In: the text of fleet.yaml, the
// date and the program's version. Out: SpecTree. Never throws, whatever the text.

import type { Diagnostic, DocPath, Span } from "../base/diagnostic.ts";
import { hasErrors } from "../base/diagnostic.ts";
import type { Fleet } from "../model/fleet.ts";
import { buildHosts } from "./build-hosts.ts";
import { buildPools } from "./build-pools.ts";
import { buildTargets } from "./build-targets.ts";
import { buildTree } from "./build-tree.ts";
import { type Checker, checkWritten, fillRecord, startChecker } from "./check-node.ts";
import { applyRules, makeDraft } from "./draft.ts";
import { inspectText, inspectTree } from "./inspect-text.ts";
import { locateIn } from "./locate.ts";
import { readYaml } from "./read-yaml.ts";
import { type Report, startReport } from "./report.ts";
import type { RecordShape, RuleValue } from "./rule.ts";
import { FLEET_RULES } from "./rules.ts";
import { findNode, type MapNode, quoteShort, type SpecNode } from "./spec-node.ts";
import { SPEC, SPEC_VERSION } from "./table.ts";

export interface SpecTree {
  /** null where an error makes it meaningless; warnings never do. */
  readonly fleet: Fleet | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Place of a value or its key; of the nearest thing around it where the path leads nowhere. */
  locate(path: DocPath, options?: { readonly onKey?: boolean }): Span | null;
}

export interface SpecOptions {
  /** Today, in milliseconds since the epoch; without it nothing is said about ages. */
  readonly now?: number;
  /** Version of this ci-fleet, for `requires`; without it nothing is said. */
  readonly productVersion?: string;
}

export function parseSpec(text: string, options: SpecOptions = {}): SpecTree {
  const report = startReport();
  inspectText(text, report);
  const document = readYaml(text, report);
  const tree = document === null ? null : buildTree(document, text, report);
  if (tree !== null) inspectTree(tree, text, report);
  const fleet = tree === null ? null : checkTree(tree, report, options);
  const { diagnostics } = report;
  return {
    fleet: hasErrors(diagnostics) ? null : fleet,
    diagnostics,
    locate: (path, { onKey = false } = {}) => (tree === null ? null : locateIn(tree, path, onKey)),
  };
}

function checkTree(tree: SpecNode, report: Report, options: SpecOptions): Fleet | null {
  if (tree.kind !== "map") {
    report.add("CF649", [], {
      message: `expected a mapping of keys, found ${tree.kind === "list" ? "a list" : "one value"}`,
      help: "begin with `version: 1`",
    });
    return null;
  }
  if (!isKnownVersion(tree, report)) return null;
  const checker = startChecker(report);
  const spec = checkRoot(tree, checker);
  const targets = buildTargets(spec, tree, report);
  const built = buildHosts(spec);
  const pools = buildPools(tree, targets, built, checker);
  if (checker.budget < 0) return null;
  const fleet: Fleet = {
    version: 1,
    requires: spec.requires,
    name: spec.fleet ?? "",
    targets,
    runner: { ...spec.runner, ...splitDigest(spec.runner), at: ["runner"] },
    network: spec.network,
    install: spec.install,
    hosts: built.hosts,
    pools,
    watchdog: { ...spec.watchdog, at: ["watchdog"] },
  };
  const { now = null, productVersion = null } = options;
  const draft = makeDraft(fleet, tree, built.members, checker, { now, productVersion });
  applyRules(FLEET_RULES, draft, report);
  return fleet;
}

/** Everything but pools and their defaults, which are merged before they are checked. */
function checkRoot(tree: MapNode, checker: Checker): RuleValue<typeof SPEC> {
  const shape = SPEC.shape as RecordShape;
  const entries = new Map(tree.entries);
  entries.delete("pools");
  entries.delete("defaults");
  const written = checkWritten(shape, { ...tree, entries }, [], checker) ?? {};
  return fillRecord(shape, written, [], checker, tree) as RuleValue<typeof SPEC>;
}

/** A spec of another version is not looked at further: its keys may mean something else. */
function isKnownVersion(tree: SpecNode, report: Report): boolean {
  const node = findNode(tree, ["version"]);
  if (node === null || (node.kind === "scalar" && node.value === SPEC_VERSION)) return true;
  const whole = node.kind === "scalar" && Number.isSafeInteger(node.value) && (node.value as number) > 0;
  if (whole) {
    report.add("CF615", ["version"], {
      message: `the spec has version ${quoteShort(node.source, false)}, this ci-fleet knows version ${SPEC_VERSION}`,
      help: "use a newer ci-fleet",
    });
    return false;
  }
  report.add("CF615", ["version"], {
    message: `the spec's version must be the number ${SPEC_VERSION}`,
    help: `write \`version: ${SPEC_VERSION}\`, without quotes`,
  });
  return false;
}

/** `image: name@sha256:…` is `image` and `digest` in one. */
function splitDigest(runner: RuleValue<typeof SPEC>["runner"]): { image: string; digest: string | null } {
  const [image = "", digest = null] = runner.image.split("@");
  return { image, digest: runner.digest ?? digest };
}
