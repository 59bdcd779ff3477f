// The sha256 of texts, from a module that takes longer to load than a small `validate` takes to run: it is loaded
// when the first text is hashed. In: text, or bytes. Out: 64 hex digits.

type Crypto = typeof import("node:crypto");

let crypto: Crypto | null = null;

/** The hash of all parts, one after the other. */
export function hashText(...parts: readonly (string | Uint8Array)[]): string {
  crypto ??= process.getBuiltinModule("node:crypto");
  const [first = "", ...more] = parts;
  if (more.length === 0) return crypto.hash("sha256", first);
  const hash = crypto.createHash("sha256").update(first);
  for (const part of more) hash.update(part);
  return hash.digest("hex");
}
