// Reads an inventory that looks exactly as `writeInventory` writes it, many times faster than a YAML parser: most
// are never edited, and a fleet has one for each host. Everything that it accepts, the full reader accepts without
// a finding and with the same result; of whatever else there is it has no opinion. A property test holds it to that.
// In: the text. Out: the inventory; null: ask the full reader.

import { findForbiddenCharacter } from "../base/text-policy.ts";
import type { Inventory } from "../model/inventory.ts";
import { findContradictions } from "./inventory-contradictions.ts";
import { type Fields, INVENTORY_FIELDS, type Shape } from "./inventory-shape.ts";
import { findDeepLine } from "./parse-inventory-yaml.ts";
import { completeFields, fieldOf, KEY, matchAt, readLine, UNKNOWN } from "./read-written-line.ts";

/** A quarter of the full reader's limit: UTF-16 units are at most three bytes each in UTF-8. */
const MAX_LENGTH = 256 * 1024;
const PRINTABLE_ASCII = /^[\n\x20-\x7e]*$/;
export function readWrittenInventory(text: string): Inventory | null {
  if (text.length > MAX_LENGTH || !text.endsWith("\n")) return null;
  if (!PRINTABLE_ASCII.test(text) && isStrange(text)) return null;
  if (findDeepLine(text) !== null) return null;
  try {
    const lines = text.split("\n").filter((line) => line !== "" && !isComment(line));
    const cursor: Cursor = { lines, next: 0 };
    const inventory = readBlockFields(cursor, INVENTORY_FIELDS, 0) as unknown as Inventory;
    const isWhole = cursor.next === lines.length;
    return isWhole && findContradictions(inventory).length === 0 ? inventory : null;
  } catch (error) {
    if (error === UNKNOWN) return null;
    throw error;
  }
}

function isStrange(text: string): boolean {
  return text.includes("\t") || findForbiddenCharacter(text, { multiline: true }) !== null;
}

/** Between the lines of a block a comment may stand at any depth. */
function isComment(line: string): boolean {
  let i = 0;
  while (line.charCodeAt(i) === 0x20) i += 1;
  return line.charCodeAt(i) === 0x23;
}

interface Cursor {
  readonly lines: readonly string[];
  next: number;
}

/** Lines `key: value` and `key:` of one record, which all begin at `indent`. */
function readBlockFields(cursor: Cursor, fields: Fields, indent: number): Record<string, unknown> {
  const found = new Map<string, unknown>();
  for (;;) {
    const line = cursor.lines[cursor.next];
    if (line === undefined || !beginsAt(line, indent) || line.charCodeAt(indent) === DASH) break;
    readBlockField(cursor, fields, indent, line, found);
  }
  return completeFields(fields, found);
}

const DASH = "-".charCodeAt(0);

function beginsAt(line: string, indent: number): boolean {
  for (let i = 0; i < indent; i += 1) if (line.charCodeAt(i) !== 0x20) return false;
  return line.length > indent && line.charCodeAt(indent) !== 0x20;
}

function readBlockField(
  cursor: Cursor,
  fields: Fields,
  indent: number,
  line: string,
  found: Map<string, unknown>,
): void {
  const key = matchAt(KEY, line, indent)[1] as string;
  const field = fieldOf(fields, key, found);
  const after = KEY.lastIndex;
  cursor.next += 1;
  found.set(
    key,
    after === line.length ? readBlock(cursor, field.shape, indent + 2) : readLine(line, after, field.shape),
  );
}

/** What the lines below `key:` hold. */
function readBlock(cursor: Cursor, shape: Shape, indent: number): unknown {
  if (shape.kind === "or-none") return readBlock(cursor, shape.of, indent);
  const first = cursor.lines[cursor.next];
  if (first === undefined || !beginsAt(first, indent)) throw UNKNOWN;
  if (shape.kind === "list") return readBlockEntries(cursor, shape.of, indent);
  if (shape.kind !== "record" || first.charCodeAt(indent) === DASH) throw UNKNOWN;
  return readBlockFields(cursor, shape.fields, indent);
}

function readBlockEntries(cursor: Cursor, of: Shape, indent: number): readonly unknown[] {
  const entries: unknown[] = [];
  for (;;) {
    const line = cursor.lines[cursor.next];
    if (line === undefined || !beginsAt(line, indent) || line.charCodeAt(indent) !== DASH) break;
    entries.push(readBlockEntry(cursor, of, indent, line));
  }
  if (entries.length === 0) throw UNKNOWN;
  return entries;
}

/** `- {a: 1}`, `- text`, or a record whose first line has the dash in place of two spaces. */
function readBlockEntry(cursor: Cursor, of: Shape, indent: number, line: string): unknown {
  if (!line.startsWith("- ", indent)) throw UNKNOWN;
  if (of.kind !== "record" || of.oneLine || line.startsWith("- {", indent)) {
    cursor.next += 1;
    return readLine(line, indent + 1, of);
  }
  const found = new Map<string, unknown>();
  readBlockField(cursor, of.fields, indent + 2, line, found);
  for (;;) {
    const next = cursor.lines[cursor.next];
    if (next === undefined || !beginsAt(next, indent + 2) || next.charCodeAt(indent + 2) === DASH) break;
    readBlockField(cursor, of.fields, indent + 2, next, found);
  }
  return completeFields(of.fields, found);
}
