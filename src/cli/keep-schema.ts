// Keeps fleet.schema.json beside the spec, so that editors know the keys of the ci-fleet that is used here.
// In: the spec's folder. Out: whether the file is up to date; the file.

import { join } from "node:path";
import { replaceFile } from "../adapters/replace-file.ts";
import { inspectFile, readPlainFile } from "../adapters/write-files-guard.ts";
import { hashText } from "../base/hash-text.ts";
import { WorldError } from "../base/world-error.ts";
import { buildSchema } from "../spec/build-schema.ts";

/** sha256 of `writeSchemaText()`: build.mjs puts it in, for making the text takes longer than a small render. */
declare const CI_FLEET_SCHEMA: string | undefined;

export const SCHEMA_NAME = "fleet.schema.json";

export function writeSchemaText(): string {
  return `${JSON.stringify(buildSchema(), null, 2)}\n`;
}

export type SchemaState = "absent" | "current" | "outdated" | "foreign";

/** `foreign`: something else has the name, and is left alone. */
export function inspectSchema(specFolder: string): SchemaState {
  const path = join(specFolder, SCHEMA_NAME);
  const state = inspectFile(path);
  if (state.kind === "absent") return "absent";
  if (state.kind === "other") return "foreign";
  const text = readPlainFile(path);
  if (isCurrent(text)) return "current";
  return text === "" || isOurs(text) ? "outdated" : "foreign";
}

function isCurrent(text: string): boolean {
  return typeof CI_FLEET_SCHEMA === "string"
    ? hashText(text) === CI_FLEET_SCHEMA
    : text === writeSchemaText();
}

/** Every version of ours says so in its title. */
function isOurs(text: string): boolean {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document !== "object" || document === null) return false;
    return String((document as Record<string, unknown>).title).startsWith("ci-fleet: ");
  } catch {
    return false;
  }
}

export function writeSchema(specFolder: string): void {
  try {
    replaceFile(specFolder, SCHEMA_NAME, writeSchemaText(), 0o644);
  } catch (cause) {
    throw cause instanceof WorldError
      ? cause
      : new WorldError(`write ${join(specFolder, SCHEMA_NAME)}`, cause);
  }
}
