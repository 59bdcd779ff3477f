// Waits for the world to become something. In: a question, words for it, a deadline. Out: its first answer that
// is not null, undefined or false, or an error that names what was waited for and what was there instead.

export interface Patience {
  /** Milliseconds. */
  readonly within?: number;
  readonly every?: number;
  /** Asked once in vain: what was there instead. */
  readonly instead?: () => unknown;
}

export async function waitFor<T>(
  what: string,
  question: () => T | Promise<T>,
  { within = 90_000, every = 100, instead }: Patience = {},
): Promise<NonNullable<T>> {
  const until = performance.now() + within;
  for (;;) {
    const answer = await question();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (performance.now() >= until) break;
    await new Promise((resolve) => setTimeout(resolve, every));
  }
  const found = instead === undefined ? "" : `; instead: ${text(await instead())}`;
  throw new Error(`waited ${within / 1000} s in vain for: ${what}${found}`);
}

const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value, null, 1));
