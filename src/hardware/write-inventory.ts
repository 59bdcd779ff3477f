// An inventory as the file hosts/<name>.yaml, made to be read in a diff: fixed order, one line for each small thing,
// nothing volatile, and a comment for each fact that could not be learned. In: the inventory, the host's name, why
// facts are missing. Out: the text; `readInventory` reads the same inventory from it.

import type { FactSource, Inventory } from "../model/inventory.ts";
import { cleanText } from "./clean-text.ts";
import { type Fields, INVENTORY_FIELDS, type Shape } from "./inventory-shape.ts";
import { formatScalar } from "./yaml-scalar.ts";

/** Longer lists get a line for each entry. */
const MAX_LINE = 110;

export function writeInventory(
  inventory: Inventory,
  host: string,
  sources: Readonly<Record<string, FactSource>> = {},
): string {
  const name = cleanText(host) ?? "this host";
  const banner = [
    `# The hardware of ${name}, written there by \`ci-fleet init\`. \`ci-fleet init --refresh\` looks again and shows`,
    "# what changed; correct by hand only what detection gets wrong.",
    "# What is missing here is unknown; none and [] say that it was looked for and is not there.",
  ];
  const sections = writeFields(INVENTORY_FIELDS, toRecord(inventory), "", sources, 0);
  return `${[...banner, ...spaceSections(sections)].join("\n")}\n`;
}

/** An empty line above each section that has more than one line, and below it. */
function spaceSections(lines: readonly string[]): readonly string[] {
  const spaced: string[] = [];
  let before = false;
  lines.forEach((line, i) => {
    const top = !line.startsWith(" ");
    const opens = top && (lines[i + 1]?.startsWith(" ") ?? false);
    if (top && (opens || before)) spaced.push("");
    if (top) before = opens;
    spaced.push(line);
  });
  return spaced;
}

function writeFields(
  fields: Fields,
  values: Readonly<Record<string, unknown>>,
  path: string,
  sources: Readonly<Record<string, FactSource>>,
  depth: number,
): readonly string[] {
  const indent = "  ".repeat(depth);
  return Object.entries(fields).flatMap(([key, field]) => {
    const value = values[key];
    const fact = path === "" ? key : `${path}.${key}`;
    if (value === null || value === undefined) return explainMissing(key, sources[fact], indent);
    if (field.default !== undefined && value === field.default) return [];
    return writeValue(field.shape, key, value, fact, sources, depth);
  });
}

function explainMissing(key: string, source: FactSource | undefined, indent: string): readonly string[] {
  const why = source?.unknown === undefined ? null : cleanText(source.unknown, 200);
  return why === null ? [] : [`${indent}# ${key}: unknown, ${why}`];
}

function writeValue(
  shape: Shape,
  key: string,
  value: unknown,
  fact: string,
  sources: Readonly<Record<string, FactSource>>,
  depth: number,
): readonly string[] {
  const indent = "  ".repeat(depth);
  if (shape.kind === "or-none" && value !== "none")
    return writeValue(shape.of, key, value, fact, sources, depth);
  if (shape.kind === "record" && !shape.oneLine) {
    const lines = writeFields(shape.fields, toRecord(value), fact, sources, depth + 1);
    // Comments alone are no mapping.
    const empty = lines.every((line) => line.trimStart().startsWith("#"));
    return empty ? [`${indent}${key}: {}`, ...lines] : [`${indent}${key}:`, ...lines];
  }
  if (shape.kind === "list" && Array.isArray(value) && value.length > 0) {
    const line = `${indent}${key}: ${writeFlow(shape, value)}`;
    const short = shape.of.kind !== "record" && line.length <= MAX_LINE;
    return short ? [line] : [`${indent}${key}:`, ...writeEntries(shape.of, value, fact, sources, depth + 1)];
  }
  return [`${indent}${key}: ${writeFlow(shape, value)}`];
}

function writeEntries(
  of: Shape,
  values: readonly unknown[],
  fact: string,
  sources: Readonly<Record<string, FactSource>>,
  depth: number,
): readonly string[] {
  const indent = "  ".repeat(depth);
  return values.flatMap((value, i) => {
    if (of.kind !== "record" || of.oneLine) return [`${indent}- ${writeFlow(of, value)}`];
    const lines = writeFields(of.fields, toRecord(value), `${fact}.${i}`, sources, depth + 1);
    return putDash(lines, indent);
  });
}

/** The dash goes before the first line that is no comment; comments above it stay above. */
function putDash(lines: readonly string[], indent: string): readonly string[] {
  const first = lines.findIndex((line) => !line.trimStart().startsWith("#"));
  if (first === -1) return [...lines, `${indent}- {}`];
  return lines.map((line, i) => (i === first ? `${indent}- ${line.slice(indent.length + 2)}` : line));
}

/** Everything on one line. */
export function writeFlow(shape: Shape, value: unknown): string {
  if (shape.kind === "or-none") return value === "none" ? "none" : writeFlow(shape.of, value);
  if (shape.kind === "verdict") return writeVerdict(value);
  if (shape.kind === "list") {
    const items = Array.isArray(value) ? value : [];
    return `[${items.map((item: unknown) => writeFlow(shape.of, item)).join(", ")}]`;
  }
  if (shape.kind === "record") {
    const values = toRecord(value);
    const parts = Object.entries(shape.fields).flatMap(([key, field]) => {
      const part = values[key];
      if (part === null || part === undefined || part === field.default) return [];
      return [`${key}: ${writeFlow(field.shape, part)}`];
    });
    return `{${parts.join(", ")}}`;
  }
  return formatScalar(value as string | number | boolean);
}

function writeVerdict(value: unknown): string {
  const verdict = toRecord(value);
  if (verdict.kind !== "shared") return formatScalar(String(verdict.kind));
  const members = Array.isArray(verdict.with) ? verdict.with : [];
  return `{sharedWith: [${members.map((member) => formatScalar(String(member))).join(", ")}]}`;
}

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
