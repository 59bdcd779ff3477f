// What start, stop, drain and logs begin with: the plan, this host, the slots that are meant, and how to look at
// them and act on them. In: the call. Out: all of that; null where the spec has errors, which are then told.

import type { SlotControl } from "../../adapters/control-slots.ts";
import { observeHost } from "../../adapters/observe-slots.ts";
import type { SlotObservation } from "../../model/host-observation.ts";
import type { Plan } from "../../model/plan.ts";
import { judgeLife, type LifeVerdict } from "../../model/slot-life.ts";
import type { CommandCall } from "../command.ts";
import { loadFleet } from "../load-fleet.ts";
import { openLook } from "../open-look.ts";
import { warnAbout } from "../report-diagnostics.ts";
import { requireThisHost, type ThisHost } from "../this-host.ts";
import { type ChosenSlot, chooseSlots } from "./choose-slots.ts";

export interface SeenSlot extends ChosenSlot {
  readonly seen: SlotObservation;
  readonly life: LifeVerdict;
}

export interface OpenedSlots {
  readonly plan: Plan;
  readonly at: ThisHost;
  readonly chosen: readonly ChosenSlot[];
  readonly control: SlotControl;
  /** One fresh look at these. */
  readonly look: (slots: readonly ChosenSlot[]) => Promise<readonly SeenSlot[]>;
}

export function openSlots(call: CommandCall): OpenedSlots | null {
  const loaded = loadFleet(call);
  const { plan } = loaded;
  if (plan === null) {
    warnAbout(loaded, call.terminal);
    return null;
  }
  const at = requireThisHost(call, plan);
  const { host, places } = at;
  const { tools } = openLook(host, places);
  return {
    plan,
    at,
    chosen: chooseSlots(call.args[0] ?? host.name, plan, host),
    control: { tools, host, places },
    look: async (slots) => {
      const only = new Set(slots.map(({ slot }) => slot));
      const observation = await observeHost({ plan, host, places, only }, openLook(host, places));
      return observation.slots.flatMap((seen) => {
        const slot = slots.find((each) => each.slot === seen.slot);
        return slot === undefined ? [] : [{ ...slot, seen, life: judgeLife(seen) }];
      });
    },
  };
}

/** `acme-ci-forge-1 has a job: acme/app, build of CI`; whose words they are, the printer cleans. */
export function describeBusy({ slot, seen, life }: SeenSlot): string {
  const job = seen.job.known ? seen.job.value : null;
  if (life.life !== "busy") return `${slot}: ${life.evidence}`;
  return job === null
    ? `${slot} has a job`
    : `${slot} has a job: ${job.repository}, ${job.job} of ${job.workflow}`;
}
