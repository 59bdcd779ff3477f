// Has a slot a job? For slots of the plan and for those that have left it. In: names. Out: what is seen of each.
// The evidence and the judgement are those of status and drain (model/slot-life.ts): not knowing counts as a job.

import type { InstallPlaces } from "../model/apply.ts";
import type { SlotState, UnitState } from "../model/apply-state.ts";
import {
  type ObservedContainer,
  type ObservedUnit,
  type Seen,
  type SlotObservation,
  seen,
} from "../model/host-observation.ts";
import { nameUnits } from "../model/names.ts";
import { isUp, judgeLife, type LifeVerdict, mayStop } from "../model/slot-life.ts";
import { readJobMarker } from "../model/slot-state.ts";
import { describeContainer } from "./docker-state.ts";
import { showContainers } from "./observe-containers.ts";
import { type ProcessView, viewProcesses } from "./observe-processes.ts";
import { readSmall } from "./observe-slot-files.ts";
import { type LookPorts, pickProcesses } from "./observe-slots.ts";
import { showUnits } from "./observe-units.ts";
import { readUnits } from "./systemd-state.ts";

export interface SlotQuestion {
  readonly fleet: string;
  readonly places: InstallPlaces;
  readonly asksSystemd: boolean;
  readonly asksDocker: boolean;
}

interface Evidence {
  readonly states: ReadonlyMap<string, UnitState>;
  readonly units: Seen<ReadonlyMap<string, ObservedUnit>>;
  readonly containers: Seen<ReadonlyMap<string, ObservedContainer>>;
  readonly view: ProcessView;
}

const NONE: Seen<ReadonlyMap<string, never>> = seen(new Map<string, never>());

export async function lookAtSlots(
  question: SlotQuestion,
  ports: LookPorts,
  slots: readonly string[],
): Promise<ReadonlyMap<string, SlotState>> {
  const { fleet, places } = question;
  const names = slots.flatMap((slot) => listSlotUnits(fleet, slot));
  const asks = question.asksSystemd && names.length > 0;
  const [states, units, containers] = await Promise.all([
    asks ? readUnits(ports.tools, places.flavour, names) : new Map(),
    asks ? showUnits(ports, names) : NONE,
    question.asksDocker && slots.length > 0 ? showContainers(ports.tools, fleet, slots) : NONE,
  ]);
  // Last, so that a job which began while the others were asked is seen.
  const evidence: Evidence = { states, units, containers, view: viewProcesses(ports.files) };
  return new Map(slots.map((slot) => [slot, lookAtSlot(question, ports, evidence, slot)]));
}

/** `acme-container@<slot>.service`, `acme-process@<slot>.service`, and what registers the latter. */
function listSlotUnits(fleet: string, slot: string): readonly [string, string, string] {
  const { container, process, mint } = nameUnits(fleet);
  return [`${container}${slot}.service`, `${process}${slot}.service`, `${mint}${slot}.service`];
}

function lookAtSlot(
  { fleet, places }: SlotQuestion,
  { files }: LookPorts,
  { states, units, containers, view }: Evidence,
  slot: string,
): SlotState {
  const [ofContainer, ofProcess, ofMint] = listSlotUnits(fleet, slot);
  const findUnit = (name: string): Seen<ObservedUnit | null> =>
    units.known ? seen(units.value.get(name) ?? null) : units;
  const container: Seen<ObservedContainer | null> = containers.known
    ? seen(containers.value.get(slot) ?? null)
    : containers;
  const job = readSmall(files, `${places.run}/${slot}/runner/job.json`, readJobMarker);
  const judge = (unitName: string, isContainer: boolean): LifeVerdict => {
    const unit = findUnit(unitName);
    const its = isContainer ? container : seen(null);
    const processes = pickProcesses(view, unitName, unit, its, isContainer);
    const mintUnit = isContainer ? seen(null) : findUnit(ofMint);
    return judgeLife({ ...UNASKED, slot, unit, mintUnit, container: its, processes, job });
  };
  const lives = [judge(ofContainer, true), judge(ofProcess, false)];
  const found = container.known ? container.value : null;
  const kept = {
    units: new Map([
      ...pick(states, ofContainer),
      ...pick(states, ofProcess).map(
        ([name, state]) => [name, awaitMint(state, states.get(ofMint))] as const,
      ),
    ]),
    container: found === null ? null : describeContainer(found),
  };
  const busy = lives.find(({ life }) => life === "busy");
  if (busy !== undefined) return { ...kept, job: "busy", why: busy.evidence };
  const unclear = lives.find(({ life }) => isUp(life) && !mayStop(life));
  if (unclear !== undefined) return { ...kept, job: "unknown", why: unclear.evidence };
  return { ...kept, job: "idle", why: lives.map(({ evidence }) => evidence).join("; ") };
}

function pick(states: ReadonlyMap<string, UnitState>, name: string): readonly [string, UnitState][] {
  const state = states.get(name);
  return state === undefined ? [] : [[name, state]];
}

/** A process that waits for its registration is inactive in systemd's words, and all the same on its way. */
function awaitMint(state: UnitState, mint: UnitState | undefined): UnitState {
  const waits = state.active === "inactive" || state.active === "failed";
  return waits && mint?.active === "activating" ? { ...state, active: "activating" } : state;
}

/** Parts of a look that do not tell whether there is a job. */
const UNASKED: Pick<SlotObservation, "drained" | "holder" | "assigned" | "mint" | "lastExit" | "identity"> = {
  drained: seen(false),
  holder: seen(null),
  assigned: seen(null),
  mint: seen(null),
  lastExit: seen(null),
  identity: seen({ kind: "none" }),
};
