// Scalars for YAML. Readers differ (PyYAML reads 1.1, go-yaml something between, npm's yaml 1.2), and a
// plain word that one takes for text is a boolean, a number or a time to another. In: any text. Out: a
// scalar that all of them read as exactly that text.

import { quoteYamlText } from "../base/quote-yaml-text.ts";
import { refuseText, requireText } from "../base/unwritable-text.ts";

/** Words that YAML 1.1 (type/bool, type/null), or a reader beside it, takes for something else than text. */
const SPECIAL_WORDS = new Set("y n yes no on off true false null none nan inf infinity".split(" "));

/** Starts with a letter (so no number, no date, no indicator) and has only inner characters without meaning. */
const PLAIN_WORD = /^[A-Za-z/](?:[A-Za-z0-9_./-]*[A-Za-z0-9_/])?$/;
const PLAIN_KEY = /^[A-Za-z_](?:[A-Za-z0-9_./-]*[A-Za-z0-9_])?$/;

/** YAML 1.2 section 7.4: an implicit key is "limited to 1024 Unicode characters"; quotes and escapes count. */
const MAX_KEY_LENGTH = 1000;

/** A double-quoted scalar; throws for what no scalar can hold. */
export function quoteYaml(text: string): string {
  if (typeof text !== "string") throw new TypeError(`a YAML string takes a string, got ${typeof text}`);
  if (!text.isWellFormed()) refuseText("a YAML string", text, "contains a lone surrogate");
  return quoteYamlText(text);
}

/** A mapping key: bare where no reader could take it for anything but text (`on`, `y` and `NO` are not). */
export function quoteYamlKey(text: string): string {
  if (isPlain(text, PLAIN_KEY)) return text;
  const quoted = quoteYaml(text);
  if (quoted.length > MAX_KEY_LENGTH) refuseText("a YAML key", text, "is too long");
  return quoted;
}

/** A bare word chosen by code, never by data. Throws where a reader could see more than text in it. */
export function writePlainYaml(word: string): string {
  if (!isPlain(word, PLAIN_WORD)) refuseText("a bare YAML word", word, "is not plainly text");
  return word;
}

/**
 * Compose's interpolation: `$$` is a dollar sign in every value (Compose file reference, "Interpolation").
 * It happens after YAML is read, so this comes first and `quoteYaml` second. Keys are not interpolated.
 */
export function escapeComposeDollars(text: string): string {
  requireText("a Compose value", text);
  return text.replaceAll("$", "$$$$");
}

/** A string value in a Compose file. */
export function quoteComposeYaml(text: string): string {
  return quoteYaml(escapeComposeDollars(text));
}

function isPlain(text: string, pattern: RegExp): boolean {
  return text.length <= 128 && pattern.test(text) && !SPECIAL_WORDS.has(text.toLowerCase());
}
