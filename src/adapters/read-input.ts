// Reads a secret from a stream to its end. In: the stream. Out: the secret; a WorldError where it is longer than any.

import { Secret } from "../base/secret.ts";
import { WorldError } from "../base/world-error.ts";

/** A private key of 16384 bits has 13 kB. */
const MAX_BYTES = 64 * 1024;

export async function readAll(stream: AsyncIterable<string | Uint8Array>): Promise<Secret> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    size += bytes.length;
    if (size > MAX_BYTES)
      throw new WorldError("read the credential", "standard input holds more than any credential");
    chunks.push(bytes);
  }
  return new Secret(new TextDecoder("utf-8").decode(Buffer.concat(chunks)));
}
