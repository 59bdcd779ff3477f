// The notebook of a detection: for each fact where it was learned, or why it is not known, and remarks for people.
// In: facts by dotted path (`cpu.cores`, `gpus.0.memoryMiB`). Out: the sources and remarks of a Detection.

import type { FactSource } from "../model/inventory.ts";
import type { ReadFailure } from "../model/ports.ts";
import { cleanText } from "./clean-text.ts";

export interface FactNotes {
  readonly sources: Record<string, FactSource>;
  readonly remarks: string[];
  /** The fact is known, from this file or command line. */
  learned(fact: string, from: string): void;
  /** The fact is not known, and why. */
  unknown(fact: string, from: string | null, why: string): void;
  remark(text: string): void;
}

export function openFactNotes(): FactNotes {
  const sources: Record<string, FactSource> = {};
  const remarks: string[] = [];
  return {
    sources,
    remarks,
    learned: (fact, from) => {
      sources[fact] = { from };
    },
    unknown: (fact, from, why) => {
      sources[fact] = { from, unknown: cleanText(why, 200) ?? "no reason given" };
    },
    remark: (text) => {
      const clean = cleanText(text, 400);
      if (clean !== null && !remarks.includes(clean)) remarks.push(clean);
    },
  };
}

/** `ENOENT` in words, with the file. */
export function explainFailure(path: string, failure: ReadFailure): string {
  if (failure.code === "ENOENT" || failure.code === "ENOTDIR") return `no ${path}`;
  if (failure.code === "EACCES" || failure.code === "EPERM") return `${path} is not readable for this user`;
  return `${path}: ${failure.code}`;
}
