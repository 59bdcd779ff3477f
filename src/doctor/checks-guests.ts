// Checks of a machine that runs guests by itself: KVM, the programs that guests are made and run with, and each guest's
// unit, files and settings. In: facts. Out: judgements.

import {
  findFailure,
  judgeGuestUnit,
  lacksSetUp,
  listLostFiles,
  type SeenGuestUnit,
} from "../model/guest-units.ts";
import { type KvmGuest, listOwnGuests } from "../model/kvm-plan.ts";
import { type Check, fail, fine, type Judgement, note, unknown, warn } from "./check.ts";
import type { DoctorFacts } from "./facts.ts";
import { applyCommand, count, install, isInstalled, nameSome, privileged, systemctl } from "./phrases.ts";

/** One of each row is enough. */
const PROGRAMS: readonly (readonly [names: readonly string[], debian: string, arch: string])[] = [
  [["qemu-system-x86_64"], "qemu-system-x86", "qemu-base"],
  [["qemu-img"], "qemu-utils", "qemu-base"],
  [["genisoimage", "xorrisofs", "mkisofs"], "xorriso", "libisoburn"],
  [["curl"], "curl", "curl"],
];

export const GUEST_LOOKUPS: readonly string[] = PROGRAMS.flatMap(([names]) => names);

const guestsOf = ({ host, places }: DoctorFacts): readonly KvmGuest[] => listOwnGuests(host, places.flavour);

const kvmIsThere: Check = {
  name: "kvm-is-there",
  group: "Guests",
  looksAt: "`/dev/kvm`",
  why: "QEMU starts no guest without it.",
  judge: (facts) => {
    if (guestsOf(facts).length === 0) return [];
    const { present, usable } = facts.inventory.kvm;
    const fix = "switch virtualization on in the machine's firmware; then sudo modprobe kvm_intel or kvm_amd";
    if (present === null) return [unknown("whether /dev/kvm exists is not known")];
    if (!present) return [fail("/dev/kvm is missing", fix)];
    // Nobody but root is sure to have the right to it.
    if (usable === false && facts.uid === 0) return [fail("/dev/kvm is there, and cannot be opened", fix)];
    return [fine("/dev/kvm is there")];
  },
};

const guestProgramsAreThere: Check = {
  name: "guest-programs-are-there",
  group: "Guests",
  looksAt: "QEMU, `qemu-img`, a maker of ISO images, `curl`",
  why: "Each start of a guest makes its seed and its disks with them.",
  judge: (facts) => {
    if (guestsOf(facts).length === 0) return [];
    const lacking = PROGRAMS.filter(([names]) =>
      names.every((name) => (facts.machine.programs.get(name) ?? null) === null),
    );
    if (lacking.length === 0) return [fine("QEMU and what makes its disks are there")];
    return lacking.map(([names, debian, arch]) =>
      fail(`${names.join(" or ")} is not installed`, install(facts, debian, arch)),
    );
  },
};

/** Each guest that was looked at. */
function eachGuest(
  facts: DoctorFacts,
  judge: (guest: KvmGuest, seen: SeenGuestUnit) => readonly Judgement[],
): readonly Judgement[] {
  if (!isInstalled(facts)) return [];
  return guestsOf(facts).flatMap((guest) => {
    const seen = facts.guests.find(({ name }) => name === guest.name);
    return seen === undefined ? [] : judge(guest, seen);
  });
}

const guestsRun: Check = {
  name: "guests-run",
  group: "Guests",
  looksAt: "the unit of each guest",
  why: "A guest that cannot start takes no job; systemd tries it again for ever, which looks like work.",
  judge: (facts) =>
    eachGuest(facts, ({ name, unit, starts }, seen) => {
      if (!seen.unit.known) return [unknown(`guest ${name}: ${seen.unit.why}`)];
      const state = judgeGuestUnit(seen);
      const failure = findFailure(seen);
      const log = privileged(facts, "journalctl", `--unit=${unit}`);
      if (state === "missing") return [fail(`guest ${name} is not installed`, applyCommand(facts))];
      if (failure !== null) return [fail(`guest ${name} does not start, or ended badly (${failure})`, log)];
      if (state === "stopped") {
        const found = `guest ${name} is stopped`;
        return [
          note(starts ? found : `${found}, and not started by itself`, systemctl(facts, "start", unit)),
        ];
      }
      if (state === "running" && lacksSetUp(seen)) {
        const found = `guest ${name} sets itself up, and waits for its credential`;
        return [note(found, "docs/kvm.md says how it gets one")];
      }
      return [fine(`guest ${name} is ${state}`)];
    }),
};

const guestsHaveTheirDisks: Check = {
  name: "guests-have-their-disks",
  group: "Guests",
  looksAt: "the disk and the seed of each guest that runs",
  why: "QEMU goes on with a file that was removed, and all that the guest wrote is gone when it ends.",
  judge: (facts) =>
    eachGuest(facts, ({ name, places }, seen) => {
      if (judgeGuestUnit(seen) !== "running") return [];
      const hidden = [seen.hasDisk, seen.hasSeed].find((file) => !file.known);
      if (hidden?.known === false) {
        return [unknown(`disks of guest ${name}: ${hidden.why}`, privileged(facts, "ci-fleet", "doctor"))];
      }
      const lost = listLostFiles(seen);
      if (lost.length === 0) return [fine(`guest ${name} has its disk and its seed`)];
      const found = `guest ${name} runs, and ${places.state} has lost its ${lost.join(" and its ")}`;
      return [fail(found, "save what is needed from inside the guest, then stop and start it")];
    }),
};

const guestsRunAsRendered: Check = {
  name: "guests-run-as-rendered",
  group: "Guests",
  looksAt: "the command of each QEMU that runs, against the one that is rendered now",
  why: "`apply` restarts no guest, for it cannot see its jobs: what has changed comes into force at the next start.",
  judge: (facts) => {
    if (!isInstalled(facts)) return [];
    const running = facts.guests.filter((seen) => judgeGuestUnit(seen) === "running");
    const old = running.flatMap(({ name, isCurrent }) =>
      isCurrent.known && isCurrent.value === false ? [name] : [],
    );
    if (old.length > 0) {
      const found = `with other settings than are rendered, until the next start after an apply: ${nameSome(old)}`;
      return [warn(found, "drain its runner, then stop and start its unit")];
    }
    const unseen = running.find(({ isCurrent }) => !isCurrent.known);
    if (unseen?.isCurrent.known === false) return [unknown(`what guests run with: ${unseen.isCurrent.why}`)];
    return running.length > 0 ? [fine(`${count(running.length, "guest")} with what is rendered`)] : [];
  },
};

export const GUEST_CHECKS: readonly Check[] = [
  kvmIsThere,
  guestProgramsAreThere,
  guestsRun,
  guestsHaveTheirDisks,
  guestsRunAsRendered,
];
