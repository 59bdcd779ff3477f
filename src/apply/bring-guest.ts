// Brings a guest to what api.json says, step by step: looks, decides, does, waits, looks again, until there is nothing
// left. Done twice it changes nothing the second time. In: the node, the wish. Out: what was done, and how it ended.

import type { BringOptions, BroughtGuest, GuestStep, GuestWish } from "../model/guest-wish.ts";
import type { Hypervisor, HypervisorAnswer, StartedTask } from "../model/hypervisor-port.ts";
import { planGuest } from "./plan-guest.ts";

/** Clone, settings, size, start; one more look for each. */
const MOST_STEPS = 8;

export async function bringGuest(
  hypervisor: Hypervisor,
  wish: GuestWish,
  options: BringOptions,
): Promise<BroughtGuest> {
  const steps: GuestStep[] = [];
  for (;;) {
    const seen = await hypervisor.readGuest(wish.vmId);
    if (seen.kind !== "ok" && seen.kind !== "absent") {
      return { kind: "failed", steps, step: null, failure: seen };
    }
    const decision = planGuest(wish, seen.kind === "ok" ? seen.value : null, options.start);
    if (decision.kind !== "step") return { ...decision, steps };
    const { step } = decision;
    const before = steps.at(-1);
    if (steps.length === MOST_STEPS || (before !== undefined && isRepeated(before, step))) {
      return stopRepeating(wish, steps);
    }
    const ended = await carryOut(hypervisor, wish, step, options);
    if (ended !== null) return { ...ended, steps, step };
    steps.push(step);
  }
}

/** Whatever it was that Proxmox took and wrote in another form: setting it for ever helps nobody. */
function isRepeated(before: GuestStep, step: GuestStep): boolean {
  return before.kind === step.kind;
}

function stopRepeating({ vmId }: GuestWish, steps: readonly GuestStep[]): BroughtGuest {
  const last = steps.at(-1);
  const keys = last?.kind === "configure" ? Object.keys(last.change.set).join(", ") : last?.kind;
  return {
    kind: "refused",
    steps,
    why: `guest ${vmId} was changed (${keys}), and Proxmox shows it as it was before`,
    help: `Look at the pending changes of guest ${vmId} in Proxmox's interface.`,
  };
}

type Ended = Pick<Extract<BroughtGuest, { kind: "running" }>, "kind" | "upid"> | FailedStep;
type FailedStep = Pick<Extract<BroughtGuest, { kind: "failed" }>, "kind" | "failure">;

/** null: done. */
async function carryOut(
  hypervisor: Hypervisor,
  wish: GuestWish,
  step: GuestStep,
  { patience, begun }: BringOptions,
): Promise<Ended | null> {
  const answer = await begin(hypervisor, wish.vmId, step);
  if (answer.kind !== "ok") return { kind: "failed", failure: answer };
  if (answer.value === null) return null;
  const { upid } = answer.value;
  await begun(answer.value, step);
  const end = await hypervisor.awaitTask(upid, patience);
  if (end.kind === "ok") return end.value.kind === "running" ? { kind: "running", upid } : null;
  // The task may still run: nobody could say.
  return end.kind === "unknown" ? { kind: "running", upid } : { kind: "failed", failure: end };
}

function begin(
  hypervisor: Hypervisor,
  vmId: number,
  step: GuestStep,
): Promise<HypervisorAnswer<StartedTask | null>> {
  switch (step.kind) {
    case "clone":
      return hypervisor.clone(step.template, step.wish);
    case "configure":
      return step.inTask
        ? hypervisor.configureInTask(vmId, step.change)
        : hypervisor.configure(vmId, step.change);
    case "resize":
      return hypervisor.resize(vmId, step.disk, step.size);
    case "start":
      return hypervisor.start(vmId);
  }
}
