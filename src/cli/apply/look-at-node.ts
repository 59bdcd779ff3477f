// What the scripts of a node would do now. In: what is wanted, the tools of this machine. Out: rehearsals, and whether
// a reboot is waited for, which decides whether guests with cards may start.

import { hostname } from "node:os";
import { withStage } from "../../adapters/rehearse-scripts.ts";
import { NODE_FILES, REBOOT_MARK, wordsFor } from "../../apply/node-scripts.ts";
import type { Wanted } from "../../model/apply.ts";
import type { NodeState, Rehearsal } from "../../model/apply-state.ts";
import type { HostFiles, HostTools } from "../../model/ports.ts";

export async function lookAtNode(
  wanted: Wanted | null,
  { tools, files }: { readonly tools: HostTools; readonly files: HostFiles },
  isRoot: boolean,
): Promise<NodeState> {
  const marked = files.stat(REBOOT_MARK).ok;
  const name = hostname().split(".")[0] ?? "";
  // Without root that is refused anyway.
  if (wanted === null || wanted.scripts.length === 0 || !isRoot) {
    return { name, rehearsals: new Map(), waitsForReboot: marked };
  }
  const top = `${wanted.places.config}/`;
  const staged = wanted.files.filter(
    ({ path }) => path.startsWith(top) && NODE_FILES.test(path.slice(top.length)),
  );
  return withStage(staged, tools, async ({ rehearse }) => {
    const rehearsals = new Map<string, Rehearsal>();
    let waitsForReboot = marked;
    for (const script of wanted.scripts) {
      const rehearsal = await rehearse(script.path, wordsFor(script, waitsForReboot));
      rehearsals.set(script.path, rehearsal);
      if (script.kind === "vfio" && rehearsal.kind === "ran" && rehearsal.lines.length > 0) {
        waitsForReboot = true;
      }
    }
    return { name, rehearsals, waitsForReboot };
  });
}
