// `auth put` and `auth rotate`: puts a credential into its file, whole or not at all, closed to others. A new
// one is tried before the old one is replaced. In: the secret (from standard input), the place. Out: where it
// lies now, or why nothing was changed.

import * as fs from "node:fs";
import { dirname, join } from "node:path";
import type { Secret } from "../base/secret.ts";
import { errnoOf, WorldError } from "../base/world-error.ts";
import type { AuthSpec } from "../model/fleet.ts";
import { type CredentialPlaces, placeOf } from "./credentials.ts";
import { readSecretFile } from "./credentials-file.ts";
import { isKey, parsePrivateKey, parseToken } from "./credentials-parse.ts";
import { openNewFlags } from "./open-flags.ts";

export type StoreAnswer =
  | { readonly kind: "stored"; readonly path: string; readonly replaced: boolean }
  /** Nothing was changed. `message` is a sentence without the secret. */
  | { readonly kind: "refused"; readonly message: string; readonly help: string | null };

/** The file that a target's credential belongs into; null: it has none on this host. Keys are told by their form. */
export function locateCredential(
  auth: AuthSpec,
  places: Pick<CredentialPlaces, "userFolder">,
  given: Secret,
): { readonly path: string; readonly format: "key" | "token" } | null {
  switch (auth.kind) {
    case "app":
      return { path: placeOf(auth.privateKey, places), format: "key" };
    case "token":
      return { path: placeOf(auth.file, places), format: "token" };
    case "search": {
      const folder = placeOf(auth.folder, places);
      return isKey(given)
        ? { path: join(folder, "app.pem"), format: "key" }
        : { path: join(folder, "token"), format: "token" };
    }
    default:
      return null;
  }
}

/** Owner is this process: root for the system's install. Throws a WorldError when the disk refuses. */
export function putCredential(
  place: { readonly path: string; readonly format: "key" | "token" },
  given: Secret,
  uid: number,
): StoreAnswer {
  const fault = inspectText(given, place.format);
  if (fault !== null) return { kind: "refused", message: `what came on standard input ${fault}`, help: null };
  const { path } = place;
  try {
    fs.mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    const before = fs.lstatSync(path, { throwIfNoEntry: false });
    if (before?.isSymbolicLink() === true) {
      const help = "Write to what it points to, or remove the link.";
      return { kind: "refused", message: `${path} is a symbolic link`, help };
    }
    const part = writePart(path, given);
    // Where others may change the folder, the same check refuses at every start: say it now.
    const check = readSecretFile(part, { uid });
    if (check.kind !== "read") {
      fs.unlinkSync(part);
      const message = check.kind === "refused" ? check.message : `${part} is gone again`;
      return { kind: "refused", message, help: check.kind === "refused" ? check.help : null };
    }
    fs.renameSync(part, path);
    syncFolder(dirname(path));
    return { kind: "stored", path, replaced: before !== undefined };
  } catch (cause) {
    if (errnoOf(cause) === null) throw cause;
    throw new WorldError(`put the credential into ${path}`, cause);
  }
}

/** `verify` tries the new one at GitHub; a sentence from it means no. */
export async function rotateCredential(
  place: { readonly path: string; readonly format: "key" | "token" },
  given: Secret,
  uid: number,
  verify: (given: Secret) => Promise<string | null>,
): Promise<StoreAnswer> {
  const fault = inspectText(given, place.format);
  if (fault !== null) return { kind: "refused", message: `what came on standard input ${fault}`, help: null };
  const no = await verify(given);
  if (no === null) return putCredential(place, given, uid);
  const help = `The old one in ${place.path} stays in force.`;
  return { kind: "refused", message: `the new credential does not do: ${no}`, help };
}

/** Completes "what came on standard input …"; null: it looks right. */
function inspectText(given: Secret, format: "key" | "token"): string | null {
  const parsed = format === "key" ? parsePrivateKey(given) : parseToken(given);
  return parsed.ok ? null : parsed.why;
}

function writePart(path: string, given: Secret): string {
  const part = join(dirname(path), `.${process.pid}.${Date.now()}.part`);
  const fd = fs.openSync(part, openNewFlags, 0o600);
  try {
    fs.fchmodSync(fd, 0o600);
    fs.writeFileSync(fd, `${given.reveal().trim()}\n`);
    fs.fsyncSync(fd);
  } catch (cause) {
    fs.rmSync(part, { force: true });
    throw cause;
  } finally {
    fs.closeSync(fd);
  }
  return part;
}

function syncFolder(folder: string): void {
  const fd = fs.openSync(folder, "r");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
