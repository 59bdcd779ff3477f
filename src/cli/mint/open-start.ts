// Everything that one preparation of a slot's start needs, made real. In: the call, the slot's name. Out: ports.

import { setTimeout as sleep } from "node:timers/promises";
import { openHostFiles } from "../../adapters/host-files.ts";
import { openHostTools } from "../../adapters/host-tools.ts";
import { openMintFiles } from "../../adapters/mint-files.ts";
import { readDisk } from "../../adapters/observe-disk.ts";
import { openSlotWorld } from "../../adapters/slot-world.ts";
import { hasErrors } from "../../base/diagnostic.ts";
import { cleanForTerminal } from "../../base/terminal-text.ts";
import { WorldError } from "../../base/world-error.ts";
import { findSlot } from "../../mint/find-slot.ts";
import { judgePreflight } from "../../mint/judge-preflight.ts";
import type { Keeper, LoadedSlot, SlotWorld, StartPorts } from "../../mint/start-ports.ts";
import { EMPTY_JOURNAL } from "../../model/mint-journal.ts";
import { fault, type SlotPlace } from "../../model/slot-start.ts";
import {
  judgeLastRun,
  mayStart,
  noteSetback,
  readSetbacks,
  SHORT_RUN_MS,
} from "../../registration/back-off.ts";
import type { CommandCall } from "../command.ts";
import { loadFleet } from "../load-fleet.ts";
import { chooseEnvironment } from "../open-look.ts";
import { choosePlaces } from "../this-host.ts";
import { UsageError } from "../usage-error.ts";
import { openRegistrar } from "./open-registrar.ts";

export function openStart(call: CommandCall, slot: string): StartPorts {
  const { terminal } = call;
  const say = (text: string): void => terminal.err(`${slot}: ${cleanForTerminal(text)}\n`);
  const keeper = openKeeper();
  return {
    clock: { now: Date.now, monotonic: () => performance.now() },
    random: Math.random,
    sleep: (milliseconds) => sleep(milliseconds),
    load: () => {
      const loaded = loadSlot(call, slot);
      if (loaded.kind === "found") keeper.moveTo(`${loaded.place.places.state}/${slot}`);
      return loaded;
    },
    keeper,
    brake: { read: readSetbacks, note: noteSetback, mayStart, judge: judgeLastRun, shortRunMs: SHORT_RUN_MS },
    openWorld: openWorld,
    openRegistrar: (place, url) => openRegistrar(place, url, say),
    say,
  };
}

/** Reads the spec that is in force: `apply` keeps a copy of it beside the rendered files. */
export function loadSlot(call: CommandCall, slot: string): LoadedSlot {
  const help = "Run `ci-fleet validate` where the spec is, then `ci-fleet apply` here";
  try {
    const { plan, diagnostics, shown } = loadFleet(call);
    if (plan === null) {
      const first = diagnostics.find((each) => hasErrors([each]));
      return {
        kind: "fault",
        fault: fault("spec-broken", `${shown}: ${first?.message ?? "it has errors"}`, help),
      };
    }
    const isUser = call.flags.has("user");
    const place = findSlot(plan, slot, ({ places }) =>
      isUser ? choosePlaces(true, plan.fleet) : { ...choosePlaces(false, plan.fleet), ...places },
    );
    if (place !== null) return { kind: "found", place };
    const message = `${shown} has no slot of this name`;
    return {
      kind: "fault",
      fault: fault("slot-unknown", message, "Run `ci-fleet apply`: it takes down what is gone"),
    };
  } catch (error) {
    if (!(error instanceof WorldError) && !(error instanceof UsageError)) throw error;
    return { kind: "fault", fault: fault("spec-missing", error.message, help) };
  }
}

export function openWorld(place: SlotPlace): SlotWorld {
  const { host, places } = place;
  const env = chooseEnvironment(host, places);
  // The rendered Compose file has the system's folders where these are not set.
  const extra: Record<string, string> =
    places.flavour === "user" ? { CI_FLEET_STATE: places.state, CI_FLEET_RUN: places.run } : {};
  const socket =
    env.DOCKER_HOST?.startsWith("unix://") === true ? env.DOCKER_HOST.slice("unix://".length) : null;
  if (places.flavour === "user" && socket !== null) extra.CI_FLEET_DOCKER_SOCKET = socket;
  const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const files = openHostFiles("/");
  const world = openSlotWorld(place, { files, tools: openHostTools(env, extra), readDisk, self });
  return { ...world, preflight: async () => judgePreflight(place, await world.look()) };
}

/** Until the spec has said which fleet this is, nothing can be kept. */
function openKeeper(): Keeper & { moveTo(folder: string): void } {
  let files: Keeper | null = null;
  return {
    moveTo: (folder) => {
      files = openMintFiles(folder);
    },
    readJournal: () => files?.readJournal() ?? EMPTY_JOURNAL,
    writeJournal: (journal) => files?.writeJournal(journal),
    readSetbacks: () => files?.readSetbacks() ?? null,
    writeSetbacks: (setbacks) => files?.writeSetbacks(setbacks),
    writeState: (state) => files?.writeState(state),
  };
}
