// What a pass tells of the guests that a machine runs by itself. systemd keeps them up and the watchdog does nothing to
// them: it says what systemd cannot mend, or what only a person knows. In: an observation, the plan of the host. Out:
// notices, rows, a line.

import {
  findFailure,
  type GuestUnitState,
  judgeGuestUnit,
  lacksSetUp,
  listLostFiles,
  type SeenGuestUnit,
} from "../model/guest-units.ts";
import type { KvmGuest } from "../model/kvm-plan.ts";
import type { PlannedHost } from "../model/plan.ts";
import type { Notice, Observation } from "../model/watchdog.ts";

type Seen = Pick<Observation, "guestUnits" | "waitsForReboot" | "time">;

/** As long as a guest of a node may take (GuestNotSetUp there). */
const SETTING_UP_LONG_MS = 7_200_000;

export function listMachineNotices({ kvm }: PlannedHost, seen: Seen): readonly Notice[] {
  const reboot = {
    fact: "RebootDue",
    text: "what changed for cards waits for a reboot of this machine, which nothing of ci-fleet does",
  };
  return [
    ...(seen.waitsForReboot ? [reboot] : []),
    ...(kvm?.guests ?? []).flatMap((guest) => {
      const unit = seen.guestUnits.find(({ name }) => name === guest.name);
      return unit === undefined ? [] : listOf(guest, unit, seen.time.wall);
    }),
  ];
}

function listOf(
  { name, unit, starts, lifetime }: KvmGuest,
  seen: SeenGuestUnit,
  now: number,
): readonly Notice[] {
  const state = judgeGuestUnit(seen);
  const notices: Notice[] = [];
  const tell = (fact: string, text: string): void => {
    notices.push({ fact, text: `guest ${name} ${text}` });
  };
  const failure = findFailure(seen);
  if (!seen.unit.known) tell("GuestUnknown", `is not known: ${seen.unit.why}`);
  if (state === "missing") tell("GuestAbsent", "is not installed on this machine; `ci-fleet apply`");
  if (failure !== null)
    tell("GuestFails", `does not start, or ended badly (${failure}); \`journalctl --unit ${unit}\``);
  if (state === "stopped" && starts)
    tell(
      "GuestStopped",
      `is stopped, and nobody starts it before this machine does; \`systemctl start ${unit}\``,
    );
  if (state !== "running") return notices;
  const since = seen.unit.known ? (seen.unit.value?.since ?? now) : now;
  if (lacksSetUp(seen) && now - since >= SETTING_UP_LONG_MS)
    tell("GuestNotSetUp", "sets itself up for hours: it may lack its credential; look into it");
  if (listLostFiles(seen).length > 0)
    tell("GuestFilesLost", "runs, and its disk or its seed is gone: what it writes ends with it");
  // One that takes a job at a time comes to it by itself.
  if (lifetime === "persistent" && seen.isCurrent.known && seen.isCurrent.value === false)
    tell("GuestOutdated", `runs with settings from before an \`apply\`: in force at its next start`);
  return notices;
}

export function countGuestUnits(guests: Observation["guestUnits"]): ReadonlyMap<GuestUnitState, number> {
  const counts = new Map<GuestUnitState, number>();
  for (const guest of guests) {
    const state = judgeGuestUnit(guest);
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return counts;
}

/** `3 guests of this machine: 2 running, 1 waiting`; nothing where it has none. */
export function describeGuestUnits(guests: Observation["guestUnits"]): readonly string[] {
  if (guests.length === 0) return [];
  const words = [...countGuestUnits(guests)].map(([state, count]) => `${count} ${state}`);
  return [`${guests.length} guest${guests.length === 1 ? "" : "s"} of this machine: ${words.join(", ")}`];
}

export function makeGuestUnitsDocument(guests: Observation["guestUnits"]) {
  return guests.map((guest) => ({
    guest: guest.name,
    state: judgeGuestUnit(guest),
    why: guest.unit.known ? findFailure(guest) : guest.unit.why,
  }));
}
