// Records a render, so that the next can tell that nothing has changed (recall-render.ts). In: what was read and
// written. Out: a file beside the spec.

import { hash } from "node:crypto";
import { basename, join } from "node:path";
import { type RenderRecord, writeRenderRecord } from "../adapters/render-record.ts";
import type { Survey } from "../adapters/write-files-records.ts";
import type { PlacedDiagnostic } from "../base/place-diagnostics.ts";
import type { Output } from "./choose-output.ts";
import type { CommandCall } from "./command.ts";
import { inspectSchema, SCHEMA_NAME } from "./keep-schema.ts";
import { hasInventory, inventoryPath, type LoadedFleet } from "./load-fleet.ts";
import { readDocument } from "./read-document.ts";
import { describeCall, hashImage } from "./recall-render.ts";

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
  if (asked === null || !isClean) return;
  const inputs = listInputs(loaded);
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
  writeRenderRecord(loaded.specFolder, record);
}

/** As they were read for this render: what has changed since then must be seen by the next. */
function listInputs(loaded: LoadedFleet): Record<string, string | null> | null {
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
  if (inspectSchema(specFolder) !== "current") return null;
  const schema = readDocument(join(specFolder, SCHEMA_NAME), SCHEMA_NAME);
  return schema === null ? null : { ...inputs, [SCHEMA_NAME]: hash("sha256", schema) };
}

function nameInventory(host: string): string {
  return inventoryPath("", host);
}
