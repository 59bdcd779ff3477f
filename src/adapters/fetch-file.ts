// Downloads one file, a hundred megabytes or more, within limits: a server that stops sending must not hold a host
// for ever, and one that sends without end must not fill its disk. In: address, path. Out: the file and its sha256.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Secret } from "../base/secret.ts";
import { WorldError } from "../base/world-error.ts";
import { describeNetworkFailure } from "./github-fetch.ts";
import { openNewFlags } from "./open-flags.ts";

export interface FileRequest {
  readonly url: string;
  /** Must not exist yet. */
  readonly path: string;
  /** Not sent to another server that this one leads to. */
  readonly bearer: Secret | null;
}

export type FetchFile = (request: FileRequest) => Promise<{ readonly sha256: string }>;

export interface FileLimits {
  readonly maxBytes: number;
  /** Without a byte. */
  readonly stallMs: number;
  readonly wholeMs: number;
}

const LIMITS: FileLimits = { maxBytes: 2 * 1024 ** 3, stallMs: 60_000, wholeMs: 60 * 60_000 };

export function openFetchFile(limits: FileLimits = LIMITS): FetchFile {
  return (request) => fetchFile(request, limits);
}

async function fetchFile({ url, path, bearer }: FileRequest, limits: FileLimits) {
  const operation = `download ${url}`;
  const stall = new AbortController();
  const signal = AbortSignal.any([stall.signal, AbortSignal.timeout(limits.wholeMs)]);
  let timer = setTimeout(() => stall.abort(), limits.stallMs);
  const restart = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stall.abort(), limits.stallMs);
  };
  try {
    const headers = bearer === null ? {} : { authorization: `Bearer ${bearer.reveal()}` };
    const response = await fetch(url, { headers, signal });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new WorldError(operation, `the server answered ${response.status}`);
    }
    const file = await open(path, openNewFlags, 0o600);
    const hash = createHash("sha256");
    try {
      let size = 0;
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        restart();
        size += chunk.byteLength;
        if (size > limits.maxBytes)
          throw new WorldError(operation, `it has more than ${limits.maxBytes} bytes`);
        hash.update(chunk);
        await file.writeFile(chunk);
      }
    } finally {
      await file.close();
    }
    return { sha256: hash.digest("hex") };
  } catch (cause) {
    if (cause instanceof WorldError) throw cause;
    if (stall.signal.aborted)
      throw new WorldError(operation, `not a byte came for ${limits.stallMs / 1000} s`);
    throw new WorldError(operation, describeNetworkFailure(cause));
  } finally {
    clearTimeout(timer);
  }
}

export function hashFile(path: string): Promise<string> {
  return new Promise((settle, fail) => {
    const hash = createHash("sha256");
    createReadStream(path)
      .on("data", (chunk) => hash.update(chunk))
      .on("error", (cause) => fail(new WorldError(`read ${path}`, cause)))
      .on("end", () => settle(hash.digest("hex")));
  });
}
