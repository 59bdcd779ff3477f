// Folders that outlive the job which wrote them, in places where jobs believe to be alone. In: the draft.
// Out: CF208, CF505.

import type { PoolSpec, VolumeSpec } from "../../model/fleet.ts";
import { type Draft, type Rule, relatePool } from "../draft.ts";
import { eachVolume, hidesRunner, isWithin } from "./mount-rules.ts";

/** Where a job's tools unpack and write without asking whether somebody else does so too. */
const OWN_FOLDERS = ["/home/runner/_work", "/opt/hostedtoolcache", "/tmp", "/var/tmp"];
/** And where what they leave is read, or run, by the next job. */
const LEFT_FOLDERS = [...OWN_FOLDERS, "/home/runner", "/root", "/var/lib/docker"];

/** actions/toolkit, tool-cache: no lock, a half-unpacked tool is found by whoever looks. */
const sharedByRunners: Rule = eachVolume((draft, pool, volume, path, say) => {
  if (volume.readOnly || !liesIn(volume.target, OWN_FOLDERS)) return;
  const other = findOtherPool(draft, pool, volume);
  if (other === null && countOnOneHost(pool) < 2) return;
  say("CF208", path, {
    message: `several runners write to ${volume.source} at once, each as if ${volume.target} were its own`,
    help: "use a folder of `cache`, of which each runner has its own, or add `:ro`",
    related: other === null ? [] : [relatePool("the other pool is here", other)],
  });
});

const keptAfterEphemeral: Rule = eachVolume((_, pool, volume, path, say) => {
  if (pool.lifetime !== "ephemeral" || pool.trusted || volume.readOnly) return;
  if (!liesIn(volume.target, LEFT_FOLDERS) || hidesRunner(volume.target)) return;
  say("CF505", path, {
    message: `what a job leaves in ${volume.target} is there for the next one, although each gets a new runner`,
    help: "add `:ro`, or say `trusted: true` when all who send jobs here may trust each other",
  });
});

/** A later pool of the same hosts that is given the same folder; the earlier one says so. */
function findOtherPool(draft: Draft, pool: PoolSpec, volume: VolumeSpec): PoolSpec | null {
  const hosts = new Set(draft.hostsOf(pool).map(({ name }) => name));
  const { pools } = draft.fleet;
  const others = pools
    .slice(pools.indexOf(pool) + 1)
    .filter(
      (other) =>
        other.volumes.some(
          (theirs) =>
            !theirs.readOnly && theirs.source === volume.source && liesIn(theirs.target, OWN_FOLDERS),
        ) && draft.hostsOf(other).some(({ name }) => hosts.has(name)),
    );
  return others[0] ?? null;
}

function countOnOneHost({ runners }: PoolSpec): number {
  return runners.kind === "fixed" ? runners.perHost : (runners.perHost ?? runners.max);
}

function liesIn(target: string, folders: readonly string[]): boolean {
  return folders.some((folder) => isWithin(target, folder));
}

export const KEPT_FOLDER_RULES: readonly Rule[] = [sharedByRunners, keptAfterEphemeral];
