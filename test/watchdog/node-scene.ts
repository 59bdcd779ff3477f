// A fake node with guests of one job, the watchdog that looks after it, and what runs in the guests: a guest reads the
// word of its node as one-job.sh does, sets itself up, has its job, powers off. In: a test. Out: the scene.

import assert from "node:assert/strict";
import { WorldError } from "../../src/base/world-error.ts";
import { bringAsRendered } from "../../src/cli/watchdog/bring-as-rendered.ts";
import type { GuestReset, VmSpec } from "../../src/model/fleet.ts";
import type { GuestsPass, NodeMemory } from "../../src/model/guest-life.ts";
import { readNodeMemory, writeNodeMemory } from "../../src/model/guest-memory.ts";
import { seen } from "../../src/model/host-observation.ts";
import type { Hypervisor } from "../../src/model/hypervisor-port.ts";
import { hasServeWord } from "../../src/model/one-job.ts";
import type { Plan, PlannedHost } from "../../src/model/plan.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import { actOnGuests } from "../../src/watchdog/act-guests.ts";
import { decideGuests } from "../../src/watchdog/decide-guests.ts";
import { observeGuests } from "../../src/watchdog/observe-guests.ts";
import { makeFleet, makeGuest, makeInputs, makePool, makeProxmox } from "../plan/make-fleet.ts";
import { makeNode } from "../plan/make-node.ts";
import { type Ending, type ProxmoxLab, startProxmoxLab } from "../proxmox/lab.ts";
import { type FakeGuest, TOKEN, TORN } from "../proxmox/state.ts";

export const VM = 9101;
const SMALL = { cpus: 1, memory: 2 ** 30 };

export interface NodeScene extends ProxmoxLab {
  readonly plan: Plan;
  readonly host: PlannedHost;
  /** One pass; `crashAt`: the process ends at that step, and what it had not written is lost. */
  pass(crashAt?: string): Promise<GuestsPass | null>;
  /** Each running guest goes as far as it can without its job's end. */
  live(): void;
  /** The job of each guest that has one comes to its end. */
  finishJobs(): void;
  forget(): void;
  /** The token is taken back, and given again. */
  revoke(): void;
  grantAgain(): void;
  memory(): NodeMemory | null;
  /** One line for each guest, of the last pass. */
  said(pass: GuestsPass | null): readonly string[];
  readonly jobs: number[];
  /** Nothing more can be written on the node itself. */
  isDiskFull: boolean;
}

export function planNode(given: Partial<VmSpec> = {}, count = 1): { plan: Plan; host: PlannedHost } {
  const guests = Array.from({ length: count }, (_, at) =>
    makeGuest(`vm-${at + 1}`, "pve1", { lifetime: "ephemeral", vmId: VM + at, limits: SMALL, ...given }),
  );
  const pve1 = makeProxmox("pve1", { template: 9000 });
  const { value, diagnostics } = planFleet(
    makeFleet([pve1, ...guests], [makePool("ci", { hosts: guests.map(({ name }) => name) })]),
    makeInputs({
      pve1: makeNode(
        [],
        {},
        { proxmox: { version: "9.1.1", node: "pve1", bootLoader: "grub", bootTool: false } },
      ),
    }),
  );
  assert.ok(value, JSON.stringify(diagnostics.map(({ message }) => message)));
  const host = value.hosts.find(({ name }) => name === "pve1");
  assert.ok(host);
  return { plan: value, host };
}

export async function openNodeScene(
  t: Ending,
  { reset = "rollback", count = 1 }: { readonly reset?: GuestReset; readonly count?: number } = {},
): Promise<NodeScene> {
  const lab = await startProxmoxLab(t);
  const { state } = lab;
  const { plan, host } = planNode({ reset }, count);
  state.addTemplate(9000);
  const roles = new Map(host.hypervisor?.access.roles.map(({ id, privileges }) => [id, privileges]));
  for (const { path, role } of host.hypervisor?.access.grants ?? []) state.grant(path, roles.get(role) ?? []);
  return playNode(lab, { plan, host });
}

/** As qm.sh leaves it. */
export function makeByHand({ state, host }: Pick<NodeScene, "state" | "host">): void {
  for (const { vmId, mark, name } of host.hypervisor?.guests ?? []) {
    state.addGuest(vmId, {
      description: `${mark}\nMade by ci-fleet from fleet.yaml: change it there.`,
      config: {
        name,
        smbios1: `uuid=${state.nameMachine()}`,
        scsi0: `local-lvm:vm-${vmId}-disk-0,size=64G`,
      },
    });
  }
}

/** From a guest as qm.sh leaves it to the end of its first job. */
export async function endFirstJob(scene: NodeScene): Promise<void> {
  makeByHand(scene);
  await scene.pass();
  scene.live();
  await scene.pass();
  scene.live();
  scene.finishJobs();
}

/** The laws that hold for every call: nothing that runs is harmed, and nothing that is not ours. */
function watch({ hypervisor, state }: ProxmoxLab): Hypervisor {
  const guarded = (vmId: number): FakeGuest | null => {
    const guest = state.guests.get(vmId);
    if (guest === undefined) return null;
    assert.equal(guest.status, "stopped", `guest ${vmId} runs`);
    assert.match(guest.description ?? "", /^ci-fleet guest /, `guest ${vmId} is not ours`);
    return guest;
  };
  const never = (): never => assert.fail("no guest is ever stopped");
  return {
    ...hypervisor,
    rollback: (vmId, name) => {
      guarded(vmId);
      return hypervisor.rollback(vmId, name);
    },
    destroy: (vmId) => {
      guarded(vmId);
      return hypervisor.destroy(vmId);
    },
    takeSnapshot: (vmId, snapshot) => {
      guarded(vmId);
      return hypervisor.takeSnapshot(vmId, snapshot);
    },
    configure: (vmId, change) => {
      guarded(vmId);
      return hypervisor.configure(vmId, change);
    },
    start: (vmId) => {
      assert.notEqual(guarded(vmId)?.disk, TORN, `guest ${vmId} is half rolled back`);
      return hypervisor.start(vmId);
    },
    stop: never,
    shutdown: never,
    deleteSnapshot: never,
  };
}

class Crash extends Error {}

function playNode(
  lab: ProxmoxLab,
  { plan, host }: { readonly plan: Plan; readonly host: PlannedHost },
): NodeScene {
  const { state } = lab;
  const granted = state.grants.get(TOKEN) ?? new Map();
  let stored: string | null = null;
  const jobs: number[] = [];
  const read = (): NodeMemory | null => readNodeMemory(stored);
  const time = () => ({
    wall: state.now + state.clockAhead,
    monotonic: state.now,
    boot: `boot ${state.boots}`,
  });
  const pass = async (crashAt?: string): Promise<GuestsPass | null> => {
    const memory = read();
    const node: Hypervisor = watch(lab);
    const observation = await observeGuests(host, memory, { time, node, readMade: () => seen(null) });
    const decided = decideGuests({ plan, host, observation, memory });
    const save = async (next: NodeMemory): Promise<void> => {
      if (scene.isDiskFull)
        throw new WorldError("write node-guests.json", "no space left on the device (ENOSPC)");
      stored = writeNodeMemory(next);
    };
    const ports = {
      ...{ time, node, save },
      bring: (guest: Parameters<typeof bringAsRendered>[1], begun: Parameters<typeof bringAsRendered>[2]) =>
        bringAsRendered({ plan, host, node }, guest, begun),
      stopping: () => null,
      pass: (step: string) => {
        if (step === crashAt) throw new Crash();
      },
    };
    try {
      const acted = await actOnGuests(
        { plan, host, rulings: decided.rulings, memory: decided.memory, made: new Map() },
        ports,
      );
      await save(acted.memory);
      return { observation, decided, outcomes: acted.outcomes };
    } catch (error) {
      if (error instanceof Crash || error instanceof WorldError) return null;
      throw error;
    }
  };
  const ours = (): readonly FakeGuest[] =>
    [...state.guests.values()].filter(
      ({ description, status, qmp }) =>
        (description ?? "").startsWith("ci-fleet guest ") && status === "running" && (qmp ?? null) === null,
    );
  const liveOne = (guest: FakeGuest): void => {
    const isClean = hasServeWord(guest.config.smbios1);
    if (["new", "template", "cut off"].includes(guest.disk)) guest.disk = "set-up";
    if (guest.disk === "set-up" && isClean) {
      jobs.push(guest.vmId);
      guest.disk = "job";
    } else if (guest.disk === "set-up") state.powerOff(guest.vmId);
    else if (guest.disk === "used") state.powerOff(guest.vmId);
  };
  const scene: NodeScene = {
    ...lab,
    isDiskFull: false,
    ...{ plan, host, pass, jobs, memory: read },
    live: () => ours().forEach(liveOne),
    finishJobs: () => {
      for (const guest of ours()) {
        if (guest.disk !== "job") continue;
        guest.disk = "used";
        state.powerOff(guest.vmId);
      }
    },
    forget: () => {
      stored = null;
    },
    revoke: () => {
      state.grants.delete(TOKEN);
    },
    grantAgain: () => {
      state.grants.set(TOKEN, granted);
    },
    said: (each) =>
      (each?.decided.rulings ?? []).map(({ guest, verdict, reason, action }) => {
        const outcome = each?.outcomes.find(({ ruling }) => ruling.guest === guest);
        const what = action === null ? verdict : `${action} ${outcome?.result ?? "-"}`;
        return `${guest} ${what} ${reason}`;
      }),
  };
  return scene;
}
