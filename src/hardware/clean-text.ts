// Makes text that hardware, firmware and tools gave us fit to print and to write: a monitor's or a disk's name is
// whatever its maker, or an attacker, put there. In: any string. Out: one printable line of limited length, or null.

import { findForbiddenCharacter } from "../base/text-policy.ts";

export const MAX_LEARNED_TEXT = 120;

/** What board makers leave in DMI fields that they did not fill in. */
const FILLERS = new Set([
  "default string",
  "none",
  "not applicable",
  "not specified",
  "o.e.m.",
  "oem",
  "system manufacturer",
  "system product name",
  "system version",
  "to be filled by o.e.m.",
  "unknown",
  "n/a",
  "[n/a]",
  "[not supported]",
]);

/** Control, bidirectional, zero-width and malformed characters become spaces; runs of white space become one. */
export function cleanText(text: string, limit = MAX_LEARNED_TEXT): string | null {
  // Far more than can remain, so that a huge string costs nothing.
  const start = text.slice(0, limit * 8);
  let clean = "";
  for (const character of start) clean += isRefused(character) ? " " : character;
  const line = clean.replace(/\s+/g, " ").trim();
  return cutAt(line, limit) || null;
}

/** Like `cleanText`, and null for what means "nobody filled this in". */
export function cleanLabel(text: string): string | null {
  const clean = cleanText(text);
  return clean === null || FILLERS.has(clean.toLowerCase()) ? null : clean;
}

/** A word that other parts compare or build names with: version numbers, driver names, device names. */
export function cleanWord(text: string, pattern = /^[A-Za-z0-9][A-Za-z0-9._+:~-]*$/): string | null {
  const word = text.trim();
  return word.length <= 80 && pattern.test(word) ? word : null;
}

function isRefused(character: string): boolean {
  if (findForbiddenCharacter(character, { multiline: false }) !== null) return true;
  // Default-ignorable characters that the input policy admits in a spec but that make two names look like one.
  return /[\u00ad\u200b-\u200f\u2060-\u2065\u206a-\u206f\ufff9-\ufffd]/.test(character);
}

function cutAt(line: string, limit: number): string {
  if (line.length <= limit) return line;
  // Not between the halves of a surrogate pair.
  const end = /[\ud800-\udbff]$/.test(line.slice(0, limit)) ? limit - 1 : limit;
  return line.slice(0, end).trimEnd();
}
