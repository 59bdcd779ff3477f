// The certificates of `network.ca`, where the repository has them, for one host. In: the plan and the host.
// Out: the file, or none.

import { AUTHORITY_FILE } from "../model/authority.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";

export function renderAuthority({ network }: Plan, host: PlannedHost): readonly RenderedFile[] {
  if (network.caContent === null || host.supervision === "none") return [];
  return [{ path: `hosts/${host.name}/${AUTHORITY_FILE}`, content: network.caContent, mode: 0o644 }];
}
