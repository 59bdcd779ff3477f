// The file hosts/<name>.yaml, which people may edit, back into an Inventory. In: the text, the host's name.
// Out: the inventory, or every fault that it has. Never throws, whatever the text: it comes out of a git repository.

import { isMap, isScalar, isSeq, type Node, type Pair } from "yaml";
import type { Checked } from "../base/checked.ts";
import { type DocPath, type DocRef, hasErrors } from "../base/diagnostic.ts";
import { suggest } from "../base/did-you-mean.ts";
import type { Inventory } from "../model/inventory.ts";
import { findContradictions } from "./inventory-contradictions.ts";
import { MAX_FINDINGS, openReport, type Report } from "./inventory-findings.ts";
import { type Fields, INVENTORY_FIELDS, type Shape } from "./inventory-shape.ts";
import { parseInventoryYaml } from "./parse-inventory-yaml.ts";
import { readScalar, readVerdict, showNode } from "./read-inventory-scalars.ts";
import { readWrittenInventory } from "./read-written-inventory.ts";

export function readInventory(text: string, host: string): Checked<Inventory> {
  const value = readWrittenInventory(text);
  return value === null ? readEditedInventory(text, host) : { value, diagnostics: [] };
}

/** The same for any text; exported for the test that compares the two. */
export function readEditedInventory(text: string, host: string): Checked<Inventory> {
  const doc: DocRef = { kind: "inventory", host };
  const { root, diagnostics } = parseInventoryYaml(text, doc);
  if (root === null) return { value: null, diagnostics };
  const report = openReport(doc, diagnostics);
  if (!isMap(root)) {
    report.add("CF635", [], `an inventory is a mapping of facts, not ${showNode(root)}`);
    return { value: null, diagnostics: report.all };
  }
  const version = root.items.find((pair) => readKey(pair) === "version")?.value;
  if (isScalar(version) && typeof version.value === "number" && version.value > 1) {
    report.add("CF638", ["version"], `this ci-fleet knows inventories of version 1, not ${version.value}`);
    return { value: null, diagnostics: report.all };
  }
  const value = readFields(INVENTORY_FIELDS, root.items, [], report) as unknown as Inventory;
  if (hasErrors(report.all)) return { value: null, diagnostics: report.all };
  for (const finding of findContradictions(value)) report.add("CF639", finding.path, finding.message);
  return { value, diagnostics: report.all };
}

function readFields(
  fields: Fields,
  pairs: readonly Pair[],
  path: DocPath,
  report: Report,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  const nodes = new Map<string, Node | null>();
  for (const pair of pairs) {
    if (report.all.length >= MAX_FINDINGS) break;
    const key = readKey(pair);
    if (key === null) report.add("CF634", path, "a key must be a plain word");
    // Own keys only: `constructor` and `__proto__` are no facts.
    else if (nodes.has(key)) report.add("CF630", [...path, key], `${key} is there twice`, { onKey: true });
    else if (!Object.hasOwn(fields, key)) addUnknownKey(key, fields, path, report);
    else nodes.set(key, (pair.value ?? null) as Node | null);
  }
  for (const [key, field] of Object.entries(fields)) {
    const node = nodes.get(key);
    const isEmpty = node === null || (isScalar(node) && node.value === null);
    if (node !== undefined && !isEmpty)
      values[key] = readValue(field.shape, node as Node, [...path, key], report);
    else if (field.nullable) values[key] = null;
    else if (field.default !== undefined && node === undefined) values[key] = field.default;
    else if (field.shape.kind === "record" && !field.shape.oneLine) {
      values[key] = readFields(field.shape.fields, [], [...path, key], report);
    } else report.add("CF636", path, `${key} is missing`, { help: `add ${key}` });
  }
  return values;
}

function addUnknownKey(key: string, fields: Fields, path: DocPath, report: Report): void {
  const near = suggest(key, Object.keys(fields));
  const shown = showNode(key);
  const help = near === null ? `known here: ${Object.keys(fields).join(", ")}` : `did you mean ${near}?`;
  report.add("CF634", [...path, key], `${shown} is no fact of an inventory`, { onKey: true, help });
}

function readValue(shape: Shape, node: Node, path: DocPath, report: Report): unknown {
  if (shape.kind === "or-none") {
    return isScalar(node) && node.value === "none" ? "none" : readValue(shape.of, node, path, report);
  }
  if (shape.kind === "verdict") return readVerdict(node, path, report);
  if (shape.kind === "list") {
    if (!isSeq(node)) return addWrongType("a list", node, path, report);
    return node.items.map((item, i) => readValue(shape.of, item as Node, [...path, i], report));
  }
  if (shape.kind === "record") {
    if (!isMap(node)) return addWrongType("a mapping", node, path, report);
    return readFields(shape.fields, node.items, path, report);
  }
  return readScalar(shape, node, path, report);
}

function addWrongType(wanted: string, node: Node, path: DocPath, report: Report): null {
  report.add("CF635", path, `expected ${wanted}, found ${showNode(node)}`);
  return null;
}

function readKey(pair: Pair): string | null {
  const key = pair.key;
  return isScalar(key) && typeof key.value === "string" ? key.value : null;
}
