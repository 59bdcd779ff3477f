// GitHub's answers kept from pass to pass, so that what did not change costs nothing of the rate limit: a 304 is free
// (GitHub's docs, "Best practices for using the REST API"). In: a file. Out: a cache; what this pass did not ask for
// is dropped when it is kept.

import * as fs from "node:fs";
import { basename, dirname } from "node:path";
import type { AnswerCache, CachedAnswer } from "../model/github.ts";
import { replaceFile } from "./replace-file.ts";

export interface KeptAnswers extends AnswerCache {
  /** Losing it costs requests and nothing else, yet a disk that refuses is worth a word: throws a WorldError. */
  keep(): void;
}

const MAX_BYTES = 64 * 1024 * 1024;

export function openAnswers(path: string): KeptAnswers {
  const before = readAll(path);
  const used = new Map<string, CachedAnswer>();
  return {
    get: (key) => {
      const found = used.get(key) ?? before.get(key) ?? null;
      if (found !== null) used.set(key, found);
      return found;
    },
    set: (key, answer) => void used.set(key, answer),
    keep: () => replaceFile(dirname(path), basename(path), JSON.stringify([...used]), 0o600),
  };
}

function readAll(path: string): ReadonlyMap<string, CachedAnswer> {
  try {
    if (fs.statSync(path).size > MAX_BYTES) return new Map();
    const value: unknown = JSON.parse(fs.readFileSync(path, "utf8"));
    return new Map(Array.isArray(value) ? value.flatMap(readEntry) : []);
  } catch {
    return new Map();
  }
}

function readEntry(entry: unknown): readonly (readonly [string, CachedAnswer])[] {
  if (!Array.isArray(entry)) return [];
  const [key, answer] = entry as readonly unknown[];
  const { etag, shape } = (
    typeof answer === "object" && answer !== null ? answer : {}
  ) as Partial<CachedAnswer>;
  const isWhole = typeof key === "string" && typeof etag === "string" && typeof shape === "string";
  return isWhole ? [[key, answer as CachedAnswer]] : [];
}
