// The values on one line of an inventory as `writeInventory` writes it: words, numbers, quoted texts, `[a, b]` and
// `{a: 1}` with exactly the spaces that it puts. In: the line, where the value begins, what it should be. Out: the
// value, or UNKNOWN thrown where the text is any other.

import { findForbiddenCharacter, MAX_TEXT_BYTES } from "../base/text-policy.ts";
import type { Field, Fields, Shape } from "./inventory-shape.ts";
import { PCI_ADDRESS } from "./kernel-formats.ts";
import { PLAIN, WORDS_WITH_MEANING } from "./yaml-scalar.ts";

/** A fact's key at the start of a block line or of a flow pair; what follows decides which it is. */
export const KEY = /([A-Za-z][A-Za-z0-9]*):/y;
/** What JSON and YAML 1.2 (7.3.1) both read in double quotes, to the same text. */
const QUOTED = /"(?:[^"\\\n]|\\["\\/bfnrt]|\\u[0-9a-f]{4})*"/y;
/** No sign, no exponent, no leading zero: YAML and JavaScript cannot differ about these. */
const NUMBER = /(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?(?=[,\]}]|$)/y;
const WORD = new RegExp(PLAIN.source.slice(1, -1), "y");

/** Thrown where the text stops being what is written, caught by the one function that may be called. */
export const UNKNOWN = Symbol("not as written");

/** The rest of a line, which one value fills. */
export function readLine(line: string, at: number, shape: Shape): unknown {
  if (line.charCodeAt(at) !== 0x20) throw UNKNOWN;
  const flow: Flow = { line, at: at + 1 };
  const value = readFlow(flow, shape);
  if (flow.at !== line.length) throw UNKNOWN;
  return value;
}

interface Flow {
  readonly line: string;
  at: number;
}

function readFlow(flow: Flow, shape: Shape): unknown {
  const opener = flow.line.charAt(flow.at);
  switch (shape.kind) {
    case "or-none":
      if (opener === "{" || opener === "[" || !flow.line.startsWith("none", flow.at))
        return readFlow(flow, shape.of);
      return readToken(flow) === "none" ? "none" : fail();
    case "list":
      return opener === "[" ? readFlowList(flow, shape.of) : fail();
    case "record":
      return opener === "{" ? readFlowRecord(flow, shape.fields) : fail();
    case "verdict":
      return opener === "{" ? readShared(flow) : readVerdictWord(flow);
    default:
      return checkValue(shape, readToken(flow));
  }
}

function readFlowList(flow: Flow, of: Shape): readonly unknown[] {
  const items: unknown[] = [];
  flow.at += 1;
  if (take(flow, "]")) return items;
  for (;;) {
    items.push(readFlow(flow, of));
    if (take(flow, "]")) return items;
    if (!take(flow, ", ")) throw UNKNOWN;
  }
}

function readFlowRecord(flow: Flow, fields: Fields): Record<string, unknown> {
  const found = new Map<string, unknown>();
  flow.at += 1;
  if (take(flow, "}")) return completeFields(fields, found);
  for (;;) {
    const key = takeKey(flow);
    found.set(key, readFlow(flow, fieldOf(fields, key, found).shape));
    if (take(flow, "}")) return completeFields(fields, found);
    if (!take(flow, ", ")) throw UNKNOWN;
  }
}

function takeKey(flow: Flow): string {
  const key = matchAt(KEY, flow.line, flow.at)[1] as string;
  flow.at = KEY.lastIndex;
  if (!take(flow, " ")) throw UNKNOWN;
  return key;
}

function readShared(flow: Flow): unknown {
  flow.at += 1;
  if (takeKey(flow) !== "sharedWith" || flow.line.charAt(flow.at) !== "[") throw UNKNOWN;
  const members = readFlowList(flow, { kind: "text", pattern: PCI_ADDRESS, what: "" });
  if (members.length === 0 || !take(flow, "}")) throw UNKNOWN;
  return { kind: "shared", with: members };
}

function readVerdictWord(flow: Flow): unknown {
  const word = readToken(flow);
  return word === "isolated" || word === "no-iommu" ? { kind: word } : fail();
}

function readToken(flow: Flow): string | number | boolean {
  const { line, at } = flow;
  const first = line.charCodeAt(at);
  if (first === 0x22) {
    const text = JSON.parse(advance(flow, QUOTED)) as string;
    // What is not escaped was judged with the whole text; a tab would have been.
    return findForbiddenCharacter(text, { multiline: false }) === null ? text : fail();
  }
  if (first >= 0x30 && first <= 0x39) return Number(advance(flow, NUMBER));
  const word = advance(flow, WORD);
  if (word === "true" || word === "false") return word === "true";
  return WORDS_WITH_MEANING.test(word) ? fail() : word;
}

function advance(flow: Flow, pattern: RegExp): string {
  const [text] = matchAt(pattern, flow.line, flow.at);
  flow.at = pattern.lastIndex;
  return text as string;
}

function checkValue(shape: Shape, value: string | number | boolean): unknown {
  switch (shape.kind) {
    case "boolean":
      return typeof value === "boolean" ? value : fail();
    case "word":
      return shape.words.some((word) => word === value) ? value : fail();
    case "number":
      if (typeof value !== "number" || value > shape.max) return fail();
      return shape.whole && !Number.isInteger(value) ? fail() : value;
    case "text":
      if (typeof value !== "string" || value.length > MAX_TEXT_BYTES) return fail();
      return shape.pattern === null || shape.pattern.test(value) ? value : fail();
    default:
      return fail();
  }
}

export function fieldOf(fields: Fields, key: string, found: ReadonlyMap<string, unknown>): Field {
  const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
  if (field === undefined || found.has(key)) throw UNKNOWN;
  return field;
}

/** The rules of the full reader for what is not there. */
export function completeFields(fields: Fields, found: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const key of Object.keys(fields)) {
    const field = fields[key] as Field;
    if (found.has(key)) values[key] = found.get(key);
    else if (field.nullable) values[key] = null;
    else if (field.default !== undefined) values[key] = field.default;
    else if (field.shape.kind === "record" && !field.shape.oneLine)
      values[key] = completeFields(field.shape.fields, NOTHING);
    else throw UNKNOWN;
  }
  return values;
}

const NOTHING: ReadonlyMap<string, unknown> = new Map();

function take(flow: Flow, text: string): boolean {
  const isThere = flow.line.startsWith(text, flow.at);
  if (isThere) flow.at += text.length;
  return isThere;
}

export function matchAt(pattern: RegExp, line: string, at: number): RegExpExecArray {
  pattern.lastIndex = at;
  return pattern.exec(line) ?? fail();
}

function fail(): never {
  throw UNKNOWN;
}
