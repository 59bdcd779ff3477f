// Keeps V8 from taking room that it needs for speed alone: the program starts with a large young generation, so that a
// short command need not collect, and what runs every few seconds, or stays, would hold three times what it uses.
// In: nothing. Out: settings, in force for this process (Node's documentation, v8.setFlagsFromString).

import { setFlagsFromString } from "node:v8";

export function staySmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  // What is left after a collection may grow by a quarter before the next one, not by as much again.
  setFlagsFromString("--heap-growing-percent=25");
  keepFetchSmall();
}

/**
 * Before the first `fetch`, whose parser of HTTP (llhttp, in undici) is WebAssembly: V8's optimizing compiler takes 20 MB
 * for it, and a hundred answers are parsed as fast without. All three, for a flag set now brings no others along.
 */
export function keepFetchSmall(): void {
  for (const flag of ["--liftoff-only", "--no-wasm-tier-up", "--no-wasm-dynamic-tiering"]) {
    setFlagsFromString(flag);
  }
}
