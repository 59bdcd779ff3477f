// Lets a second render of a large fleet say "as they were" without reading its YAML: when everything that the last
// one read, and everything that it wrote, is still the same. Every doubt is a no, and the whole way is gone.
// In: a call without flags that ask for more. Out: what to print; or a record of this render for the next.

import { hash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { type RenderRecord, readRenderRecord, writeRenderRecord } from "../adapters/render-record.ts";
import { verifyRendered } from "../adapters/verify-rendered.ts";
import type { Survey } from "../adapters/write-files-records.ts";
import type { PlacedDiagnostic } from "../base/place-diagnostics.ts";
import type { CommandCall } from "./command.ts";
import { inspectSchema, SCHEMA_NAME } from "./keep-schema.ts";
import { hasInventory, inventoryPath, type LoadedFleet } from "./load-fleet.ts";
import type { Output } from "./prepare-render.ts";
import { readDocument } from "./read-document.ts";
import { readImageFolder } from "./read-image-folders.ts";
import { identifyProgram } from "./version.ts";

/** With fewer files the whole way takes a blink, and nothing has to lie about. */
const MIN_FILES = 500;
const DAY = 24 * 60 * 60 * 1000;

export interface RecalledRender {
  readonly files: number;
  readonly diagnostics: readonly PlacedDiagnostic[];
}

/** null: go the whole way. */
export function recallRender(call: CommandCall, specPath: string, output: Output): RecalledRender | null {
  const asked = describeCall(call, specPath, output);
  const record = asked === null ? null : readRenderRecord(output.root);
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

/** `survey` was committed, or had nothing to commit. */
export function rememberRender(
  call: CommandCall,
  loaded: LoadedFleet,
  survey: Survey,
  output: Output,
  diagnostics: readonly PlacedDiagnostic[],
): void {
  const asked = describeCall(call, loaded.specPath, output);
  const isClean = survey.refusals.length === 0 && survey.changes.every(({ kind }) => kind !== "stale");
  if (asked === null || !isClean || survey.unchanged + survey.changes.length < MIN_FILES) return;
  const inputs = listInputs(loaded, output);
  if (inputs === null) return;
  const manifests = [...survey.manifests].map(([group, text]) => [group, hash("sha256", text)] as const);
  const images = [...loaded.imageFolders].map(([file, folder]) => [file, hashImage(folder)] as const);
  const record: RenderRecord = {
    asked,
    inputs,
    images: Object.fromEntries(images),
    manifests: Object.fromEntries(manifests),
    diagnostics,
  };
  writeRenderRecord(output.root, record);
}

const WHOLE_WAY = ["check", "diff", "dry-run", "json", "prune", "force", "host"] as const;

/** Everything beside files that a render depends on; null where a flag asks for what a record cannot tell. */
function describeCall(call: CommandCall, specPath: string, output: Output): readonly string[] | null {
  const program = identifyProgram();
  if (program === null || WHOLE_WAY.some((flag) => call.flags.has(flag))) return null;
  // The age of a version is counted in days.
  const day = String(Math.floor(Date.now() / DAY));
  return [program, day, call.folder, specPath, output.root, String(output.isDefault)];
}

/** As they were read for this render: what has changed since then must be seen by the next. */
function listInputs(loaded: LoadedFleet, output: Output): Record<string, string | null> | null {
  const { fleet, specPath, specFolder, sources, authority } = loaded;
  if (fleet === null) return null;
  const texts = new Map<string, string>();
  for (const { doc, text } of sources) {
    texts.set(doc.kind === "spec" ? basename(specPath) : nameInventory(doc.host), hash("sha256", text));
  }
  const inputs: Record<string, string | null> = { [basename(specPath)]: null };
  for (const { name } of fleet.hosts.filter(hasInventory)) inputs[nameInventory(name)] = null;
  for (const path of Object.keys(inputs)) inputs[path] = texts.get(path) ?? null;
  if (authority !== null) {
    inputs[authority.path] = authority.text === null ? null : hash("sha256", authority.text);
  }
  if (!output.isDefault) return inputs;
  if (inspectSchema(specFolder) !== "current") return null;
  const schema = readDocument(join(specFolder, SCHEMA_NAME), SCHEMA_NAME);
  return schema === null ? null : { ...inputs, [SCHEMA_NAME]: hash("sha256", schema) };
}

function nameInventory(host: string): string {
  return inventoryPath("", host);
}

function hashImage(folder: unknown): string {
  return hash("sha256", JSON.stringify(folder));
}
