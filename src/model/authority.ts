// The certificate authority of `network.ca` on its way to those who have to trust it. A spec may name a file of the
// repository, whose certificates are then rendered and installed, or a file that every host has by itself.
// In: nothing. Out: records, and where the file is on a host.

import type { NetworkSpec } from "./fleet.ts";

/** Below a host's rendered folder, and below the folder where it is installed. A folder of its own: Go reads all. */
export const AUTHORITY_FOLDER = "authority";
export const AUTHORITY_FILE = `${AUTHORITY_FOLDER}/ca.pem`;

/** `ca` is where hosts installed for the whole system have it. */
export interface PlannedNetwork extends NetworkSpec {
  /** Certificates in PEM, where the repository has the file; null: every host has its own at `ca`, or none is asked for. */
  readonly caContent: string | null;
}

/** What reading the file of a repository gave. */
export type AuthorityRead = { readonly pem: string } | { readonly problem: string };

/** A path in the repository, as opposed to one on the hosts. */
export function isInRepository(ca: string): boolean {
  return !ca.startsWith("/");
}

/** `config`: the host's folder of configuration, the system's or a user's. */
export function locateAuthority(
  { ca, caContent }: Pick<PlannedNetwork, "ca" | "caContent">,
  config: string,
): string | null {
  return caContent === null ? ca : `${config}/${AUTHORITY_FILE}`;
}
