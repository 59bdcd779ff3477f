// Says what is going on when it takes longer than half a second. In: words and the work. Out: its result.

import type { Terminal } from "../adapters/terminal.ts";

const PATIENCE_MS = 500;

export async function showProgress<T>(terminal: Terminal, doing: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => terminal.err(`${doing} …\n`), PATIENCE_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
