// The words in which the table describes the spec: what a value is, its default, its sentence in the
// reference. Types come from the same words, so that what was checked is what the code may read.
// In: nothing. Out: builders of rules and keys.

import type { FormatName } from "./formats.ts";

/** What a value may be. `T` exists for the compiler alone: the checked value's type. */
export interface Rule<T> {
  readonly shape: Shape;
  readonly checked?: T;
}

export type Shape =
  | { readonly kind: "text"; readonly format: FormatName; readonly orScalar: boolean }
  | { readonly kind: "size" | "duration"; readonly min: string; readonly max: string }
  | { readonly kind: "integer" | "number"; readonly min: number; readonly max: number }
  | { readonly kind: "flag" }
  | { readonly kind: "choice"; readonly options: readonly string[] }
  | { readonly kind: "list"; readonly of: Rule<unknown>; readonly min: number; readonly max: number }
  | DictShape
  | RecordShape
  /** Records told apart by the value of their key `kind`. */
  | {
      readonly kind: "kinds";
      readonly fallback: string;
      readonly cases: Readonly<Record<string, Rule<unknown>>>;
    }
  /** A scalar form and a mapping form. */
  | { readonly kind: "either"; readonly scalar: Rule<unknown>; readonly map: Rule<unknown> };

export interface DictShape {
  readonly kind: "dict";
  readonly keys: FormatName;
  /** What a key names: `host`. */
  readonly noun: string;
  readonly of: Rule<unknown>;
  readonly min: number;
  readonly max: number;
}

export interface RecordShape {
  readonly kind: "record";
  /** Heading in the reference: `A pool`. */
  readonly title: string;
  readonly keys: Readonly<Record<string, Key<unknown>>>;
  /** Words that people try instead, with what to write: `replicas` → `runners`. */
  readonly synonyms: Readonly<Record<string, string>>;
}

export interface Key<T> {
  readonly rule: Rule<unknown>;
  readonly need: "required" | "optional" | "defaulted";
  /** The default as a person would write it in YAML; null where there is none. */
  readonly fallback: string | number | boolean | readonly string[] | null;
  /** One or more sentences for the reference page and for editors. */
  readonly doc: string;
  /** The value as YAML, in flow style. */
  readonly example: string;
  /** First ci-fleet with this key. */
  readonly since: string;
  readonly checked?: T;
}

type AnyKeys = Readonly<Record<string, Key<unknown>>>;
type KeyValue<K> = K extends Key<infer T> ? T : never;
export type RecordValue<K extends AnyKeys> = { readonly [P in keyof K]: KeyValue<K[P]> };
export type RuleValue<R> = R extends Rule<infer T> ? T : never;

const SINCE = "0.1";

export function required<T>(rule: Rule<T>, doc: string, example: string): Key<T> {
  return { rule, need: "required", fallback: null, doc, example, since: SINCE };
}

/** Absent means null: unknown, not asked for. */
export function optional<T>(rule: Rule<T>, doc: string, example: string): Key<T | null> {
  return { rule, need: "optional", fallback: null, doc, example, since: SINCE };
}

export function defaulted<T>(
  rule: Rule<T>,
  fallback: string | number | boolean | readonly string[],
  doc: string,
  example: string,
): Key<T> {
  return { rule, need: "defaulted", fallback, doc, example, since: SINCE };
}

/** A record that is filled with its own defaults when it is absent. */
export function filled<T>(rule: Rule<T>, doc: string, example: string): Key<T> {
  return { rule, need: "defaulted", fallback: null, doc, example, since: SINCE };
}

export function text(format: FormatName): Rule<string> {
  return { shape: { kind: "text", format, orScalar: false } };
}

/** Plain numbers and booleans are taken too, with the text exactly as written. */
export function textOrScalar(format: FormatName): Rule<string> {
  return { shape: { kind: "text", format, orScalar: true } };
}

/** Bytes. */
export function size(min: string, max: string): Rule<number> {
  return { shape: { kind: "size", min, max } };
}

/** Milliseconds. */
export function duration(min: string, max: string): Rule<number> {
  return { shape: { kind: "duration", min, max } };
}

export function integer(min: number, max: number): Rule<number> {
  return { shape: { kind: "integer", min, max } };
}

export function number(min: number, max: number): Rule<number> {
  return { shape: { kind: "number", min, max } };
}

export function flag(): Rule<boolean> {
  return { shape: { kind: "flag" } };
}

export function choice<const O extends readonly string[]>(...options: O): Rule<O[number]> {
  return { shape: { kind: "choice", options } };
}

export function list<T>(of: Rule<T>, min = 0, max = 1000): Rule<readonly T[]> {
  return { shape: { kind: "list", of, min, max } };
}

/** Name → value; a Map, so that no name is special. */
export function dict<T>(
  keys: FormatName,
  noun: string,
  of: Rule<T>,
  min: number,
  max: number,
): Rule<ReadonlyMap<string, T>> {
  return { shape: { kind: "dict", keys, noun, of, min, max } };
}

export function record<K extends AnyKeys>(
  title: string,
  keys: K,
  synonyms: Readonly<Record<string, string>> = {},
): Rule<RecordValue<K>> {
  return { shape: { kind: "record", title, keys, synonyms } };
}

export function kinds<C extends Readonly<Record<string, Rule<unknown>>>>(
  fallback: keyof C & string,
  cases: C,
): Rule<{ [P in keyof C]: { readonly kind: P; readonly value: RuleValue<C[P]> } }[keyof C]> {
  return { shape: { kind: "kinds", fallback, cases } };
}

export function either<S, M>(scalar: Rule<S>, map: Rule<M>): Rule<S | M> {
  return { shape: { kind: "either", scalar, map } };
}
