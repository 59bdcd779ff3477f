// Tells a person who waits longer than half a second what is going on. In: words and the work. Out: its result.

import type { Terminal } from "../adapters/terminal.ts";

const PATIENCE_MS = 500;

export async function showProgress<T>(terminal: Terminal, doing: string, work: Promise<T>): Promise<T> {
  if (!terminal.interactive) return work;
  const timer = setTimeout(() => terminal.err(`${doing} …\n`), PATIENCE_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
