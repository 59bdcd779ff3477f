// Gathers what doctor judges by. In: the fleet, this host. Out: facts; nothing on the host is changed.

import { readDisk } from "../../adapters/observe-disk.ts";
import { observeMachine } from "../../adapters/observe-machine.ts";
import { observeHost } from "../../adapters/observe-slots.ts";
import { ROOTLESS_LOOKUPS, ROOTLESS_SYSCTLS } from "../../doctor/checks-docker.ts";
import { GUEST_LOOKUPS } from "../../doctor/checks-guests.ts";
import type { DoctorFacts } from "../../doctor/facts.ts";
import { compareInventories, formatChange } from "../../hardware/compare-inventories.ts";
import { readInventory } from "../../hardware/read-inventory.ts";
import { locateAuthority } from "../../model/authority.ts";
import { seen } from "../../model/host-observation.ts";
import type { Inventory } from "../../model/inventory.ts";
import type { Plan } from "../../model/plan.ts";
import type { CommandCall } from "../command.ts";
import { detectMachine } from "../detect-machine.ts";
import { listCopies } from "../list-copies.ts";
import { inventoryPath, type LoadedFleet } from "../load-fleet.ts";
import { lookAtGuestUnits, waitsForReboot } from "../look-at-guest-units.ts";
import { openLook } from "../open-look.ts";
import { readDocument } from "../read-document.ts";
import type { ThisHost } from "../this-host.ts";
import { askGitHub } from "./ask-github.ts";
import { lookAtCredentials } from "./look-at-credentials.ts";
import { lookAtNodeHere } from "./look-at-node-here.ts";
import { readInstalledState } from "./read-drift.ts";

export async function gatherFacts(
  { flags, terminal }: CommandCall,
  loaded: LoadedFleet,
  plan: Plan,
  at: ThisHost,
): Promise<DoctorFacts> {
  const { host, places, uid, userName } = at;
  const { inventory } = await detectMachine(null, terminal);
  const ports = openLook(host, places);
  const [slots, machine] = await Promise.all([
    observeHost({ plan, host, places, only: null }, ports),
    observeMachine(describeRequest(plan, at, inventory), { ...ports, readDisk }),
  ]);
  const state = readInstalledState(plan, at, ports.files, listCopies(loaded));
  const credentials = lookAtCredentials(plan, at);
  // Before the first apply its scripts would do everything: that it was not here is said once.
  const isApplied = state.installed.known && state.installed.value;
  const node = await lookAtNodeHere(
    { plan, host, wanted: isApplied ? state.wanted : null, isRoot: uid === 0 },
    ports,
  );
  const guests = await lookAtGuestUnits(at, ports);
  return {
    ...{ now: ports.now, plan, host, places, uid, userName, inventory, slots, machine, credentials },
    hardwareChanges: compareWithFile(loaded, host.name, inventory),
    installed: state.installed,
    isUnfinished: state.isUnfinished,
    drift: seen(state.drift),
    pending: state.pending,
    node,
    guests,
    waitsForReboot: node?.seen.waitsForReboot ?? waitsForReboot(ports.files),
    github: flags.has("offline") ? null : await askGitHub(plan, at, credentials),
  };
}

/** What was not learned this time, and what depends on who looks, is no change of the machine. */
function compareWithFile(loaded: LoadedFleet, host: string, now: Inventory): readonly string[] | null {
  const path = inventoryPath(loaded.specFolder, host);
  const text = readDocument(path, path);
  const before = text === null ? null : readInventory(text, host).value;
  if (before === null) return null;
  return compareInventories(before, now)
    .filter(({ path: fact, after }) => fact !== "kvm.usable" && (after !== null || fact.endsWith("]")))
    .map(formatChange);
}

function describeRequest(plan: Plan, { host, places, userName }: ThisHost, inventory: Inventory) {
  const { container } = inventory.virtualization;
  const usesAccount =
    places.flavour === "system" &&
    host.placements.some(({ user, docker }) => user !== null || docker === "rootless");
  const usesEngine = host.placements.some(({ run, docker }) => run === "container" || docker === "socket");
  return {
    places,
    account: usesAccount ? (host.placements.find(({ user }) => user !== null)?.user ?? "ci-fleet") : null,
    userName,
    inContainer: container !== null && container !== "none",
    kernel: inventory.kernel?.release ?? null,
    disks: [places.state, ...(usesEngine ? ["/var/lib/docker"] : []), places.run],
    programs: [...ROOTLESS_LOOKUPS, ...(host.kvm === null ? [] : GUEST_LOOKUPS)],
    sysctls: ROOTLESS_SYSCTLS,
    guarded: [
      places.binary,
      parentOf(places.config),
      places.config,
      ...[
        "entrypoint.sh",
        "identity.sh",
        "folders.sh",
        "job-started.sh",
        "job-completed.sh",
        "cache.sh",
        "binfmt.sh",
      ].map((name) => `${places.config}/runner/${name}`),
      `${places.config}/runner`,
      places.units,
      places.state,
      `${places.state}/drained`,
    ],
    authority: locateAuthority(plan.network, places.config),
  };
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
