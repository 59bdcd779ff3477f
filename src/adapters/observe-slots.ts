// One look at every slot of this host: unit, container, processes, the small files around it. In: the plan and
// ports. Out: a HostObservation. Nothing is changed, nothing throws: what cannot be read says why.

import type { InstallPlaces } from "../model/apply.ts";
import {
  type HostObservation,
  type ObservedContainer,
  type ObservedUnit,
  type RunnerProcess,
  type Seen,
  type SlotObservation,
  seen,
  unseen,
} from "../model/host-observation.ts";
import { listOwnGuests } from "../model/kvm-plan.ts";
import type { Placement, Plan, PlannedHost } from "../model/plan.ts";
import type { HostFiles } from "../model/ports.ts";
import { showContainers } from "./observe-containers.ts";
import { type ProcessView, viewProcesses } from "./observe-processes.ts";
import { lookAtFiles } from "./observe-slot-files.ts";
import { listUnitNames, showUnits, type UnitPorts } from "./observe-units.ts";

export interface LookPorts extends UnitPorts {
  readonly files: HostFiles;
}

export interface LookRequest {
  readonly plan: Plan;
  readonly host: PlannedHost;
  readonly places: InstallPlaces;
  /** Only these slots; null: all, and what belongs to none. */
  readonly only: ReadonlySet<string> | null;
}

/** All that was asked at once, before it is given to each slot. */
interface Evidence {
  readonly units: Seen<ReadonlyMap<string, ObservedUnit>>;
  readonly containers: Seen<ReadonlyMap<string, ObservedContainer>>;
  readonly view: ProcessView;
}

export async function observeHost(request: LookRequest, ports: LookPorts): Promise<HostObservation> {
  const { plan, host, places, only } = request;
  const placed = host.placements.flatMap((placement) =>
    placement.slots
      .filter(({ name }) => only === null || only.has(name))
      .map((slot) => ({ placement, slot: slot.name })),
  );
  const onSystemd = host.supervision === "systemd";
  const guests = listOwnGuests(host, places.flavour).map(({ unit }) => unit);
  const upkeep = onSystemd && only === null ? [...listUpkeepUnits(plan, host), ...guests] : [];
  const slotUnits = onSystemd
    ? placed.flatMap(({ placement, slot }) => nameSlotUnits(plan, placement, slot))
    : [];
  const inContainers = placed.filter(({ placement }) => placement.run === "container");
  const [units, containers, loaded] = await Promise.all([
    showUnits(ports, [...upkeep, ...slotUnits]),
    inContainers.length === 0
      ? seen<ReadonlyMap<string, ObservedContainer>>(new Map())
      : showContainers(
          ports.tools,
          plan.fleet,
          inContainers.map(({ slot }) => slot),
        ),
    onSystemd && only === null ? listUnitNames(ports, listPatterns(plan)) : seen<readonly string[]>([]),
  ]);
  // Last, so that a job which began while the others were asked is seen.
  const evidence: Evidence = { units, containers, view: viewProcesses(ports.files) };
  const slots = placed.map(({ placement, slot }) => lookAtSlot(request, ports, evidence, placement, slot));
  const planned = new Set(host.placements.flatMap((placement) => placement.slots.map(({ name }) => name)));
  const expected = new Set([
    ...host.placements.flatMap((p) => p.slots.flatMap(({ name }) => nameSlotUnits(plan, p, name))),
    ...guests,
  ]);
  return {
    at: ports.now,
    slots,
    units: units.known ? seen(new Map(upkeep.flatMap((name) => pick(units.value, name)))) : units,
    leftoverUnits: loaded.known ? seen(loaded.value.filter((name) => !expected.has(name))) : loaded,
    leftoverContainers: containers.known
      ? seen(
          [...containers.value.values()]
            .filter((one) => isLeftover(one, plan, host, planned))
            .map((c) => c.name),
        )
      : containers,
    foreignProcesses: findForeign(evidence, expected, planned),
  };
}

function pick<T>(map: ReadonlyMap<string, T>, name: string): readonly (readonly [string, T])[] {
  const value = map.get(name);
  return value === undefined ? [] : [[name, value]];
}

function lookAtSlot(
  request: LookRequest,
  ports: LookPorts,
  { units, containers, view }: Evidence,
  placement: Placement,
  slot: string,
): SlotObservation {
  const { plan, host, places } = request;
  const onSystemd = host.supervision === "systemd";
  const find = (name: string | undefined): Seen<ObservedUnit | null> => {
    if (!onSystemd || name === undefined) return seen(null);
    if (!units.known) return units;
    const unit = units.value.get(name);
    return seen(unit === undefined || unit.load === "not-found" ? null : unit);
  };
  const [own, mint] = nameSlotUnits(plan, placement, slot);
  const unit = find(own);
  const isContainer = placement.run === "container";
  const container: Seen<ObservedContainer | null> = !isContainer
    ? seen(null)
    : containers.known
      ? seen(containers.value.get(slot) ?? null)
      : containers;
  return {
    slot,
    unit,
    mintUnit: isContainer ? seen(null) : find(mint),
    container,
    processes: pickProcesses(view, own ?? "", unit, container, isContainer),
    ...lookAtFiles(ports.files, places, placement, slot),
  };
}

/** Unknown unless the slot's own first process is to be seen: else a job could hide from us. */
export function pickProcesses(
  view: ProcessView,
  unitName: string,
  unit: Seen<ObservedUnit | null>,
  container: Seen<ObservedContainer | null>,
  isContainer: boolean,
): Seen<readonly RunnerProcess[]> {
  if (!view.runners.known) return view.runners;
  if (isContainer && !container.known) return unseen(container.why);
  const id = container.known ? (container.value?.id ?? null) : null;
  const first = isContainer
    ? container.known && container.value?.running === true
      ? container.value.pid
      : null
    : unit.known
      ? (unit.value?.mainPid ?? null)
      : null;
  if (first !== null && !view.sees(first)) return unseen(`process ${first} is hidden from us`);
  return seen(
    view.runners.value.filter(({ owner }) =>
      owner.kind === "container"
        ? owner.id === id
        : owner.kind === "unit" && !isContainer && owner.unit === unitName,
    ),
  );
}

function findForeign(
  { containers, view }: Evidence,
  expected: ReadonlySet<string>,
  planned: ReadonlySet<string>,
): Seen<readonly RunnerProcess[]> {
  if (!view.runners.known) return view.runners;
  const runners = view.runners.value;
  if (!containers.known && runners.some(({ owner }) => owner.kind === "container")) return containers;
  const ids = new Set(
    (containers.known ? [...containers.value.values()] : [])
      .filter(({ name }) => planned.has(name))
      .map(({ id }) => id),
  );
  return seen(
    runners.filter(({ owner }) =>
      owner.kind === "container" ? !ids.has(owner.id) : owner.kind !== "unit" || !expected.has(owner.unit),
    ),
  );
}

/** A machine may be two hosts of one fleet only by mistake, but a laptop with an old name is not ours to call so. */
function isLeftover(
  container: ObservedContainer,
  plan: Plan,
  host: PlannedHost,
  planned: ReadonlySet<string>,
): boolean {
  const { labels, name } = container;
  return (
    labels["dev.ci-fleet.fleet"] === plan.fleet &&
    labels["dev.ci-fleet.host"] === host.name &&
    !planned.has(name)
  );
}

/** The slot's own unit, and for processes the one that registers it. */
export function nameSlotUnits(plan: Plan, { run }: Placement, slot: string): readonly string[] {
  const own = `${plan.units[run]}${slot}.service`;
  return run === "process" ? [own, `${plan.units.mint}${slot}.service`] : [own];
}

function listPatterns({ units }: Plan): readonly string[] {
  return [units.container, units.process, units.mint, units.vm].map((prefix) => `${prefix}*.service`);
}

/** What a host with systemd has beside its slots. */
export function listUpkeepUnits({ units, watchdog }: Plan, host: PlannedHost): readonly string[] {
  const hasCaches = host.placements.some(({ caches }) => caches.length > 0);
  const isRootless = host.placements.some(({ docker }) => docker === "rootless");
  return [
    units.target,
    ...(watchdog.mode === "timer" ? [`${units.watchdog}.timer`] : []),
    `${units.watchdog}.service`,
    ...(hasCaches ? [`${units.cache}.timer`] : []),
    ...(host.emulate.length > 0 ? [units.binfmt] : []),
    ...(isRootless ? [units.rootless] : []),
  ];
}
