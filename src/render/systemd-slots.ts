// Units of the runner slots of a host: the template units by run mode, and a drop-in for what a slot has of its
// own. In: the plan, a host, the flavour. Out: files with a path inside the folder of units.

import type { Placement, Plan, PlannedHost } from "../model/plan.ts";
import { listChoices } from "../model/repository-choice.ts";
import { fillTemplate } from "./fill-template.ts";
import {
  type Credential,
  type Flavour,
  listNetworkVariables,
  listSlots,
  type PlacedSlot,
  splitCredentials,
  type UnitFile,
  type Variable,
  viewCredentials,
  viewHost,
} from "./systemd-host.ts";
import { type ProcessSettings, settleProcess } from "./systemd-process.ts";

export function renderContainerUnits(plan: Plan, host: PlannedHost, flavour: Flavour): readonly UnitFile[] {
  const slots = listSlots(host, "container");
  if (slots.length === 0) return [];
  const credentials = splitCredentials(host, slots, flavour);
  const view = {
    ...viewHost(plan, host),
    ...viewCredentials(credentials.common),
    after: listUnitsBefore(plan, host),
    environment: listNetworkVariables(plan, flavour),
  };
  return [
    {
      path: `${plan.units.container}.service`,
      content: fillTemplate(templateOf(flavour, "container@.service"), view),
    },
    ...slots.flatMap((placed) =>
      renderDropIn(plan, host, flavour, placed, plan.units.container, {
        credentials: credentials.of(placed.placement),
        isAssigned: isAssigned(plan, placed.placement),
        hasSidecar: placed.placement.docker === "dind",
        ...viewOneJob(host, flavour, "container", true),
      }),
    ),
  ];
}

export function renderProcessUnits(plan: Plan, host: PlannedHost, flavour: Flavour): readonly UnitFile[] {
  const slots = listSlots(host, "process");
  if (slots.length === 0) return [];
  const credentials = splitCredentials(host, slots, flavour);
  const view = {
    ...viewHost(plan, host),
    ...viewCredentials(credentials.common),
    after: listUnitsBefore(plan, host),
    user: slots[0]?.placement.user ?? "ci-fleet",
    runnerVersion: plan.runner.version,
    environment: listNetworkVariables(plan, flavour),
  };
  const fill = (name: string) => fillTemplate(templateOf(flavour, name), view);
  return [
    { path: `${plan.units.process}.service`, content: fill("process@.service") },
    { path: `${plan.units.mint}.service`, content: fill("mint@.service") },
    ...slots.flatMap((placed) => [
      ...renderDropIn(plan, host, flavour, placed, plan.units.process, {
        ...settleProcess(plan, host, placed, flavour),
        ...viewOneJob(host, flavour, "process", true),
      }),
      ...renderDropIn(plan, host, flavour, placed, plan.units.mint, {
        credentials: credentials.of(placed.placement),
        isAssigned: isAssigned(plan, placed.placement),
        ...viewOneJob(host, flavour, "process", false),
      }),
    ]),
  ];
}

/** What one slot has beyond its template. */
interface OwnSettings extends ProcessSettings {
  readonly credentials: readonly Credential[];
  readonly isAssigned: boolean;
  /** An engine in a container of its own. */
  readonly hasSidecar: boolean;
  /** On a guest that runs one job: how the slot runs. */
  readonly oneJob: Placement["run"] | null;
  /** Its end is the guest's. */
  readonly oneJobEnds: boolean;
}

const NOTHING: OwnSettings = {
  credentials: [],
  isAssigned: false,
  hasSidecar: false,
  oneJob: null,
  oneJobEnds: false,
  cpuQuota: null,
  memoryMax: null,
  tasksMax: null,
  groups: [],
  privateTmp: false,
  binds: [],
  homeCaches: [],
  environment: [] as readonly Variable[],
};

/** No file where there is nothing to say. */
function renderDropIn(
  plan: Plan,
  host: PlannedHost,
  flavour: Flavour,
  placed: PlacedSlot,
  prefix: string,
  own: Partial<OwnSettings>,
): readonly UnitFile[] {
  const settings = { ...NOTHING, ...own };
  const isEmpty = Object.values(settings).every((value) =>
    Array.isArray(value) ? value.length === 0 : value === null || value === false,
  );
  if (isEmpty) return [];
  const view = {
    ...viewHost(plan, host),
    ...settings,
    slot: placed.slot.name,
    isUser: flavour === "user",
  };
  const content = fillTemplate("hosts/host/systemd/slot.conf", view);
  return [{ path: `${prefix}${placed.slot.name}.service.d/10-slot.conf`, content }];
}

/** Guests are installed for the whole system. */
function viewOneJob(
  host: PlannedHost,
  flavour: Flavour,
  run: Placement["run"],
  oneJobEnds: boolean,
): Pick<OwnSettings, "oneJob" | "oneJobEnds"> {
  if (host.oneJob === null || flavour === "user") return { oneJob: null, oneJobEnds: false };
  return { oneJob: run, oneJobEnds };
}

/** Targets of many repositories: the slot waits until the watchdog has named one. */
function isAssigned(plan: Plan, placement: Placement): boolean {
  return plan.targets.some((target) => target.name === placement.target && listChoices(target).length > 0);
}

/** Units that have to come first where they exist; ordering after a unit that does not is no error. */
function listUnitsBefore(plan: Plan, host: PlannedHost): readonly string[] {
  const usesNvidia = host.placements.some(({ gpu }) => gpu?.vendor === "nvidia");
  return [
    // Names of NVIDIA's driver packages and container toolkit: without them the card may not answer yet.
    ...(usesNvidia ? ["nvidia-persistenced.service", "nvidia-cdi-refresh.service"] : []),
    ...(host.emulate.length > 0 ? [plan.units.binfmt] : []),
    ...(host.placements.some(({ docker }) => docker === "rootless") ? [plan.units.rootless] : []),
  ];
}

function templateOf(flavour: Flavour, name: string): string {
  return `hosts/host/systemd/${flavour === "user" ? "user/" : ""}${name}`;
}
