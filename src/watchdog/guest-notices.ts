// What a person has to know of a node's guests and no ruling of one pass says: that something goes on for too long, or
// needs a hand. In: cases, their rulings. Out: notices.

import type { GuestRuling } from "../model/guest-life.ts";
import type { Notice } from "../model/watchdog.ts";
import type { GuestCase } from "./guest-case.ts";
import { findClean } from "./guest-rules.ts";

const LOCKED_LONG_MS = 3_600_000;
const SETTING_UP_LONG_S = 7200;
const SHORT_LIVES = 10;

export function listGuestNotices(
  cases: readonly GuestCase[],
  rulings: readonly GuestRuling[],
): readonly Notice[] {
  return cases.flatMap((at, index): readonly Notice[] => {
    const ruling = rulings[index];
    return ruling === undefined ? [] : listOf(at, ruling);
  });
}

function listOf(at: GuestCase, { reason, evidence }: GuestRuling): readonly Notice[] {
  const { guest, note, time, generation } = at;
  const who = `guest ${guest.vmId} (${guest.name})`;
  const notices: Notice[] = [];
  const tell = (fact: string, text: string): void => {
    notices.push({ fact, text: `${who} ${text}` });
  };
  const record = at.seen.record.known ? at.seen.record.value : null;
  if (reason === "KeepsFailing") tell("GuestKeepsFailing", `cannot be brought back: ${evidence.join("; ")}`);
  if (reason === "NotOurs") tell("GuestNotOurs", `is not touched: ${evidence.join("; ")}`);
  if (reason === "NotInOurRecord")
    tell(
      "GuestNotInRecord",
      "is not destroyed, for we did not write down that we made it: remove it by hand",
    );
  if (reason === "SnapshotGone") tell("GuestSnapshotGone", `cannot be made clean: ${evidence.join("; ")}`);
  if (reason === "GuestAbsent") tell("GuestAbsent", "is not there: apply, or its qm.sh, makes it");
  if (note.lockedSince !== null && time.monotonic - note.lockedSince >= LOCKED_LONG_MS)
    tell(
      "GuestLocked",
      `is locked (${record?.lock ?? ""}) for an hour: if no task works on it, \`qm unlock ${guest.vmId}\``,
    );
  if (reason === "SettingUp" && (record?.uptime ?? 0) >= SETTING_UP_LONG_S)
    tell("GuestNotSetUp", "sets itself up for hours: it may lack its credential; look into it");
  if (note.shortLives >= SHORT_LIVES)
    tell(
      "GuestLivesShort",
      `powered off within a minute ${note.shortLives} times in a row: look into its journal`,
    );
  const clean = findClean(at);
  if (
    clean !== null &&
    guest.reset === "rollback" &&
    !clean.description.includes(`Generation ${generation}.`)
  )
    tell(
      "GuestOutdated",
      "goes back to a state from before the spec changed: docs/proxmox.md says how to renew it",
    );
  const isOnboot = guest.settings.some(({ key, parts }) => key === "onboot" && parts[0]?.values[0] === "1");
  if (reason === "PersistentGuest" && record?.status === "stopped" && isOnboot && record.lock === null)
    tell(
      "GuestStopped",
      `is stopped, and nobody starts it before the node starts: \`qm start ${guest.vmId}\``,
    );
  return notices;
}
