// A credential was refused, by GitHub or by us before it was used: a failed world of its own kind, with its own
// exit code (77, sysexits.h EX_NOPERM). In: what was tried and why it failed. Out: the error.

import { WorldError } from "./world-error.ts";

export class CredentialError extends WorldError {
  /** Permission that would do, null where GitHub names none. */
  readonly missing: string | null;

  constructor(operation: string, cause: string, help: string | null, missing: string | null) {
    super(operation, missing === null ? cause : `${cause}; missing permission: ${missing}`, help);
    this.missing = missing;
  }
}
