// GitHub's answers kept from pass to pass, so that what did not change costs nothing of the rate limit: a 304 is free
// (GitHub's docs, "Best practices for using the REST API"). In: a file. Out: a cache; what many passes did not ask
// for is dropped, and a pass that could not ask loses nothing.

import * as fs from "node:fs";
import { basename, dirname } from "node:path";
import type { AnswerCache, CachedAnswer } from "../model/github.ts";
import { replaceFile } from "./replace-file.ts";

export interface KeptAnswers extends AnswerCache {
  /** Ends a pass: what it did not ask for is a pass older. */
  age(): void;
  /**
   * Writes what has changed. Losing it costs requests and nothing else, yet a disk that refuses is worth a word:
   * throws a WorldError.
   */
  keep(): void;
}

const MAX_BYTES = 64 * 1024 * 1024;
/** Passes that an answer is kept without having been asked for. */
const MAX_AGE = 10;

interface Kept {
  readonly answer: CachedAnswer;
  age: number;
}

export function openAnswers(path: string): KeptAnswers {
  const kept = readAll(path);
  let hasChanged = false;
  return {
    get: (key) => {
      const found = kept.get(key);
      if (found !== undefined) found.age = 0;
      return found?.answer ?? null;
    },
    set: (key, answer) => {
      kept.set(key, { answer, age: 0 });
      hasChanged = true;
    },
    age: () => {
      for (const [key, each] of kept) {
        each.age += 1;
        if (each.age > MAX_AGE) hasChanged = kept.delete(key);
      }
    },
    keep: () => {
      if (!hasChanged && fs.existsSync(path)) return;
      replaceFile(dirname(path), basename(path), writePieces(kept), 0o600);
      hasChanged = false;
    },
  };
}

/** A page at a time, not all as one text: there may be a hundred. */
function* writePieces(kept: ReadonlyMap<string, Kept>): Iterable<string> {
  let before = "[";
  for (const [key, { answer, age }] of kept) {
    yield `${before}${JSON.stringify([key, answer, age])}`;
    before = ",\n";
  }
  yield kept.size === 0 ? "[]" : "]";
}

function readAll(path: string): Map<string, Kept> {
  try {
    const stat = fs.statSync(path);
    if (!stat.isFile() || stat.size > MAX_BYTES) return new Map();
    const value: unknown = JSON.parse(fs.readFileSync(path, "utf8"));
    return new Map(Array.isArray(value) ? value.flatMap(readEntry) : []);
  } catch {
    return new Map();
  }
}

function readEntry(entry: unknown): readonly (readonly [string, Kept])[] {
  if (!Array.isArray(entry)) return [];
  const [key, answer, age] = entry as readonly unknown[];
  const { etag, shape } = (
    typeof answer === "object" && answer !== null ? answer : {}
  ) as Partial<CachedAnswer>;
  const isWhole = typeof key === "string" && typeof etag === "string" && typeof shape === "string";
  const read = { answer: answer as CachedAnswer, age: typeof age === "number" ? age : 0 };
  return isWhole ? [[key, read]] : [];
}
