// Reads the certificates of `network.ca` where the spec names a file of its repository. In: the path as written, the
// spec's folder. Out: the certificates alone, in one form, or why there are none. What a repository holds may have
// been written by anyone: links out of it are not followed, and a private key is not spread.

import { join } from "node:path";
import { describeCause, WorldError } from "../base/world-error.ts";
import { type AuthorityRead, isInRepository, type PlannedNetwork } from "../model/authority.ts";
import type { NetworkSpec } from "../model/fleet.ts";
import { readDocumentBelow } from "./read-document.ts";

/** cloud-init hands it to a command in one argument, of which the kernel takes 128 KiB. */
const MAX_CHARACTERS = 64 * 1024;

export interface AuthorityFile {
  /** As the spec has it. */
  readonly path: string;
  /** As it was read; null where it could not be. */
  readonly text: string | null;
  readonly read: AuthorityRead;
}

/** null: the spec names none, or one that the hosts have. */
export function readAuthority(ca: string | null, specFolder: string): AuthorityFile | null {
  if (ca === null || !isInRepository(ca)) return null;
  let text: string | null = null;
  try {
    text = readDocumentBelow(specFolder, join(specFolder, ca), ca);
  } catch (cause) {
    if (cause instanceof WorldError) return { path: ca, text, read: { problem: describeCause(cause.cause) } };
    throw cause;
  }
  const read = text === null ? { problem: "there is no such file" } : pickCertificates(text);
  return { path: ca, text, read };
}

/** For commands that need no plan. Throws WorldError where the file is of no use. */
export function readNetwork(network: NetworkSpec, specFolder: string): PlannedNetwork {
  const file = readAuthority(network.ca, specFolder);
  if (file === null) return { ...network, caContent: null };
  if ("pem" in file.read) return { ...network, caContent: file.read.pem };
  throw new WorldError(`use ${file.path} of network.ca`, file.read.problem);
}

/** RFC 7468. Whatever stands around the certificates stays behind. */
export function pickCertificates(text: string): AuthorityRead {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    return { problem: "it holds a private key, which nobody but the authority may have" };
  }
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return { problem: "it holds no certificate in PEM" };
  // Loaded for those who need it alone: start-up is felt.
  const { X509Certificate } = process.getBuiltinModule("node:crypto");
  const certificates: string[] = [];
  for (const [index, block] of blocks.entries()) {
    try {
      certificates.push(new X509Certificate(block).toString());
    } catch {
      return { problem: `its certificate number ${index + 1} cannot be read` };
    }
  }
  const pem = certificates.join("");
  if (pem.length > MAX_CHARACTERS)
    return { problem: `its certificates take more than ${MAX_CHARACTERS / 1024} KiB` };
  return { pem };
}
