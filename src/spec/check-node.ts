// Checks a node against its rule and fills in defaults. Every fault is reported with its place; a faulty
// value comes back as undefined, so that a caller can go on with the rest. In: rule, node, path. Out: the
// checked value: sizes as bytes, durations as milliseconds, records as plain objects, dicts as Maps.

import type { DocPath } from "../base/diagnostic.ts";
import { suggest } from "../base/did-you-mean.ts";
import { checkScalar } from "./check-scalar.ts";
import { type Format, formatOf } from "./formats.ts";
import type { Report } from "./report.ts";
import type { Key, RecordShape, Rule, Shape } from "./rule.ts";
import { describeNode, type MapEntry, type MapNode, quoteShort, type SpecNode } from "./spec-node.ts";

export interface Checker {
  readonly report: Report;
  /** Paths whose value was refused, joined with `/`: rules stay silent about what was made of them. */
  readonly refused: Set<string>;
  /** Nodes still to be visited: aliases can multiply a small file into a huge one. */
  budget: number;
}

const MAX_VISITS = 500_000;

export function startChecker(report: Report): Checker {
  return { report, refused: new Set(), budget: MAX_VISITS };
}

export function pathKey(path: DocPath): string {
  return path.join("/");
}

/** undefined: refused, and reported. */
export function checkNode<T>(rule: Rule<T>, node: SpecNode, path: DocPath, checker: Checker): T | undefined {
  checker.budget -= 1;
  if (checker.budget < 0) {
    if (checker.budget === -1) {
      checker.report.add("CF608", [], {
        message: "aliases multiply the file beyond its limits",
        span: { start: 0, end: 0 },
      });
    }
    return undefined;
  }
  const value = checkShape(rule.shape, node, path, checker);
  if (value === undefined) checker.refused.add(pathKey(path));
  return value as T | undefined;
}

function checkShape(shape: Shape, node: SpecNode, path: DocPath, checker: Checker): unknown {
  switch (shape.kind) {
    case "record":
      return checkRecord(shape, node, path, checker);
    case "list":
      return checkList(shape, node, path, checker);
    case "dict":
      return checkDict(shape, node, path, checker);
    case "kinds":
      return checkKinds(shape, node, path, checker);
    case "either":
      return checkNode(node.kind === "scalar" ? shape.scalar : shape.map, node, path, checker);
    default:
      return checkScalar(shape, node, path, checker.report);
  }
}

/** A record with all its defaults; refused where a key without default is missing. `forge:` has no keys. */
function checkRecord(shape: RecordShape, node: SpecNode, path: DocPath, checker: Checker): unknown {
  const written = checkWritten(shape, node, path, checker);
  if (written === undefined) return undefined;
  const value = fillRecord(shape, written, path, checker, node);
  const complete = Object.entries(shape.keys).every(
    ([name, key]) => key.need !== "required" || Object.hasOwn(written, name),
  );
  return complete ? value : undefined;
}

/** Only what was written; the values of refused keys are absent. */
export function checkWritten(
  shape: RecordShape,
  node: SpecNode,
  path: DocPath,
  checker: Checker,
): Record<string, unknown> | undefined {
  if (!isMapOrEmpty(node)) {
    checker.report.add("CF610", path, { message: `expected a mapping, found ${describeNode(node)}` });
    return undefined;
  }
  const written: Record<string, unknown> = {};
  if (node.kind !== "map") return written;
  for (const [name, entry] of node.entries) {
    const key = Object.hasOwn(shape.keys, name) ? shape.keys[name] : undefined;
    if (key === undefined) {
      reportUnknownKey(name, shape, path, entry, checker);
      continue;
    }
    const value = checkNode(key.rule, entry.node, [...path, name], checker);
    if (value !== undefined) written[name] = value;
  }
  return written;
}

/** Adds the defaults of what `written` lacks and reports what has none. */
export function fillRecord(
  shape: RecordShape,
  written: Readonly<Record<string, unknown>>,
  path: DocPath,
  checker: Checker,
  node: SpecNode | null,
): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, key] of Object.entries(shape.keys)) {
    if (Object.hasOwn(written, name)) value[name] = written[name];
    else {
      value[name] = defaultOf(key, [...path, name], checker);
      const present = node?.kind === "map" && node.entries.has(name);
      if (key.need === "required" && !present) {
        checker.refused.add(pathKey([...path, name]));
        checker.report.add("CF611", path, {
          message: `the key ${quoteShort(name)} is missing`,
          help: `add \`${name}: ${key.example}\``,
          onKey: path.length > 0,
        });
      }
    }
  }
  return value;
}

function defaultOf(key: Key<unknown>, path: DocPath, checker: Checker): unknown {
  const { shape } = key.rule;
  if (key.need === "defaulted" && key.fallback === null && shape.kind === "record") {
    return fillRecord(shape, {}, path, checker, null);
  }
  if (key.fallback === null) return shape.kind === "dict" && key.need === "defaulted" ? new Map() : null;
  if (Array.isArray(key.fallback)) return key.fallback;
  const source = String(key.fallback);
  const literal: SpecNode = {
    kind: "scalar",
    span: { start: 0, end: 0 },
    value: key.fallback as string | number | boolean,
    source,
    plain: true,
  };
  // A budget of its own: a default is always there, however much the file has used up.
  return checkNode(key.rule, literal, path, { ...checker, budget: 10 });
}

function reportUnknownKey(
  name: string,
  { keys, synonyms }: RecordShape,
  path: DocPath,
  entry: MapEntry,
  checker: Checker,
): void {
  if (name.startsWith("x-") || !checker.report.hasRoom()) return;
  const known = Object.keys(keys);
  const near = suggest(name, [...known, ...Object.keys(synonyms)]);
  const exact = Object.hasOwn(synonyms, name) ? name : near;
  const meant =
    exact === null ? null : ((Object.hasOwn(synonyms, exact) ? synonyms[exact] : undefined) ?? exact);
  checker.report.add("CF602", [...path, name], {
    message: `unknown key ${quoteShort(name)}${path.length === 0 ? "" : ` in ${quoteShort(path.join("."), false)}`}`,
    onKey: true,
    span: entry.keySpan,
    help:
      meant === null
        ? `the keys here are ${known.join(", ")}; keys of your own begin with "x-"`
        : `did you mean "${meant}"?`,
  });
}

function checkList(
  shape: Extract<Shape, { kind: "list" }>,
  node: SpecNode,
  path: DocPath,
  checker: Checker,
): unknown {
  if (node.kind !== "list") {
    const one = node.kind === "scalar" && node.value !== null;
    checker.report.add("CF610", path, {
      message: `expected a list, found ${describeNode(node)}`,
      help: one ? `write [${quoteShort(node.source, false)}]` : undefined,
    });
    return undefined;
  }
  if (!isCountIn(node.items.length, shape, "entries", path, checker)) return undefined;
  const items = node.items.map((item, i) => checkNode(shape.of, item, [...path, i], checker));
  return items.includes(undefined) ? undefined : items;
}

function checkDict(
  shape: Extract<Shape, { kind: "dict" }>,
  node: SpecNode,
  path: DocPath,
  checker: Checker,
): unknown {
  const entries = checkNames(shape, node, path, checker);
  if (entries === undefined) return undefined;
  const value = new Map<string, unknown>();
  for (const [name, entry] of entries) {
    const checked = checkNode(shape.of, entry.node, [...path, name], checker);
    if (checked !== undefined) value.set(name, checked);
  }
  return value;
}

/** The names of a dict and how many there are; the values are left to the caller. */
export function checkNames(
  shape: Extract<Shape, { kind: "dict" }>,
  node: SpecNode,
  path: DocPath,
  checker: Checker,
): ReadonlyMap<string, MapEntry> | undefined {
  if (!isMapOrEmpty(node)) {
    checker.report.add("CF610", path, {
      message: `expected a mapping of ${shape.noun} names, found ${describeNode(node)}`,
      help: node.kind === "list" ? `write each ${shape.noun} as a key: {NAME: {…}}` : undefined,
    });
    return undefined;
  }
  const entries = node.kind === "map" ? node.entries : new Map<string, MapEntry>();
  if (!isCountIn(entries.size, shape, `${shape.noun}s`, path, checker)) return undefined;
  const format: Format = formatOf(shape.keys);
  const pattern = new RegExp(format.pattern);
  for (const [name, { keySpan }] of entries) {
    if (pattern.test(name)) continue;
    const place = [...path, name];
    checker.refused.add(pathKey(place));
    checker.report.add(format.code ?? "CF613", place, {
      message: `${quoteShort(name)} cannot name a ${shape.noun}: expected ${format.expected}`,
      onKey: true,
      span: keySpan,
    });
  }
  return entries;
}

function checkKinds(
  shape: Extract<Shape, { kind: "kinds" }>,
  node: SpecNode,
  path: DocPath,
  checker: Checker,
): unknown {
  const kindNode = node.kind === "map" ? node.entries.get("kind")?.node : undefined;
  let kind = shape.fallback;
  if (kindNode !== undefined) {
    const options = Object.keys(shape.cases);
    const checked = checkNode({ shape: { kind: "choice", options } }, kindNode, [...path, "kind"], checker);
    if (checked === undefined) return undefined;
    kind = checked as string;
  }
  const rule = shape.cases[kind] as Rule<unknown>;
  const rest = node.kind === "map" ? withoutKind(node) : node;
  if (rest.kind === "map" && rule.shape.kind === "record")
    reportForeignKeys(shape, kind, rest, path, checker);
  const value = checkNode(rule, rest, path, checker);
  return value === undefined ? undefined : { kind, value };
}

function withoutKind(node: MapNode): MapNode {
  const entries = new Map(node.entries);
  entries.delete("kind");
  return { ...node, entries };
}

/** A key that another kind has: said so instead of a far-fetched suggestion. */
function reportForeignKeys(
  shape: Extract<Shape, { kind: "kinds" }>,
  kind: string,
  node: MapNode,
  path: DocPath,
  checker: Checker,
): void {
  const own = keysOf(shape.cases[kind]);
  for (const [name, entry] of node.entries) {
    if (own.includes(name) || name.startsWith("x-")) continue;
    const others = Object.keys(shape.cases).filter((other) => keysOf(shape.cases[other]).includes(name));
    if (others.length === 0) continue;
    (node.entries as Map<string, MapEntry>).delete(name);
    checker.report.add("CF602", [...path, name], {
      message: `unknown key ${quoteShort(name)} in ${quoteShort(path.join("."), false)}, which is of kind ${kind}`,
      onKey: true,
      span: entry.keySpan,
      help: `the key belongs to kind: ${others.join(" or ")}`,
    });
  }
}

function keysOf(rule: Rule<unknown> | undefined): readonly string[] {
  return rule?.shape.kind === "record" ? Object.keys(rule.shape.keys) : [];
}

function isCountIn(
  count: number,
  { min, max }: { readonly min: number; readonly max: number },
  noun: string,
  path: DocPath,
  checker: Checker,
): boolean {
  if (count >= min && count <= max) return true;
  checker.report.add("CF612", path, {
    message:
      count < min
        ? `expected at least ${min === 1 ? "one" : min} of the ${noun}, found ${count === 0 ? "none" : count}`
        : `expected at most ${max} ${noun}, found ${count}`,
    onKey: count < min,
  });
  return false;
}

function isMapOrEmpty(node: SpecNode): boolean {
  return node.kind === "map" || (node.kind === "scalar" && node.value === null);
}
