// How a quoting function says that a consumer has no way to write a text. The spec refuses such text
// first, with a diagnostic; reaching this is a bug of ours and throws. In: the context and the text.
// Out: nothing, or an error that names the context and the character.

import { cleanForTerminal } from "./terminal-text.ts";
import { nameCodePoint } from "./text-policy.ts";

export class UnwritableText extends Error {
  override readonly name = "UnwritableText";
}

export function refuseText(context: string, text: string, why: string): never {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  throw new UnwritableText(`"${cleanForTerminal(shown)}" cannot be written as ${context}: ${why}`);
}

/**
 * Throws unless `text` is a string of Unicode text that can be UTF-8, without NUL (which ends a string in
 * every consumer written in C) and without a match of `forbidden`.
 */
export function requireText(context: string, text: string, forbidden?: RegExp): void {
  // Templates and untyped data reach this too: `undefined` must never be printed as a word.
  if (typeof text !== "string") throw new TypeError(`${context} takes a string, got ${typeof text}`);
  if (!text.isWellFormed()) refuseText(context, text, "contains a lone surrogate");
  const index = text.search(/\0/);
  refuseAt(context, text, index);
  if (forbidden !== undefined) refuseAt(context, text, text.search(forbidden));
}

/** Throws unless all of `text` matches `allowed`, which must be anchored at both ends. */
export function requireMatch(context: string, text: string, allowed: RegExp): string {
  requireText(context, text);
  if (!allowed.test(text)) refuseText(context, text, `does not match ${allowed.source}`);
  return text;
}

function refuseAt(context: string, text: string, index: number): void {
  if (index < 0) return;
  refuseText(context, text, `contains ${nameCodePoint(text.codePointAt(index) ?? 0)} at offset ${index}`);
}
