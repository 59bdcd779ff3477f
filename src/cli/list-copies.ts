// What the plan was made of, as files: a host keeps it beside the rendered ones, for units read it again at each start,
// and a new machine is given it for its first boot. In: a loaded fleet. Out: copies by path below the spec's folder.

import { dirname, normalize } from "node:path";
import type { RenderedFile } from "../model/rendered-file.ts";
import type { LoadedFleet } from "./load-fleet.ts";

/** The spec has one name there, by which units find it again. */
export function listCopies({
  sources,
  imageFolders,
  authority,
}: Pick<LoadedFleet, "sources" | "imageFolders" | "authority">): readonly RenderedFile[] {
  const copies: RenderedFile[] = [];
  for (const { doc, text } of sources) {
    const path = doc.kind === "spec" ? "fleet.yaml" : `hosts/${doc.host}.yaml`;
    copies.push({ path, content: text, mode: 0o644 });
  }
  if (authority !== null && "pem" in authority.read) {
    copies.push({ path: normalize(authority.path), content: authority.read.pem, mode: 0o644 });
  }
  for (const [dockerfile, files] of imageFolders) {
    if (typeof files === "string") continue;
    const top = dirname(normalize(dockerfile));
    // The reader of image folders keeps inside the spec's folder, by links if need be; copies go by the name.
    if (top.startsWith("..") || top.startsWith("/")) continue;
    for (const { path, content, executable } of files) {
      copies.push({ path: `${top}/${path}`, content, mode: executable ? 0o755 : 0o644 });
    }
  }
  return copies;
}
