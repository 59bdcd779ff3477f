// What is installed on this host against what the spec renders to. In: the fleet, the host, its places. Out: the
// files that differ, copies of the spec among them; an installed record says whether `apply` was here at all.

import { placeRecords } from "../../apply/places.ts";
import { readPending } from "../../apply/records.ts";
import { type HostSources, isApplied, wantHost } from "../../apply/want-host.ts";
import type { DriftedFile } from "../../doctor/facts.ts";
import type { PendingSlot, Wanted, WantedFile, WantedSlot } from "../../model/apply.ts";
import { type Seen, seen, unseen } from "../../model/host-observation.ts";
import type { Plan } from "../../model/plan.ts";
import type { HostFiles } from "../../model/ports.ts";
import { renderPlan } from "../../render/render-plan.ts";
import type { ThisHost } from "../this-host.ts";

export interface InstalledState {
  readonly installed: Seen<boolean>;
  /** An apply was cut off, or is at work. */
  readonly isUnfinished: boolean;
  readonly drift: readonly DriftedFile[];
  readonly pending: readonly PendingSlot[];
  /** As rendered now; the generation of each is what a running container should have. */
  readonly slots: readonly WantedSlot[];
  /** null: nothing is put in force here. */
  readonly wanted: Wanted | null;
}

/** `copies`: of the spec that the plan was made of. */
export function readInstalledState(
  plan: Plan,
  { host, places }: ThisHost,
  files: HostFiles,
  copies: HostSources["copies"],
): InstalledState {
  const records = placeRecords(places);
  const stat = files.stat(records.generation);
  const installed: Seen<boolean> = stat.ok
    ? seen(true)
    : stat.code === "ENOENT" || stat.code === "ENOTDIR"
      ? seen(false)
      : unseen(`${records.generation}: ${stat.code}`);
  const isUnfinished = files.stat(records.journal).ok;
  if (!isApplied(host)) return { installed, isUnfinished, drift: [], pending: [], slots: [], wanted: null };
  const pending = files.readText(records.pending);
  const rendered = renderPlan(plan, new Set([host.name]), copies);
  const want = (also: HostSources["copies"]) =>
    wantHost({ plan, host, places, rendered, copies: also, program: null });
  const whole = want(copies);
  // Copies alone can clash with what is rendered: apply refuses that.
  const wanting = whole.kind === "clash" ? want([]) : whole;
  if (wanting.kind === "clash") throw new Error(`rendered files clash: ${wanting.paths.join(", ")}`);
  return {
    installed,
    isUnfinished,
    drift: wanting.wanted.files.flatMap((file) => compareFile(files, file) ?? []),
    pending: pending.ok ? readPending(pending.value).slots : [],
    slots: wanting.wanted.slots,
    wanted: wanting.wanted,
  };
}

/** null: the same. */
function compareFile(files: HostFiles, { path, content, mode }: WantedFile): DriftedFile | null {
  const text = files.readText(path);
  if (!text.ok) {
    const gone = text.code === "ENOENT" || text.code === "ENOTDIR";
    return { path, state: gone ? "missing" : text.code === "EACCES" ? "unreadable" : "differs" };
  }
  const stat = files.stat(path);
  const executable = stat.ok && (stat.value.mode & 0o111) !== 0;
  return text.value === content && executable === (mode === 0o755) ? null : { path, state: "differs" };
}
