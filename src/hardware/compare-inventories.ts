// What changed between two inventories of one host: for `init --refresh`. Entries of lists are paired by what names
// them (a card by its address), not by their place. In: before and after. Out: changes in the order of the file.

import type { Inventory } from "../model/inventory.ts";
import { type Fields, INVENTORY_FIELDS, type Shape } from "./inventory-shape.ts";
import { writeFlow } from "./write-inventory.ts";

export interface InventoryChange {
  /** `gpus[0000:01:00.0].driver`. */
  readonly path: string;
  /** As the file writes it; null: was not known, or was not there. */
  readonly before: string | null;
  readonly after: string | null;
}

export function compareInventories(before: Inventory, after: Inventory): readonly InventoryChange[] {
  return compareFields(INVENTORY_FIELDS, toRecord(before), toRecord(after), "");
}

/** `cpu.threads: 16 → 32`, one line for each change. */
export function formatChange(change: InventoryChange): string {
  const show = (value: string | null): string => value ?? "unknown";
  if (change.before === null && /\]$/.test(change.path)) return `${change.path}: new, ${show(change.after)}`;
  if (change.after === null && /\]$/.test(change.path))
    return `${change.path}: gone, was ${show(change.before)}`;
  return `${change.path}: ${show(change.before)} → ${show(change.after)}`;
}

function compareFields(
  fields: Fields,
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  path: string,
): readonly InventoryChange[] {
  return Object.entries(fields).flatMap(([key, field]) =>
    compareValues(field.shape, before[key], after[key], path === "" ? key : `${path}.${key}`),
  );
}

function compareValues(
  shape: Shape,
  before: unknown,
  after: unknown,
  path: string,
): readonly InventoryChange[] {
  if (shape.kind === "or-none" && isObject(before) && isObject(after)) {
    return compareValues(shape.of, before, after, path);
  }
  if (shape.kind === "record" && isObject(before) && isObject(after)) {
    return compareFields(shape.fields, toRecord(before), toRecord(after), path);
  }
  if (shape.kind === "list" && shape.identity.length > 0 && Array.isArray(before) && Array.isArray(after)) {
    return compareEntries(shape.of, shape.identity, before, after, path);
  }
  const [old, now] = [writeOrNull(shape, before), writeOrNull(shape, after)];
  return old === now ? [] : [{ path, before: old, after: now }];
}

function compareEntries(
  of: Shape,
  identity: readonly string[],
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
): readonly InventoryChange[] {
  const old = nameEntries(before, identity);
  const now = nameEntries(after, identity);
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
    const at = `${path}[${name}]`;
    if (old.has(name) && now.has(name)) return compareValues(of, old.get(name), now.get(name), at);
    return [{ path: at, before: writeOrNull(of, old.get(name)), after: writeOrNull(of, now.get(name)) }];
  });
}

/** By the first known field; entries without any, or with a twin, by their number. */
function nameEntries(entries: readonly unknown[], identity: readonly string[]): ReadonlyMap<string, unknown> {
  const named = new Map<string, unknown>();
  entries.forEach((entry, i) => {
    const values = toRecord(entry);
    const field = identity.find((key) => values[key] !== null && values[key] !== undefined);
    const name = field === undefined ? `#${i}` : String(values[field]);
    named.set(named.has(name) ? `${name}#${i}` : name, entry);
  });
  return named;
}

function writeOrNull(shape: Shape, value: unknown): string | null {
  return value === null || value === undefined ? null : writeFlow(shape, value);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? (value as Readonly<Record<string, unknown>>) : {};
}
