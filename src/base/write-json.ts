// JSON with one spelling for one value, so that equal plans give equal bytes whatever order the code built
// them in. In: plain data. Out: text with sorted keys.

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Two spaces, keys sorted by UTF-16 code unit, a line feed at the end. Throws on what JSON cannot say. */
export function writeJson(value: JsonValue): string {
  return `${JSON.stringify(sortKeys(value, "$"), null, 2)}\n`;
}

/** One line without spaces, keys sorted: for hashes and for values inside other formats. */
export function writeCompactJson(value: JsonValue): string {
  return JSON.stringify(sortKeys(value, "$"));
}

/**
 * JSON.stringify would drop `undefined`, write NaN as null, call toJSON, and write a lone surrogate as an
 * escape that strict readers refuse: all of these are bugs here.
 */
function sortKeys(value: unknown, path: string): unknown {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") return requireWellFormed(value, path);
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value;
    throw new TypeError(`${path} is ${value}, which JSON cannot say`);
  }
  if (Array.isArray(value)) return value.map((item, at) => sortKeys(item, `${path}[${at}]`));
  if (typeof value !== "object" || !isPlain(value)) {
    throw new TypeError(`${path} is ${typeof value}, which JSON cannot say`);
  }
  // No prototype: a key `__proto__` must stay a key.
  const sorted: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(value).sort()) {
    requireWellFormed(key, path);
    sorted[key] = sortKeys((value as Record<string, unknown>)[key], `${path}.${key}`);
  }
  return sorted;
}

function requireWellFormed(text: string, path: string): string {
  if (text.isWellFormed()) return text;
  throw new TypeError(`${path} holds a lone surrogate, which JSON cannot say`);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
