// Writes a runner version with its checksums into a spec that a person wrote, and leaves the rest of the text as it
// is. In: the text, what to write. Out: the new text, null where the place cannot be found for sure: then the
// person is told what to write.

import { isDeepStrictEqual } from "node:util";
import { isMap, isScalar, type Node, type Pair, parse, type YAMLMap } from "yaml";
import {
  endOf,
  endOfEntry,
  findPair,
  indentOf,
  insertLine,
  isEmpty,
  keepLineEnds,
  nodeOf,
  parseYaml,
} from "../edit-yaml.ts";

export interface RunnerEdit {
  readonly version: string;
  readonly checksums: Readonly<Record<"linux-x64" | "linux-arm64", string | null>>;
  /** Replaces the digest; null: there is to be none. */
  readonly digest: string | null;
}

export function editRunner(text: string, edit: RunnerEdit): string | null {
  const edited = keepLineEnds(text, (lines) => write(lines, edit));
  return edited !== null && isAsMeant(text, edited, edit) ? edited : null;
}

/** What a person would write: the part of the spec that this is about. */
export function writeRunnerPart({ version, checksums, digest }: RunnerEdit): string {
  const sums = Object.entries(checksums).filter(([, sum]) => sum !== null);
  return [
    "runner:",
    `  version: "${version}"`,
    ...(digest === null ? [] : [`  digest: ${digest}`]),
    ...(sums.length === 0
      ? []
      : ["  checksums:", ...sums.map(([name, sum]) => `    ${name}: ${quoteSum(sum ?? "")}`)]),
    "",
  ].join("\n");
}

/** Sixty-four digits may be a number to YAML, or one with an exponent. */
function quoteSum(sum: string): string {
  return `"${sum}"`;
}

function write(text: string, edit: RunnerEdit): string | null {
  const root = parseYaml(text);
  if (!isMap(root) || root.flow === true) return null;
  const runner = findPair(root, ["runner"]);
  if (runner === null) return insertPart(text, root, edit);
  if (isEmpty(runner.value)) return null;
  if (!isMap(runner.value) || runner.value.anchor !== undefined) return null;
  const block = runner.value.flow === true ? unfold(text, runner.key, runner.value) : text;
  return block === null ? null : writeBlock(block, edit);
}

/** After the entry that says where runners register: before it, a comment of the next entry could be cut off. */
function insertPart(text: string, root: YAMLMap, edit: RunnerEdit): string | null {
  const before = root.items.findLast(
    ({ key }) => isScalar(key) && ["fleet", "github", "targets"].includes(String(key.value)),
  );
  if (before === undefined) return null;
  return insertLine(text, endOfEntry(before), writeRunnerPart(edit).trimEnd());
}

/** `runner: {version: "2.336.0"}` on one line becomes a block: with checksums the line would be too long to read. */
function unfold(text: string, key: Node, value: YAMLMap): string | null {
  const [from, to] = [value.range?.[0] ?? 0, value.range?.[1] ?? 0];
  const inside = text.slice(from, to);
  if (inside.includes("\n") || inside.includes("#") || value.items.length === 0) return null;
  const indent = `${indentOf(text, key)}  `;
  const lines = value.items.map((pair) => {
    const first = nodeOf(pair);
    const last = (pair.value ?? pair.key) as Node;
    return `${indent}${text.slice(first?.range?.[0] ?? 0, last.range?.[1] ?? 0)}`;
  });
  // What follows on the line is a comment on the runner as a whole: it stays beside the key.
  const end = text.indexOf("\n", to);
  const rest = text.slice(to, end === -1 ? undefined : end).trimEnd();
  const tail = end === -1 ? "\n" : text.slice(end);
  return `${text.slice(0, from).trimEnd()}${rest}\n${lines.join("\n")}${tail}`;
}

function writeBlock(text: string, edit: RunnerEdit): string | null {
  const { checksums } = edit;
  const sums = Object.entries(checksums).filter(([, sum]) => sum !== null);
  let edited = setScalar(text, "version", `"${edit.version}"`);
  if (edited === null) return null;
  edited = edit.digest === null ? removeEntry(edited, "digest") : setScalar(edited, "digest", edit.digest);
  if (edited === null) return null;
  const inPlace = setChecksums(edited, checksums);
  if (inPlace !== null) return inPlace;
  edited = removeEntry(edited, "checksums");
  if (edited === null || sums.length === 0) return edited;
  return appendEntry(edited, [
    "checksums:",
    ...sums.map(([name, sum]) => `  ${name}: ${quoteSum(sum ?? "")}`),
  ]);
}

/** Where both are there already, comments and style stay; null: they have to be written anew. */
function setChecksums(text: string, checksums: RunnerEdit["checksums"]): string | null {
  let edited: string | null = text;
  for (const [name, sum] of Object.entries(checksums)) {
    const pair = edited === null ? null : findPair(parseYaml(edited), ["runner", "checksums", name]);
    if (edited === null || pair === null || sum === null) return null;
    edited = replaceScalar(edited, pair.value, quoteSum(sum));
  }
  return edited;
}

function setScalar(text: string, name: string, value: string): string | null {
  const pair = findPair(parseYaml(text), ["runner", name]);
  return pair === null ? appendEntry(text, [`${name}: ${value}`]) : replaceScalar(text, pair.value, value);
}

/** The value alone is replaced: what stands behind it on its line stays. */
function replaceScalar(text: string, node: Node | null, value: string): string | null {
  if (!isScalar(node) || node.anchor !== undefined || node.tag !== undefined || node.range == null)
    return null;
  if (isEmpty(node)) return null;
  // A text over several lines ends behind its line break.
  if (node.type === "BLOCK_FOLDED" || node.type === "BLOCK_LITERAL") return null;
  return text.slice(0, node.range[0]) + value + text.slice(node.range[1]);
}

function appendEntry(text: string, lines: readonly string[]): string | null {
  const runner = findPair(parseYaml(text), ["runner"])?.value;
  if (!isMap(runner) || runner.flow === true) return null;
  const [first, last] = [nodeOf(runner.items[0]), runner.items.at(-1)];
  if (first === null || last === undefined) return null;
  const indent = indentOf(text, first);
  return insertLine(text, endOfEntry(last), lines.map((line) => indent + line).join("\n"));
}

/** Whole lines, from the key to the end of its value; comments above it stay. */
function removeEntry(text: string, name: string): string | null {
  const runner = findPair(parseYaml(text), ["runner"])?.value;
  if (!isMap(runner) || runner.flow === true) return null;
  const pair = runner.items.find(({ key }: Pair) => isScalar(key) && key.value === name);
  if (pair === undefined) return text;
  if (runner.items.length === 1) return null;
  const key = pair.key as Node;
  const start = text.lastIndexOf("\n", (key.range?.[0] ?? 0) - 1) + 1;
  if (text.slice(start, key.range?.[0] ?? 0).trim() !== "") return null;
  const value = pair.value as Node | null;
  const last = isEmpty(value) ? key : (value as Node);
  const isFlow = isMap(value) && value.flow === true;
  const end = text.indexOf("\n", isFlow ? endOf(last) : endOfEntry(pair));
  return end === -1 ? null : text.slice(0, start) + text.slice(end + 1);
}

/** The runner is what was meant, and nothing else has changed. */
function isAsMeant(before: string, after: string, edit: RunnerEdit): boolean {
  const [old, now] = [before, after].map(readDocument);
  if (old == null || now == null) return false;
  const { version, digest = null, checksums = {}, ...rest } = asRecord(now.runner);
  const { version: _v, digest: _d, checksums: _c, ...restBefore } = asRecord(old.runner);
  const sums = Object.fromEntries(Object.entries(edit.checksums).filter(([, sum]) => sum !== null));
  return (
    version === edit.version &&
    digest === edit.digest &&
    isDeepStrictEqual(checksums, sums) &&
    isDeepStrictEqual(rest, restBefore) &&
    isDeepStrictEqual({ ...now, runner: null }, { ...old, runner: null })
  );
}

function readDocument(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return asRecord(parse(text, { logLevel: "silent", merge: true, maxAliasCount: 1000 }));
  } catch {
    return null;
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
