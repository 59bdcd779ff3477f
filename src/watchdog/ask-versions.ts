// When GitHub ends the pinned runner version, for each target. In: plan, ports. Out: dates by target.

import { type Seen, seen, unseen } from "../model/host-observation.ts";
import type { Plan } from "../model/plan.ts";
import { explainFailure } from "./explain-failure.ts";
import type { Meter } from "./meter.ts";
import type { ObservePorts } from "./watch-ports.ts";

export async function askVersions(
  plan: Plan,
  ports: ObservePorts,
  meter: Meter,
  deadlineMs: number,
): Promise<ReadonlyMap<string, Seen<string | null>>> {
  const first = new Map(ports.scopes.toReversed().map(({ target, api }) => [target, api]));
  const asked = [...first].map(async ([target, api]) => {
    const work = api.getDeprecation(plan.runner.version);
    const answer = await ports.within(work, deadlineMs);
    if (answer === "late") return [target, unseen(`no answer within ${deadlineMs / 1000} s`)] as const;
    meter.note(answer.meta);
    if (answer.kind === "not-found") return [target, seen(null)] as const;
    if (answer.kind !== "ok") return [target, unseen(explainFailure(answer).why)] as const;
    return [target, seen(answer.value.jobsEnd)] as const;
  });
  return new Map(await Promise.all(asked));
}
