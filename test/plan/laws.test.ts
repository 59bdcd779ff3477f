// What holds for every fleet that can be planned, over random ones.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { HostSpec, PoolSpec } from "../../src/model/fleet.ts";
import type { GpuFacts, Inventory } from "../../src/model/inventory.ts";
import { MAX_SLOT_NAME } from "../../src/model/names.ts";
import type { Plan, PlannedSlot } from "../../src/model/plan.ts";
import { assignCards, type Demand } from "../../src/plan/assign-cards.ts";
import { listCards } from "../../src/plan/list-cards.ts";
import { isUsable } from "../../src/plan/match-cards.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import {
  makeCard,
  makeFleet,
  makeGuest,
  makeInputs,
  makeInventory,
  makeMachine,
  makeNvidiaInventory,
  makePool,
  makeRequest,
} from "./make-fleet.ts";

const GIB = 2 ** 30;
const MODELS = ["RTX 4090", "RTX A6000", "H100"];

const card = fc.record({
  model: fc.constantFrom(...MODELS),
  memory: fc.constantFrom(16, 24, 48),
  mig: fc.constantFrom(0, 0, 0, 2),
});

function makeCards(given: readonly { model: string; memory: number; mig: number }[]): readonly GpuFacts[] {
  return given.map(({ model, memory, mig }, at) =>
    makeCard(at + 1, {
      name: `NVIDIA ${model}`,
      memoryMiB: memory * 1024,
      mig:
        mig === 0
          ? null
          : Array.from({ length: mig }, (_, n) => ({ uuid: `MIG-${at}-${n}`, profile: "1g.10gb" })),
    }),
  );
}

const inventory: fc.Arbitrary<Inventory> = fc
  .record({
    cards: fc.array(card, { maxLength: 5 }),
    arch: fc.constantFrom("x64" as const, "arm64" as const),
    threads: fc.integer({ min: 8, max: 128 }),
  })
  .map(({ cards, arch, threads }) =>
    makeNvidiaInventory(makeCards(cards), { arch, cpu: { ...makeInventory().cpu, threads } }),
  );

const request = fc
  .record({
    perRunner: fc.constantFrom(1, 1, 2),
    share: fc.constantFrom(1, 1, 3),
    mig: fc.constantFrom(null, null, "1g.10gb"),
    model: fc.constantFrom(null, ...MODELS),
  })
  .map(({ model, ...rest }) =>
    makeRequest({ ...rest, match: { model: rest.mig === null ? model : null, memory: null } }),
  );

const runners: fc.Arbitrary<PoolSpec["runners"]> = fc.oneof(
  fc.integer({ min: 1, max: 3 }).map((perHost) => ({ kind: "fixed" as const, perHost })),
  fc
    .record({ min: fc.integer({ min: 0, max: 3 }), more: fc.integer({ min: 0, max: 9 }) })
    .map(({ min, more }) => ({
      kind: "range" as const,
      min,
      max: Math.max(1, min + more),
      perHost: null,
      idle: 60_000,
    })),
);

const pool = fc
  .record({
    gpu: fc.option(request, { freq: 2 }),
    runners,
    cpus: fc.constantFrom(null, 1, 2.5),
    labels: fc.array(fc.constantFrom("Fast", "FAST", "cuda-12", "GPU", "linux"), { maxLength: 4 }),
    emulate: fc.subarray(["linux/riscv64", "linux/arm64"]),
  })
  .map(({ cpus, ...rest }) => ({
    ...rest,
    limits: { cpus, memory: cpus === null ? null : GIB, pids: null },
  }));

const HOSTS = ["alpha", "beta", "gamma", "delta"];

const scene = fc.record({
  inventories: fc.array(inventory, { minLength: 1, maxLength: HOSTS.length }),
  pools: fc.array(pool, { minLength: 1, maxLength: 4 }),
  guest: fc.boolean(),
});

type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

function planScene(
  { inventories, pools, guest }: Scene,
  order: (names: string[]) => string[] = (names) => names,
) {
  const names = HOSTS.slice(0, inventories.length);
  const facts = Object.fromEntries(names.map((name, at) => [name, inventories[at] as Inventory]));
  const hosts: HostSpec[] = order([...names]).map((name) => makeMachine(name));
  if (guest)
    hosts.push(makeGuest("guest", "alpha", { gpu: "0000:01:00", limits: { cpus: 2, memory: 2 * GIB } }));
  const specs = pools.map((given, at) => makePool(`p${at}`, { ...given, trusted: true }));
  return planFleet(makeFleet(hosts, specs), makeInputs(facts));
}

/** Only fleets that come out without an error; the others are no plans. */
function forEveryPlan(check: (plan: Plan, given: Scene) => void): void {
  let planned = 0;
  fc.assert(
    fc.property(scene, (given) => {
      const { value } = planScene(given);
      if (value === null) return;
      planned += 1;
      check(value, given);
    }),
    { numRuns: 400 },
  );
  assert.ok(planned > 50, `only ${planned} random fleets could be planned`);
}

function slotsOf(plan: Plan): readonly (PlannedSlot & { readonly pool: string; readonly host: string })[] {
  return plan.hosts.flatMap((host) =>
    host.placements.flatMap((placement) =>
      placement.slots.map((slot) => ({ ...slot, pool: placement.pool, host: host.name })),
    ),
  );
}

test("no card is in more slots than its pool shares it among, nor in two pools, nor also in a guest", () => {
  forEveryPlan((plan, given) => {
    for (const host of plan.hosts) {
      const users = new Map<string, string[]>();
      for (const slot of slotsOf(plan).filter((one) => one.host === host.name)) {
        assert.equal(new Set(slot.gpus.map((gpu) => gpu.id)).size, slot.gpus.length);
        for (const gpu of slot.gpus) users.set(gpu.id, [...(users.get(gpu.id) ?? []), slot.pool]);
      }
      for (const [id, pools] of users) {
        assert.equal(new Set(pools).size, 1, `${id} in two pools`);
        const share = given.pools[Number(pools[0]?.slice(1))]?.gpu?.share ?? 0;
        assert.ok(pools.length <= share, `${id} in ${pools.length} slots`);
        const use = host.capacity.gpus.find(({ gpu }) => gpu === id);
        assert.deepEqual([use?.slots.length, use?.guest], [pools.length, null]);
      }
    }
  });
});

test("every slot of a GPU pool has as many cards as a runner was promised", () => {
  forEveryPlan((plan, given) => {
    for (const slot of slotsOf(plan)) {
      assert.equal(slot.gpus.length, given.pools[Number(slot.pool.slice(1))]?.gpu?.perRunner ?? 0);
    }
  });
});

test("slot names are unique and short enough for a suffix", () => {
  forEveryPlan((plan) => {
    const names = slotsOf(plan).map((slot) => slot.name);
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.every((name) => name.length <= MAX_SLOT_NAME));
  });
});

test("labels are lower case, each once, and those of a pool are on all its hosts", () => {
  forEveryPlan((plan) => {
    for (const { labels } of plan.hosts.flatMap((host) => host.placements)) {
      assert.deepEqual(labels, [...new Set(labels.map((label) => label.toLowerCase()))]);
    }
    for (const { name, labels } of plan.pools) {
      const placements = plan.hosts.flatMap((host) => host.placements).filter((one) => one.pool === name);
      assert.ok(placements.every((one) => labels.every((label) => one.labels.includes(label))));
    }
  });
});

test("claims add up, and what always runs fits", () => {
  forEveryPlan((plan) => {
    for (const { capacity, placements, name } of plan.hosts) {
      const guests = plan.hosts.flatMap(({ spec }) =>
        spec.kind === "vm" && spec.parent === name ? [spec] : [],
      );
      for (const resource of ["cpus", "memory"] as const) {
        const ofGuests = guests.reduce((sum, guest) => sum + guest.limits[resource], 0);
        const claim = (onlyAlways: boolean) =>
          placements
            .flatMap(({ slots, limits }) =>
              slots.filter((slot) => slot.always || !onlyAlways).map(() => limits[resource] ?? 0),
            )
            .reduce((sum, limit) => sum + limit, ofGuests);
        assert.deepEqual([capacity[resource].claimed, capacity[resource].atMax], [claim(true), claim(false)]);
      }
      const { total, claimed } = capacity.memory;
      assert.ok(total === null || claimed <= total);
    }
  });
});

test("a range's minimum always runs, and its hosts together hold the maximum unless a warning says otherwise", () => {
  forEveryPlan((plan, given) => {
    const { diagnostics } = planScene(given);
    for (const { name, scaling, slots } of plan.pools) {
      if (scaling === null) continue;
      const own = slotsOf(plan).filter((slot) => slot.pool === name);
      assert.equal(own.length, slots);
      const always = own.filter((slot) => slot.always).length;
      assert.equal(always, Math.min(scaling.min, slots));
      const warned = diagnostics.some(({ code, path }) => code === "CF729" && path[1] === name);
      assert.equal(slots < scaling.max, warned);
    }
  });
});

test("the same fleet gives the same plan, and the same findings, every time", () => {
  fc.assert(fc.property(scene, (given) => assert.deepEqual(planScene(given), planScene(given))));
});

test("the order of hosts in the spec changes no host's slots, cards or labels", () => {
  forEveryPlan((plan, given) => {
    const { value } = planScene(given, (names) => names.toReversed());
    const byName = new Map(value?.hosts.map((host) => [host.name, host]));
    for (const host of plan.hosts) assert.deepEqual(byName.get(host.name)?.placements, host.placements);
  });
});

test("cards serve as many requests as any assignment could", () => {
  const scenes = fc.record({
    cards: fc.array(card, { maxLength: 5 }),
    demands: fc.array(fc.tuple(request, fc.integer({ min: 1, max: 2 })), { minLength: 1, maxLength: 3 }),
  });
  fc.assert(
    fc.property(scenes, ({ cards, demands }) => {
      const all = listCards(makeInventory({ gpus: makeCards(cards) }), []);
      const wanted = demands.map(
        ([one, number], at): Demand => ({ pool: `p${at}`, request: one, cards: number, takesLess: false }),
      );
      const given = assignCards(all, wanted);
      const served = [...given.cards.values()].reduce((sum, list) => sum + list.length, 0);
      const units = wanted.flatMap((demand) => Array.from({ length: demand.cards }, () => demand));
      const best = (at: number, used: ReadonlySet<number>): number => {
        const unit = units[at];
        if (unit === undefined) return 0;
        const choices = all.flatMap((one, n) => (!used.has(n) && isUsable(one, unit.request) ? [n] : []));
        return Math.max(
          best(at + 1, used),
          ...choices.map((choice) => 1 + best(at + 1, new Set([...used, choice]))),
        );
      };
      assert.equal(served, best(0, new Set()));
      assert.equal(given.short.length > 0, served < units.length);
    }),
  );
});
