// Which slots a word means: a slot, a pool, a host. In: the word, the plan, this host. Out: slots of this host.

import { suggest } from "../../base/did-you-mean.ts";
import type { Placement, Plan, PlannedHost, PlannedSlot } from "../../model/plan.ts";
import { UsageError } from "../usage-error.ts";

export interface ChosenSlot {
  readonly slot: string;
  /** `acme-container@acme-ci-forge-1.service` */
  readonly unit: string;
  readonly placement: Placement;
  readonly planned: PlannedSlot;
}

/** `pool:` and `host:` in front say which is meant where one name is both. */
export function chooseSlots(word: string, plan: Plan, host: PlannedHost): readonly ChosenSlot[] {
  const all = listSlots(plan, host);
  const [, kind = null, name = word] = /^(pool|host):(.*)$/s.exec(word) ?? [];
  const meanings = [
    { is: "slot", slots: kind === null ? all.filter(({ slot }) => slot === name) : [] },
    { is: "pool", slots: kind !== "host" ? all.filter(({ placement }) => placement.pool === name) : [] },
    { is: "host", slots: kind !== "pool" && name === host.name ? all : [] },
  ].filter(({ slots }) => slots.length > 0);
  const [only, other] = meanings;
  if (only !== undefined && other === undefined) return only.slots;
  if (only !== undefined) {
    throw new UsageError(
      `${JSON.stringify(name)} is a ${only.is} and a ${other?.is}`,
      `say pool:${name} or host:${name}`,
    );
  }
  throw explainNothing(name, plan, host);
}

export function listSlots(plan: Plan, host: PlannedHost): readonly ChosenSlot[] {
  return host.placements.flatMap((placement) =>
    placement.slots.map((planned) => ({
      slot: planned.name,
      unit: `${plan.units[placement.run]}${planned.name}.service`,
      placement,
      planned,
    })),
  );
}

function explainNothing(name: string, plan: Plan, host: PlannedHost): UsageError {
  const elsewhere = plan.hosts.find(
    (each) =>
      each.name !== host.name &&
      (each.name === name || listSlots(plan, each).some(({ slot }) => slot === name)),
  );
  if (elsewhere !== undefined) {
    const what = elsewhere.name === name ? "another host" : `a slot of ${elsewhere.name}`;
    return new UsageError(`${name} is ${what}, and this is ${host.name}`, `run this on ${elsewhere.name}`);
  }
  const pool = plan.pools.find((each) => each.name === name);
  if (pool !== undefined) {
    return new UsageError(
      `pool ${name} has no slots on ${host.name}`,
      `it is on ${pool.hosts.join(", ") || "no host"}: run this there`,
    );
  }
  const known = [
    host.name,
    ...plan.pools.map((each) => each.name),
    ...listSlots(plan, host).map(({ slot }) => slot),
  ];
  const near = suggest(name, known);
  const guess = near === null ? "" : `; did you mean ${near}?`;
  return new UsageError(
    `there is no slot, pool or host ${JSON.stringify(name)}${guess}`,
    "`ci-fleet status` lists them",
  );
}
