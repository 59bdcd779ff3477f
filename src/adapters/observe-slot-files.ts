// The small files around a slot. Jobs can write some of them, and put links or pipes in their place: they are
// read through a port that opens regular files only, and no further than their size allows.
// In: the files of this host, a slot. Out: its part of an observation.

import type { InstallPlaces } from "../model/apply.ts";
import { type Seen, type SlotObservation, seen, unseen } from "../model/host-observation.ts";
import type { Placement } from "../model/plan.ts";
import type { HostFiles } from "../model/ports.ts";
import {
  IDENTITY_FILES,
  type IdentityFile,
  type RunnerIdentity,
  readIdentity,
} from "../model/runner-identity.ts";
import {
  MAX_SLOT_FILE_BYTES,
  MINT_STATE_FILE,
  readJobMarker,
  readLastExit,
  readMintState,
} from "../model/slot-state.ts";
import { readHolder } from "./watchdog-files.ts";

export function lookAtFiles(
  files: HostFiles,
  places: InstallPlaces,
  placement: Placement,
  slot: string,
): Pick<SlotObservation, "drained" | "holder" | "assigned" | "mint" | "job" | "lastExit" | "identity"> {
  const runner = `${places.run}/${slot}/runner`;
  const state = `${places.state}/${slot}`;
  return {
    drained: lookFor(files, `${places.state}/drained/${slot}`),
    holder: readHolder(files, places, slot),
    assigned: readLine(files, `${places.state}/assigned/${slot}`),
    mint: readSmall(files, `${state}/${MINT_STATE_FILE}`, readMintState),
    job: readSmall(files, `${runner}/job.json`, readJobMarker),
    lastExit: readSmall(files, `${runner}/last-exit.json`, readLastExit),
    identity:
      placement.lifetime === "persistent"
        ? lookAtIdentity(files, `${state}/state/current`)
        : seen({ kind: "none" }),
  };
}

const WORDS: Readonly<Record<string, string>> = { EACCES: "permission denied", EPERM: "permission denied" };
const isMissing = (code: string): boolean => code === "ENOENT" || code === "ENOTDIR";

/** ENOENT below a folder that may not be searched is EACCES: what is not there is known to be not there. */
function lookFor(files: HostFiles, path: string): Seen<boolean> {
  const stat = files.stat(path);
  if (stat.ok) return seen(true);
  return isMissing(stat.code) ? seen(false) : unseen(WORDS[stat.code] ?? stat.code);
}

/** A text that is none of ours counts as none: null. */
export function readSmall<T>(
  files: HostFiles,
  path: string,
  read: (text: string) => T | null,
): Seen<T | null> {
  const bytes = files.readBytes(path, MAX_SLOT_FILE_BYTES);
  if (bytes.ok) return seen(read(new TextDecoder("utf-8").decode(bytes.value)));
  // A link, a pipe or a folder where a job should have left a file.
  if (isMissing(bytes.code) || ["EINVAL", "EISDIR", "ELOOP", "ENXIO"].includes(bytes.code)) return seen(null);
  return unseen(WORDS[bytes.code] ?? bytes.code);
}

function readLine(files: HostFiles, path: string): Seen<string | null> {
  return readSmall(files, path, (text) => text.split("\n")[0]?.trim() || null);
}

export function lookAtIdentity(files: HostFiles, folder: string): Seen<RunnerIdentity> {
  const texts = new Map<IdentityFile, string | null>();
  for (const name of IDENTITY_FILES) {
    const bytes = files.readBytes(`${folder}/${name}`, MAX_SLOT_FILE_BYTES);
    if (bytes.ok) texts.set(name, new TextDecoder("utf-8").decode(bytes.value));
    else if (bytes.code === "EACCES" || bytes.code === "EPERM") return unseen("permission denied");
    else if (!isMissing(bytes.code)) texts.set(name, null);
  }
  return seen(readIdentity(texts));
}
