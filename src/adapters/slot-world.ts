// One slot on this machine, for the preparation of its start: what is there, and the steps that change it. In: the
// slot, this process. Out: the port, made real.

import type { HostFiles, HostTools } from "../model/ports.ts";
import type { RunnerIdentity } from "../model/runner-identity.ts";
import type {
  ContainerFacts,
  Fault,
  MachineFacts,
  RunTraces,
  SlotPlace,
  StartStep,
  UnitWord,
} from "../model/slot-start.ts";
import {
  createContainer,
  listSlotContainers,
  makeNetwork,
  removeContainers,
  startSidecar,
} from "./container-slot.ts";
import type { DiskReader } from "./observe-disk.ts";
import { lookAtFiles, lookAtIdentity } from "./observe-slot-files.ts";
import { lookAtMachine } from "./preflight.ts";
import {
  makeFolders,
  makeHandOver,
  makeMountPoints,
  putSecret,
  repairOwner,
  throwAway,
} from "./slot-folders.ts";
import { findOwner, type Owner, type Self } from "./slot-owner.ts";

export interface OpenedWorld {
  isDrained(): boolean;
  readAssigned(): string | null;
  traceRun(): RunTraces;
  readIdentity(): RunnerIdentity | null;
  isSuspect(): boolean;
  listContainers(): Promise<readonly ContainerFacts[] | Fault>;
  askUnit(): Promise<UnitWord>;
  look(): Promise<MachineFacts>;
  perform(step: StartStep): Promise<void>;
  handOver(name: "jitconfig" | "token" | "url", text: string): void;
}

export interface WorldPorts {
  readonly files: HostFiles;
  readonly tools: HostTools;
  readonly readDisk: DiskReader;
  readonly self: Self;
}

export function openSlotWorld(place: SlotPlace, ports: WorldPorts): OpenedWorld {
  const { placement, slot, places, folders } = place;
  const { files, tools, self } = ports;
  const look = () => lookAtFiles(files, places, placement, slot.name);
  let owner: Owner | null = null;
  const requireOwner = (): Owner => {
    if (owner === null) throw new Error("the folders are made before anything is handed over");
    return owner;
  };
  const state = `${places.state}/${slot.name}/state`;
  return {
    // What cannot be seen holds nothing back: the unit's own condition has asked already.
    isDrained: () => isKnown(look().drained, false),
    readAssigned: () => isKnown(look().assigned, null),
    traceRun: () => traceRun(place, ports),
    readIdentity: () => readIdentity(files, state),
    isSuspect: () => files.stat(`${state}/suspect`).ok,
    listContainers: async () => (placement.run === "container" ? listSlotContainers(slot.name, tools) : []),
    askUnit: async () => (placement.run === "process" ? askUnit(place, tools) : "down"),
    look: () => lookAtMachine(place, ports),
    perform: async (step) => {
      owner ??= await findOwner(placement, places.flavour, self, tools);
      switch (step.kind) {
        case "remove-containers":
          return removeContainers(step.names, tools);
        case "throw-away":
          return throwAway(step.folders, tools);
        case "make-folders":
          return makeFolders(step.folders, owner, self);
        case "make-mount-points":
          return makeMountPoints(step.home, step.paths, owner);
        case "repair":
          return repairOwner(step.folders, owner, tools);
        case "make-hand-over":
          return makeHandOver(folders, placement.run === "process", owner, self, tools);
        case "make-network":
          return makeNetwork(step.name, places.state, tools);
        case "create-container":
          return createContainer(
            { config: places.config, service: step.service, isBuilt: step.isBuilt },
            tools,
          );
        case "start-sidecar":
          return startSidecar(step.name, tools);
      }
    },
    handOver: (name, text) => putSecret(folders.handOver, name, text, requireOwner()),
  };
}

/** `systemctl is-active` prints one word (systemctl(1)); none at all where there is no manager to ask. */
async function askUnit({ plan, slot, places }: SlotPlace, tools: HostTools): Promise<UnitWord> {
  const flags = places.flavour === "user" ? ["--user"] : [];
  const unit = `${plan.units.process}${slot.name}.service`;
  const answer = await tools.run("systemctl", [...flags, "is-active", "--", unit], 20_000);
  if (answer.kind === "missing") return "down";
  if (answer.kind !== "ran") return "unknown";
  const word = answer.stdout.trim();
  if (word === "active" || word === "reloading") return "running";
  if (word === "deactivating") return "stopping";
  if (["inactive", "failed", "activating", "unknown", "maintenance"].includes(word)) return "down";
  return /connect to (?:system scope )?bus|not been booted/i.test(answer.stderr) ? "down" : "unknown";
}

function isKnown<T, U>(
  seen: { readonly known: true; readonly value: T } | { readonly known: false },
  otherwise: U,
): T | U {
  return seen.known ? seen.value : otherwise;
}

function traceRun({ placement, places, slot, folders }: SlotPlace, { files }: WorldPorts): RunTraces {
  const { lastExit, job } = lookAtFiles(files, places, placement, slot.name);
  const boot = files.readText("/proc/sys/kernel/random/boot_id");
  return {
    hasFolder: files.stat(folders.handOver).ok,
    lastExit: isKnown(lastExit, null),
    hasJobMarker: isKnown(job, null) !== null,
    boot: boot.ok ? boot.value.trim() : null,
  };
}

/** The same as identity.sh would load: the current generation, else the one before it. */
function readIdentity(files: HostFiles, state: string): RunnerIdentity | null {
  const current = lookAtIdentity(files, `${state}/current`);
  // A user's install: the files belong to the runner's uid, which is another.
  if (!current.known) return null;
  if (current.value.kind === "whole") return current.value;
  const previous = lookAtIdentity(files, `${state}/previous`);
  return previous.known && previous.value.kind === "whole" ? previous.value : current.value;
}
