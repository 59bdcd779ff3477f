// Writes YAML from plain data for Compose, cloud-init, Kubernetes and inventories: block style, one spelling
// for one value, strings always quoted so that no reader can take them for something else. In: data with
// optional marks for comments and bare words. Out: the text of one document.

import { requireMatch } from "../base/unwritable-text.ts";
import { escapeComposeDollars, quoteYaml, quoteYamlKey, writePlainYaml } from "./quote-yaml.ts";

/** A record (its keys are fixed in code) or a Map (its keys may come from data); both keep their order. */
export type YamlMap = { readonly [key: string]: YamlValue } | ReadonlyMap<string, YamlValue>;
export type YamlValue = string | number | boolean | null | readonly YamlValue[] | YamlMap | Marked;

export interface YamlOptions {
  /** Lines before everything, as they are: `#cloud-config` must be the first. Comments with their `#`. */
  readonly head?: string;
  /** `compose` doubles every `$` in values, so that Compose's interpolation gives the text back. */
  readonly dollars?: "literal" | "compose";
  /** An empty line between the entries of the document. */
  readonly airy?: boolean;
}

const MARK = Symbol("mark");

type Mark =
  | { readonly kind: "plain"; readonly word: string }
  | {
      readonly kind: "note";
      readonly lines: readonly string[];
      readonly airy: boolean;
      readonly value: YamlValue;
    };

export interface Marked {
  readonly [MARK]: Mark;
}

/** A bare word chosen by code: `plain("unless-stopped")`. Throws for what a reader could misread. */
export function plain(word: string): Marked {
  return { [MARK]: { kind: "plain", word: writePlainYaml(word) } };
}

/**
 * `${NAME:-fallback}rest`, which Compose fills in itself (Compose file reference, "Interpolation"): the only
 * dollar sign that is not doubled. All parts are names and paths of ours, never text of the spec.
 */
export function fromVariable(name: string, fallback: string, rest = ""): Marked {
  requireMatch("the name of a Compose variable", name, /^[A-Z][A-Z0-9_]*$/);
  for (const part of [fallback, rest]) requireMatch("a path beside a Compose variable", part, /^[\w./:@-]*$/);
  return { [MARK]: { kind: "plain", word: quoteYaml(`\${${name}:-${fallback}}${rest}`) } };
}

/** A value with comment lines above its key or list item. Line feeds in `text` part the lines. */
export function commented(text: string, value: YamlValue): Marked {
  return { [MARK]: { kind: "note", lines: splitComment(text), airy: false, value } };
}

/** A map or list with an empty line between its entries. */
export function airy(value: YamlMap | readonly YamlValue[]): Marked {
  return { [MARK]: { kind: "note", lines: [], airy: true, value } };
}

/** One document, with a line feed at the end. Throws on undefined, NaN, dates, unwritable text. */
export function writeYaml(value: YamlValue, options: YamlOptions = {}): string {
  const writer: Writer = {
    lines: [],
    trail: [],
    writeText: options.dollars === "compose" ? (text) => quoteYaml(escapeComposeDollars(text)) : quoteYaml,
  };
  const document = options.airy === true ? airy(value as YamlMap) : value;
  const { scalar, content, isAiry, comment } = classify(document, writer);
  for (const line of comment) writer.lines.push(line);
  if (scalar !== null) writer.lines.push(scalar);
  else writeEntries(content, { indent: "", first: "", isAiry }, writer);
  return `${options.head ?? ""}${writer.lines.join("\n")}\n`;
}

/** Several documents in one file, as Kubernetes takes them; `head` comes once, before the first. */
export function writeYamlDocuments(values: readonly YamlValue[], options: YamlOptions = {}): string {
  const { head = "", ...rest } = options;
  return head + values.map((value) => `---\n${writeYaml(value, rest)}`).join("");
}

interface Writer {
  readonly lines: string[];
  /** Keys and indices that lead to the value at hand, for messages. */
  readonly trail: (string | number)[];
  readonly writeText: (text: string) => string;
}

/** Where entries go: `first` replaces the indent of the first line, for a map that starts behind a dash. */
interface Place {
  readonly indent: string;
  readonly first: string;
  readonly isAiry: boolean;
}

interface Entry {
  /** `key:` or `-`. */
  readonly lead: string;
  readonly step: string | number;
  readonly value: YamlValue;
}

interface Classified {
  /** The value on one line, or null for a collection with entries. */
  readonly scalar: string | null;
  readonly content: readonly Entry[];
  readonly isAiry: boolean;
  readonly comment: readonly string[];
}

function writeEntries(entries: readonly Entry[], place: Place, writer: Writer): void {
  let isFirst = true;
  for (const { lead, step, value } of entries) {
    if (place.isAiry && !isFirst) writer.lines.push("");
    writer.trail.push(step);
    writeEntry(lead, value, isFirst ? place.first : place.indent, place.indent, writer);
    writer.trail.pop();
    isFirst = false;
  }
}

function writeEntry(lead: string, value: YamlValue, first: string, indent: string, writer: Writer): void {
  const { scalar, content, isAiry, comment } = classify(value, writer);
  let start = first;
  if (comment.length > 0) {
    // Behind a dash there is no room above the first key: the dash stands alone on its line.
    if (start !== indent) writer.lines.push(start.trimEnd());
    for (const line of comment) writer.lines.push(indent + line);
    start = indent;
  }
  const line = start + lead;
  const inner = `${indent}  `;
  if (scalar !== null) writer.lines.push(`${line} ${scalar}`);
  else if (lead === "-") writeEntries(content, { indent: inner, first: `${line} `, isAiry }, writer);
  else {
    writer.lines.push(line);
    writeEntries(content, { indent: inner, first: inner, isAiry }, writer);
  }
}

const NONE: readonly never[] = [];

/** Takes marks off and says what is below them. */
function classify(value: YamlValue, writer: Writer): Classified {
  if (typeof value === "string") {
    return { scalar: writer.writeText(value), content: NONE, isAiry: false, comment: NONE };
  }
  let isAiry = false;
  const comment: string[] = [];
  let current: unknown = value;
  for (let mark = readMark(current); mark !== null; mark = readMark(current)) {
    if (mark.kind === "plain") return { scalar: mark.word, content: NONE, isAiry, comment };
    comment.push(...mark.lines);
    isAiry ||= mark.airy;
    current = mark.value;
  }
  const scalar = writeScalar(current, writer);
  if (scalar !== null) return { scalar, content: NONE, isAiry, comment };
  const isList = Array.isArray(current);
  const content = isList
    ? (current as readonly YamlValue[]).map((item, step) => ({ lead: "-", step, value: item }))
    : listEntries(current as YamlMap);
  if (content.length === 0) return { scalar: isList ? "[]" : "{}", content, isAiry, comment };
  return { scalar: null, content, isAiry, comment };
}

/** Null for collections. Everything that has no one spelling is a bug. */
function writeScalar(value: unknown, writer: Writer): string | null {
  if (typeof value === "string") return writer.writeText(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return writeNumber(value, writer);
  if (typeof value === "object" && (Array.isArray(value) || value instanceof Map || isPlain(value)))
    return null;
  throw new TypeError(`${describePlace(writer)} is ${typeof value}, which has no place in YAML`);
}

/** Whole numbers and short decimals: PyYAML reads `1e-7` as text, and past 2^53 two numbers look alike. */
function writeNumber(value: number, writer: Writer): string {
  const text = String(value);
  if (Number.isSafeInteger(value) || /^-?[0-9]+\.[0-9]+$/.test(text)) return text;
  throw new TypeError(`${describePlace(writer)} is ${text}, which YAML readers do not agree on`);
}

/** `$.services.a[0]` */
function describePlace({ trail }: Writer): string {
  return `$${trail.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("")}`;
}

function listEntries(map: YamlMap): readonly Entry[] {
  const pairs: readonly (readonly [string, YamlValue])[] =
    map instanceof Map ? [...map] : Object.entries(map as Record<string, YamlValue>);
  return pairs.map(([key, value]) => ({ lead: `${quoteYamlKey(key)}:`, step: key, value }));
}

function splitComment(text: string): readonly string[] {
  return text.split("\n").map((line) => {
    // The characters that end a line for some reader of YAML, and those that some refuse even in comments.
    if (/[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/.test(line) || !line.isWellFormed()) {
      throw new TypeError("a YAML comment holds a control character");
    }
    return line === "" ? "#" : `# ${line}`;
  });
}

function readMark(value: unknown): Mark | null {
  return typeof value === "object" && value !== null && MARK in value ? (value as Marked)[MARK] : null;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
