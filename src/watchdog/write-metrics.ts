// What a pass found as Prometheus text, for node_exporter's textfile collector and for the daemon's /metrics. In: the
// pass, the tally. Out: the text. Names end as Prometheus asks (prometheus.io/docs/practices/naming); nothing that
// comes from a job is in it.

import type { GuestsPass } from "../model/guest-life.ts";
import type { CardLoad } from "../model/host-observation.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import { judgeLife } from "../model/slot-life.ts";
import type { Decided, Observation } from "../model/watchdog.ts";
import type { Tally } from "../model/watchdog-tally.ts";
import { type Labels, type Sample, writeGauge } from "./metric-text.ts";
import { countGuestUnits } from "./tell-guest-units.ts";
import { writeCards, writeCounters } from "./write-counters.ts";

export interface MetricsInputs {
  readonly plan: Plan;
  readonly host: PlannedHost;
  readonly observation: Observation;
  readonly decided: Decided;
  /** null: the host has none. */
  readonly guests: GuestsPass | null;
  readonly durationMs: number;
  readonly exitCode: number;
  /** Milliseconds since the epoch; null: never. */
  readonly lastSuccess: number | null;
  readonly tally: Tally;
  readonly specOk: boolean;
  readonly cards: readonly CardLoad[];
}

const DAY = 86_400_000;

export function writeMetrics(inputs: MetricsInputs): string {
  const { plan, host, observation, decided, durationMs, exitCode, lastSuccess } = inputs;
  const { wall } = observation.time;
  const one = (value: number | null): readonly Sample[] => (value === null ? [] : [[{}, value]]);
  const isRefused = observation.troubles.some(({ kind }) => kind === "refused");
  const parts = [
    writeGauge("build_info", "ci-fleet and the pinned runner.", [
      [{ version: plan.ciFleetVersion, runner: plan.runner.version }, 1],
    ]),
    writeGauge("last_run_timestamp_seconds", "When the last pass ended.", one(wall / 1000)),
    writeGauge(
      "last_success_timestamp_seconds",
      "When the last pass ended that saw everything.",
      one(lastSuccess === null ? null : lastSuccess / 1000),
    ),
    writeGauge("last_duration_seconds", "How long the last pass took.", one(durationMs / 1000)),
    writeGauge("last_exit_code", "Exit code of the last pass.", one(exitCode)),
    writeGauge("runners", "Slots of this host by pool and state.", countStates(host, observation)),
    writeGauge(
      "decisions",
      "Decisions of the last pass by verdict and reason.",
      countBy(decided.decisions.map(({ verdict, reason }) => ({ verdict, reason }))),
    ),
    writeGauge(
      "jobs_waiting",
      "Jobs that wait for a runner, by target.",
      [...observation.demand].flatMap(([target, demand]): readonly Sample[] =>
        demand.known ? [[{ target }, demand.value.jobs.length]] : [],
      ),
    ),
    writeGauge(
      "github_ratelimit_remaining",
      "Requests left until GitHub renews its limit.",
      one(observation.requestsLeft),
    ),
    writeGauge(
      "spec_ok",
      "0: the spec has errors, and the last one without goes on.",
      one(inputs.specOk ? 1 : 0),
    ),
    writeGauge("auth_ok", "0: GitHub refused a credential.", one(isRefused ? 0 : 1)),
    writeGauge(
      "clock_offset_seconds",
      "GitHub's clock minus this machine's.",
      one(observation.clockOffset === null ? null : observation.clockOffset / 1000),
    ),
    writeGauge(
      "runner_version_days_left",
      "Days until GitHub gives no jobs to the pinned version, by target.",
      countDays(observation),
    ),
    writeGauge(
      "disk_free_bytes",
      "Free room, by path.",
      observation.disks.flatMap((disk): readonly Sample[] =>
        disk.known ? [[{ path: disk.value.path }, disk.value.freeBytes]] : [],
      ),
    ),
    writeGauge(
      "notices",
      "Notices of the last pass by fact.",
      countBy(decided.notices.map(({ fact }) => ({ fact }))),
    ),
  ];
  const units = [...countGuestUnits(observation.guestUnits)].map(
    ([state, count]): Sample => [{ state }, count],
  );
  parts.push(writeGauge("guests", "Guests that this machine runs by itself, by state.", units));
  return [...parts, writeGuests(inputs.guests), writeCards(inputs.cards), writeCounters(inputs.tally)].join(
    "",
  );
}

/** Nothing where a host has no guests. */
function writeGuests(guests: GuestsPass | null): string {
  if (guests === null) return "";
  const { decided, outcomes, observation } = guests;
  return [
    writeGauge("hypervisor_ok", "0: the node's API did not answer, or refused.", [
      [{}, observation.trouble === null ? 1 : 0],
    ]),
    writeGauge(
      "guest_decisions",
      "Decisions of the last pass on guests, by verdict and reason.",
      countBy(decided.rulings.map(({ verdict, reason }) => ({ verdict, reason }))),
    ),
    writeGauge(
      "guest_actions",
      "What the last pass did to guests, by action and result.",
      countBy(outcomes.map(({ ruling, result }) => ({ action: ruling.action ?? "none", result }))),
    ),
    writeGauge(
      "guest_notices",
      "Notices of the last pass on guests, by fact.",
      countBy(decided.notices.map(({ fact }) => ({ fact }))),
    ),
  ].join("");
}

function countStates(host: PlannedHost, { slots }: Observation): readonly Sample[] {
  const pools = new Map(
    host.placements.flatMap(({ pool, slots: each }) => each.map(({ name }) => [name, pool] as const)),
  );
  return countBy(slots.map((seen) => ({ pool: pools.get(seen.slot) ?? "", state: judgeLife(seen).life })));
}

function countBy(all: readonly Labels[]): readonly Sample[] {
  const counts = new Map<string, [Labels, number]>();
  for (const labels of all) {
    const key = JSON.stringify(labels);
    const entry = counts.get(key) ?? [labels, 0];
    counts.set(key, [labels, entry[1] + 1]);
  }
  return [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, sample]) => sample);
}

function countDays({ versionEnds, time }: Observation): readonly Sample[] {
  return [...versionEnds].flatMap(([target, ends]): readonly Sample[] => {
    const at = ends.known && ends.value !== null ? Date.parse(ends.value) : Number.NaN;
    return Number.isNaN(at) ? [] : [[{ target }, Math.floor((at - time.wall) / DAY)]];
  });
}
