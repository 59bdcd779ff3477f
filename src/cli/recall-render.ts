// Lets a second render say "as they were" without reading any YAML: when everything that the last one read, and
// everything that it wrote, is still the same. Every doubt is a no, and the whole way is gone.
// In: a call without flags that ask for more. Out: what to print.

import { hash } from "node:crypto";
import { dirname, join } from "node:path";
import { readRenderRecord } from "../adapters/render-record.ts";
import { verifyRendered } from "../adapters/verify-rendered.ts";
import type { PlacedDiagnostic } from "../base/place-diagnostics.ts";
import type { Output } from "./choose-output.ts";
import type { CommandCall } from "./command.ts";
import { readDocument } from "./read-document.ts";
import { readImageFolder } from "./read-image-folders.ts";
import { identifyProgram } from "./version.ts";

const DAY = 24 * 60 * 60 * 1000;

export interface RecalledRender {
  readonly files: number;
  readonly diagnostics: readonly PlacedDiagnostic[];
}

/** null: go the whole way. */
export function recallRender(call: CommandCall, specPath: string, output: Output): RecalledRender | null {
  const asked = describeCall(call, specPath, output);
  const record = asked === null ? null : readRenderRecord(dirname(specPath));
  if (record === null || asked?.join("\n") !== record.asked.join("\n")) return null;
  const folder = dirname(specPath);
  const sameInputs = Object.entries(record.inputs).every(([path, recorded]) => {
    const text = readDocument(join(folder, path), path);
    return (text === null ? null : hash("sha256", text)) === recorded;
  });
  if (!sameInputs) return null;
  const sameImages = Object.entries(record.images).every(
    ([dockerfile, recorded]) => hashImage(readImageFolder(dockerfile, folder)) === recorded,
  );
  const files = sameImages ? verifyRendered(output.root, record.manifests) : null;
  return files === null ? null : { files, diagnostics: record.diagnostics };
}

const WHOLE_WAY = ["check", "diff", "dry-run", "json", "prune", "force", "host", "accept-risk"] as const;

/** Everything beside files that a render depends on; null where a flag asks for what a record cannot tell. */
export function describeCall(call: CommandCall, specPath: string, output: Output): readonly string[] | null {
  const program = identifyProgram();
  if (program === null || !output.isDefault || WHOLE_WAY.some((flag) => call.flags.has(flag))) return null;
  // The age of a version is counted in days.
  const day = String(Math.floor(Date.now() / DAY));
  return [program, day, call.folder, specPath];
}

export function hashImage(folder: unknown): string {
  return hash("sha256", JSON.stringify(folder));
}
