// The part of a pass that looks after a node's guests: observe, decide, act. In: the plan, this host. Out: that part of
// the pass, null where the host has no guests; what is remembered is written.

import { setTimeout as sleep } from "node:timers/promises";
import { connectProxmox, type ProxmoxConnection } from "../../adapters/proxmox-access.ts";
import { readMadeGuest, readNodeMemoryText, saveNodeMemoryText } from "../../adapters/watchdog-files.ts";
import type { GuestsPass, NodeMemory } from "../../model/guest-life.ts";
import { readNodeMemory, writeNodeMemory } from "../../model/guest-memory.ts";
import type { HypervisorPlan } from "../../model/hypervisor-plan.ts";
import type { Plan } from "../../model/plan.ts";
import { actOnGuests } from "../../watchdog/act-guests.ts";
import { decideGuests } from "../../watchdog/decide-guests.ts";
import type { ActGuestsPorts } from "../../watchdog/guest-ports.ts";
import { observeGuests } from "../../watchdog/observe-guests.ts";
import { openLook } from "../open-look.ts";
import type { ThisHost } from "../this-host.ts";
import { productVersion } from "../version.ts";
import { bringAsRendered } from "./bring-as-rendered.ts";
import { openFailpoint } from "./open-hands.ts";
import { readTime } from "./open-sources.ts";

export interface GuestsOptions {
  readonly isDry: boolean;
  readonly stop: AbortSignal | null;
}

export async function passOverGuests(
  plan: Plan,
  at: ThisHost,
  options: GuestsOptions,
): Promise<GuestsPass | null> {
  const { hypervisor } = at.host;
  if (hypervisor === null || hypervisor.guests.length === 0) return null;
  const connection = connect(hypervisor);
  try {
    return await passOver(plan, at, hypervisor, connection, options);
  } finally {
    if (connection.kind === "open") connection.close();
  }
}

function connect({ api, node }: HypervisorPlan): ProxmoxConnection {
  const monotonic = (): number => Number(process.hrtime.bigint() / 1_000_000n);
  return connectProxmox(
    { ...api, node },
    {
      uid: process.getuid?.() ?? 0,
      env: process.env,
      ports: { clock: { monotonic }, sleep: (milliseconds) => sleep(milliseconds) },
      userAgent: `ci-fleet/${productVersion}`,
      // What was begun is seen to its end: stopping begins nothing new.
      signal: null,
    },
  );
}

async function passOver(
  plan: Plan,
  { host, places }: ThisHost,
  hypervisor: HypervisorPlan,
  connection: ProxmoxConnection,
  { isDry, stop }: GuestsOptions,
): Promise<GuestsPass> {
  const { files } = openLook(host, places);
  const memory = readNodeMemory(readNodeMemoryText(files, places));
  const time = () => readTime(files);
  const readMade = (vmId: number) => readMadeGuest(files, places, vmId);
  const node =
    connection.kind === "open"
      ? connection.hypervisor
      : { refused: `${connection.message} (${connection.help})` };
  const observation = await observeGuests(host, memory, { time, node, readMade });
  const decided = decideGuests({ plan, host, observation, memory });
  if (isDry || connection.kind !== "open") return { observation, decided, outcomes: [] };
  const save = async (next: NodeMemory): Promise<void> => saveNodeMemoryText(places, writeNodeMemory(next));
  const ports: ActGuestsPorts = {
    time,
    save,
    node: connection.hypervisor,
    bring: (guest, begun) => bringAsRendered({ plan, host, node: connection.hypervisor }, guest, begun),
    stopping: () => (stop?.aborted === true ? "the watchdog is being stopped" : null),
    pass: openFailpoint(process.env.CI_FLEET_FAILPOINT),
  };
  const made = new Map(
    observation.guests.flatMap(({ name, made: each }) => {
      const guest = hypervisor.guests.find((one) => one.name === name);
      return guest === undefined || !each.known ? [] : [[guest.vmId, each.value] as const];
    }),
  );
  const acted = await actOnGuests(
    { plan, host, rulings: decided.rulings, memory: decided.memory, made },
    ports,
  );
  await save(acted.memory);
  return { observation, decided, outcomes: acted.outcomes };
}
