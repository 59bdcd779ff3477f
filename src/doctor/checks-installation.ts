// Checks of what is installed against what is rendered, and of each slot. In: facts. Out: judgements.

import type { ObservedUnit } from "../model/host-observation.ts";
import { type Check, fail, fine, type Judgement, note, unknown, warn } from "./check.ts";
import type { DoctorFacts } from "./facts.ts";
import {
  applyCommand,
  count,
  hasPlacement,
  isInstalled,
  nameSome,
  privileged,
  systemctl,
} from "./phrases.ts";

const fleetIsInstalled: Check = {
  name: "fleet-is-installed",
  group: "Installation",
  looksAt: "the record that `apply` leaves",
  why: "Until `apply` has been here, no slot of this host exists.",
  judge: (facts) => {
    const { installed, plan, places } = facts;
    if (!installed.known) return [unknown(`whether the fleet is installed: ${installed.why}`)];
    if (facts.isUnfinished) {
      const found = `an apply of ${plan.fleet} has begun and not ended: it was cut off, or is at work`;
      return [warn(found, applyCommand(facts))];
    }
    if (installed.value) return [fine(`fleet ${plan.fleet} is installed in ${places.config}`)];
    return [note(`fleet ${plan.fleet} is not installed here yet`, applyCommand(facts))];
  },
};

const filesAsRendered: Check = {
  name: "files-as-rendered",
  group: "Installation",
  looksAt: "every installed file, copies of the spec among them, against what the spec renders to now",
  why: "What is in force is then not what the repository says: an edit by hand, or a change that was not applied yet.",
  judge: (facts) => {
    if (!isInstalled(facts)) return [];
    const { drift } = facts;
    if (!drift.known) return [unknown(`installed files: ${drift.why}`)];
    const of = (state: string) => drift.value.filter((file) => file.state === state).map(({ path }) => path);
    const [missing, differs, unreadable] = [of("missing"), of("differs"), of("unreadable")];
    const found: Judgement[] = [];
    if (missing.length > 0) found.push(fail(`not installed: ${nameSome(missing)}`, applyCommand(facts)));
    if (differs.length > 0) {
      found.push(warn(`not as rendered: ${nameSome(differs)}`, `${applyCommand(facts)} --dry-run`));
    }
    if (unreadable.length > 0)
      found.push(unknown(`cannot be read: ${nameSome(unreadable)}`, "sudo ci-fleet doctor"));
    return found.length > 0 ? found : [fine("installed files are as rendered")];
  },
};

const unitsAreLoaded: Check = {
  name: "units-are-loaded",
  group: "Installation",
  looksAt: "units of the fleet: masked, broken, changed since systemd read them, enabled, waiting",
  why: "A target that is not enabled starts nothing after a reboot; without its timer the watchdog never looks.",
  judge: (facts) => {
    if (facts.host.supervision !== "systemd" || !isInstalled(facts)) return [];
    const { units, slots } = facts.slots;
    if (!units.known) return [unknown(`units: ${units.why}`)];
    const all = [
      ...units.value.values(),
      ...slots.flatMap(({ unit, mintUnit }) =>
        [unit, mintUnit].flatMap((each) => (each.known && each.value !== null ? [each.value] : [])),
      ),
    ];
    const found = [
      ...all.flatMap((unit) => judgeLoad(facts, unit)),
      ...judgeReload(facts, all),
      ...judgeTarget(facts, units.value.get(facts.plan.units.target)),
      ...judgeWatchdog(facts, units.value),
      ...judgeKillMode(slots.flatMap(({ unit }) => (unit.known && unit.value !== null ? [unit.value] : []))),
    ];
    return found.length > 0 ? found : [fine(`${count(all.length, "unit")} loaded and in order`)];
  },
};

function judgeLoad(facts: DoctorFacts, { name, load }: ObservedUnit): readonly Judgement[] {
  if (load === "loaded") return [];
  if (load === "masked") return [fail(`${name} is masked`, systemctl(facts, "unmask", name))];
  // A missing one is told by its file.
  if (load === "not-found") return [];
  return [fail(`systemd cannot load ${name} (${load})`, systemctl(facts, "status", name))];
}

function judgeReload(facts: DoctorFacts, units: readonly ObservedUnit[]): readonly Judgement[] {
  const changed = units.filter(({ needReload }) => needReload).map(({ name }) => name);
  if (changed.length === 0) return [];
  return [warn(`changed since systemd read them: ${nameSome(changed)}`, systemctl(facts, "daemon-reload"))];
}

function judgeTarget(facts: DoctorFacts, target: ObservedUnit | undefined): readonly Judgement[] {
  if (target === undefined || target.load !== "loaded" || target.enabled === null) return [];
  if (target.enabled === "enabled") return [];
  return [
    fail(
      `${target.name} is ${target.enabled}: nothing starts at boot`,
      systemctl(facts, "enable", target.name),
    ),
  ];
}

function judgeWatchdog(facts: DoctorFacts, units: ReadonlyMap<string, ObservedUnit>): readonly Judgement[] {
  const { units: names, watchdog } = facts.plan;
  const unit = units.get(`${names.watchdog}.${watchdog.mode === "daemon" ? "service" : "timer"}`);
  if (unit === undefined || unit.load !== "loaded" || unit.active === "active") return [];
  return [
    warn(`${unit.name} is ${unit.active}: the watchdog does not look`, systemctl(facts, "start", unit.name)),
  ];
}

function judgeKillMode(units: readonly ObservedUnit[]): readonly Judgement[] {
  return units
    .filter(({ killMode }) => killMode !== null && killMode !== "mixed")
    .map(({ name, killMode, dropIns }) => {
      const by = dropIns.length === 0 ? "" : `, by one of ${nameSome(dropIns)}`;
      return fail(
        `${name} has KillMode=${killMode}${by}: a stop would cut its job off`,
        "remove that setting",
      );
    });
}

const nothingLeftOver: Check = {
  name: "nothing-left-over",
  group: "Installation",
  looksAt: "units and containers of this fleet that the plan does not have",
  why: "They take jobs under names that nobody looks after.",
  judge: (facts) => {
    const { leftoverUnits, leftoverContainers } = facts.slots;
    const names = [leftoverUnits, leftoverContainers].flatMap((each) => (each.known ? each.value : []));
    if (names.length > 0) return [warn(`left over: ${nameSome(names)}`, applyCommand(facts))];
    const why = [leftoverUnits, leftoverContainers].find((each) => !each.known);
    return why?.known === false ? [unknown(`leftovers: ${why.why}`)] : [];
  },
};

const changesAreInForce: Check = {
  name: "changes-are-in-force",
  group: "Installation",
  looksAt: "what `apply` left for later because of running jobs",
  why: "A busy slot is never restarted: it takes the change over when its job has ended.",
  judge: (facts) =>
    facts.pending.map(({ slot, action, why }) =>
      note(`${slot} waits for its ${action}: ${why}`, applyCommand(facts)),
    ),
};

const runnerIsInstalled: Check = {
  name: "runner-is-installed",
  group: "Installation",
  looksAt: "the pinned runner release in its folder, for process slots",
  why: "Process slots run a copy of it; they do not register while it is missing.",
  judge: (facts) => {
    if (!hasPlacement(facts, ({ run }) => run === "process")) return [];
    const { runnerVersions } = facts.machine;
    const { version } = facts.plan.runner;
    if (!runnerVersions.known) return [unknown(`installed runners: ${runnerVersions.why}`)];
    if (runnerVersions.value.includes(version))
      return [fine(`runner ${version} is in ${facts.places.runner}`)];
    const found = `runner ${version} is not in ${facts.places.runner}`;
    return [isInstalled(facts) ? fail(found, applyCommand(facts)) : note(found, applyCommand(facts))];
  },
};

const slotsCanStart: Check = {
  name: "slots-can-start",
  group: "Slots",
  looksAt: "what held each slot back at its last start: preflight, registration, unit",
  why: "A slot that does not register takes no jobs; the reason is what its last start wrote down.",
  judge: (facts) => {
    const { slots } = facts.slots;
    const found = slots.flatMap((slot): readonly Judgement[] => {
      const fix = `ci-fleet logs ${slot.slot}`;
      const mint = slot.mint.known ? slot.mint.value : null;
      if (mint?.state === "red" || mint?.state === "stopped") {
        return [fail(`${slot.slot} does not start (${mint.reason}): ${mint.message}`, fix)];
      }
      if (mint?.state === "waiting")
        return [warn(`${slot.slot} waits (${mint.reason}): ${mint.message}`, fix)];
      const unit = slot.unit.known ? slot.unit.value : null;
      if (unit?.active === "failed") return [fail(`${slot.slot}: its unit failed (${unit.result})`, fix)];
      if (!slot.identity.known || slot.identity.value.kind !== "broken") return [];
      return [warn(`${slot.slot} will register anew: ${slot.identity.value.why}`, null)];
    });
    if (found.length > 0 || slots.length === 0) return found;
    const hidden = slots.filter(({ mint }) => !mint.known).length;
    if (hidden > 0)
      return [
        unknown(`${count(hidden, "slot")} cannot be looked into`, privileged(facts, "ci-fleet", "doctor")),
      ];
    return isInstalled(facts) ? [fine(`nothing holds ${count(slots.length, "slot")} back`)] : [];
  },
};

const slotsAreInService: Check = {
  name: "slots-are-in-service",
  group: "Slots",
  looksAt: "slots that were drained",
  why: "A drained slot does not come back after its job, nor after a reboot, until the drain is undone.",
  judge: ({ slots: { slots } }) => {
    const drained = slots
      .filter(
        ({ drained: mark, holder }) =>
          mark.known && mark.value && !(holder.known && holder.value === "watchdog"),
      )
      .map(({ slot }) => slot);
    if (drained.length === 0) return [];
    return [note(`drained: ${nameSome(drained)}`, `ci-fleet drain --undo ${drained[0]}`)];
  },
};

export const INSTALLATION_CHECKS: readonly Check[] = [
  fleetIsInstalled,
  filesAsRendered,
  unitsAreLoaded,
  nothingLeftOver,
  changesAreInForce,
  runnerIsInstalled,
  slotsCanStart,
  slotsAreInService,
];
