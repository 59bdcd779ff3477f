// What somebody else's JSON may be taken for, for those who read it key by key: files that a crash, a job or another
// version may have left, and answers of GitHub, Docker and brokers. In: a text or a value of any form. Out: an object
// whose values are still unknown, or null; never an exception.

export type JsonObject = Readonly<Record<string, unknown>>;

/** An array is no object here. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function asObject(value: unknown): JsonObject | null {
  return isObject(value) ? value : null;
}

/** null: no JSON, or another value. */
export function parseObject(text: string): JsonObject | null {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Entries that cannot be read are left out; what is no object has none. */
export function readEach<T>(value: unknown, read: (entry: unknown) => T | null): Readonly<Record<string, T>> {
  const found: [string, T][] = [];
  for (const [key, entry] of Object.entries(asObject(value) ?? {})) {
    const one = read(entry);
    if (one !== null) found.push([key, one]);
  }
  return Object.fromEntries(found);
}
