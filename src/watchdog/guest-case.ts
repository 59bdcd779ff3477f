// One guest with everything that its ruling rests on: the plan, what was seen, what is remembered brought up to date.
// In: a planned guest, what was seen of it, the note of the pass before. Out: a case.

import type { GuestNote, SeenGuest } from "../model/guest-life.ts";
import { NO_NOTE } from "../model/guest-memory.ts";
import type { PlannedGuest } from "../model/hypervisor-plan.ts";
import type { GuestRecord } from "../model/hypervisor-port.ts";
import { readGuestUuid } from "../model/one-job.ts";
import type { PassTime } from "../model/watchdog.ts";

export interface GuestCase {
  readonly guest: PlannedGuest;
  readonly seen: SeenGuest;
  readonly note: GuestNote;
  readonly time: PassTime;
  /** Of what the guest is made from, as the plan has it now. */
  readonly generation: string;
}

/** Firmware, kernel, registration: no guest gets to a job's first line in less. */
const SHORT_LIFE_MS = 60_000;

/** QEMU runs and the guest does not: so is a stopped guest backed up (PVE::VZDump::QemuServer, enforce_vm_running_for_backup). */
const HELD_FOR_BACKUP = "prelaunch";

export function buildGuestCase(
  given: Omit<GuestCase, "note"> & { readonly before: GuestNote | null },
): GuestCase {
  const { guest, seen, time, generation, before } = given;
  return { guest, seen, time, generation, note: renewNote(before ?? NO_NOTE, given) };
}

function renewNote(before: GuestNote, { guest, seen, time }: Omit<GuestCase, "note">): GuestNote {
  const note = endWork(before, seen, time);
  if (!seen.record.known) return note;
  const record = seen.record.value;
  // Gone by our hand or another's: whatever comes under this name next begins anew.
  if (record === null) return { ...NO_NOTE, making: note.making, work: note.work, setbacks: note.setbacks };
  const isRunning = record.status === "running";
  const hasRun = isRunning && record.qmpStatus !== HELD_FOR_BACKUP;
  const uuid = readGuestUuid(record.config.smbios1);
  const isNew = note.making && record.lock === null && isMarked(guest, record);
  return {
    ...note,
    ...(isNew ? { made: uuid, making: false, booted: false } : {}),
    booted: note.booted || hasRun,
    setbacks: hasRun ? null : note.setbacks,
    lockedSince: record.lock === null ? null : (note.lockedSince ?? time.monotonic),
    ...(isRunning || note.servedAt === null ? {} : countLife(note, note.servedAt, time)),
  };
}

function countLife(note: GuestNote, servedAt: number, { wall }: PassTime) {
  const isShort = wall - servedAt < SHORT_LIFE_MS;
  return { servedAt: null, shortLives: isShort ? note.shortLives + 1 : 0 };
}

/** What was begun is over, or it is kept to be asked for again. */
function endWork(note: GuestNote, { task }: SeenGuest, time: PassTime): GuestNote {
  if (note.work === null) return note;
  if (note.work.upid === null) return { ...note, work: null };
  switch (task.kind) {
    case "running":
    case "unknown":
      return note;
    case "failed":
      return { ...note, work: null, setbacks: addSetback(note, `${note.work.step}: ${task.why}`, time) };
    default:
      return { ...note, work: null };
  }
}

export function addSetback(
  { setbacks }: GuestNote,
  why: string,
  { monotonic }: PassTime,
): NonNullable<GuestNote["setbacks"]> {
  return { times: (setbacks?.times ?? 0) + 1, at: monotonic, why };
}

/** The first line of its description, set by the call that made it. */
export function isMarked({ mark }: PlannedGuest, { description }: Pick<GuestRecord, "description">): boolean {
  return (description ?? "").split("\n", 1)[0] === mark;
}

/** Our record, or what qm.sh wrote down, names this very guest. */
export function isInRecord(
  note: Pick<GuestNote, "made">,
  { made }: Pick<SeenGuest, "made">,
  record: Pick<GuestRecord, "config">,
): boolean {
  const uuid = readGuestUuid(record.config.smbios1);
  if (uuid === null) return false;
  return note.made === uuid || (made.known && readGuestUuid(made.value?.trim()) === uuid);
}
