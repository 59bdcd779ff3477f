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
    writeText: options.dollars === "compose" ? (text) => quoteYaml(escapeComposeDollars(text)) : quoteYaml,
  };
  const document = options.airy === true ? airy(value as YamlMap) : value;
  const { scalar, content, isAiry, comment } = classify(document, "$", writer);
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
  readonly value: YamlValue;
  readonly path: string;
}

interface Classified {
  /** The value on one line, or null for a collection with entries. */
  readonly scalar: string | null;
  readonly content: readonly Entry[];
  readonly isAiry: boolean;
  readonly comment: readonly string[];
}

function writeEntries(entries: readonly Entry[], place: Place, writer: Writer): void {
  for (const [at, entry] of entries.entries()) {
    const found = classify(entry.value, entry.path, writer);
    let start = at === 0 ? place.first : place.indent;
    if (at > 0 && place.isAiry) writer.lines.push("");
    if (found.comment.length > 0) {
      // Behind a dash there is no room above the first key: the dash stands alone on its line.
      if (start !== place.indent) writer.lines.push(start.trimEnd());
      for (const line of found.comment) writer.lines.push(place.indent + line);
      start = place.indent;
    }
    const line = start + entry.lead;
    const inner = `${place.indent}  `;
    const below = { indent: inner, isAiry: found.isAiry };
    if (found.scalar !== null) writer.lines.push(`${line} ${found.scalar}`);
    else if (entry.lead === "-") writeEntries(found.content, { ...below, first: `${line} ` }, writer);
    else {
      writer.lines.push(line);
      writeEntries(found.content, { ...below, first: inner }, writer);
    }
  }
}

/** Takes marks off and says what is below them. */
function classify(value: YamlValue, path: string, writer: Writer): Classified {
  let isAiry = false;
  const comment: string[] = [];
  let current: unknown = value;
  for (let mark = readMark(current); mark !== null; mark = readMark(current)) {
    if (mark.kind === "plain") return { scalar: mark.word, content: [], isAiry, comment };
    comment.push(...mark.lines);
    isAiry ||= mark.airy;
    current = mark.value;
  }
  const scalar = writeScalar(current, path, writer);
  if (scalar !== null) return { scalar, content: [], isAiry, comment };
  const isList = Array.isArray(current);
  const content = isList
    ? (current as readonly YamlValue[]).map((item, at) => ({
        lead: "-",
        value: item,
        path: `${path}[${at}]`,
      }))
    : listEntries(current as YamlMap, path);
  if (content.length === 0) return { scalar: isList ? "[]" : "{}", content, isAiry, comment };
  return { scalar: null, content, isAiry, comment };
}

/** Null for collections. Everything that has no one spelling is a bug. */
function writeScalar(value: unknown, path: string, writer: Writer): string | null {
  if (typeof value === "string") return writer.writeText(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return writeNumber(value, path);
  if (typeof value === "object" && (Array.isArray(value) || value instanceof Map || isPlain(value)))
    return null;
  throw new TypeError(`${path} is ${typeof value}, which has no place in YAML`);
}

/** Whole numbers and short decimals: PyYAML reads `1e-7` as text, and past 2^53 two numbers look alike. */
function writeNumber(value: number, path: string): string {
  const text = String(value);
  if (Number.isSafeInteger(value) || /^-?[0-9]+\.[0-9]+$/.test(text)) return text;
  throw new TypeError(`${path} is ${text}, which YAML readers do not agree on`);
}

function listEntries(map: YamlMap, path: string): readonly Entry[] {
  const pairs: readonly (readonly [string, YamlValue])[] =
    map instanceof Map ? [...map] : Object.entries(map as Record<string, YamlValue>);
  return pairs.map(([key, value]) => ({ lead: `${quoteYamlKey(key)}:`, value, path: `${path}.${key}` }));
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
