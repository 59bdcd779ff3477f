// What a pass found as Prometheus text, for node_exporter's textfile collector. In: the pass. Out: the file's text.
// Names end as Prometheus asks (prometheus.io/docs/practices/naming); nothing in it is a stranger's text.

import { quoteHelpText, quoteLabelValue } from "../base/quote-prometheus.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import { judgeLife } from "../model/slot-life.ts";
import type { Decided, Observation, Outcome } from "../model/watchdog.ts";

export interface MetricsInputs {
  readonly plan: Plan;
  readonly host: PlannedHost;
  readonly observation: Observation;
  readonly decided: Decided;
  readonly outcomes: readonly Outcome[];
  readonly durationMs: number;
  readonly exitCode: number;
  /** Milliseconds since the epoch; null: never. */
  readonly lastSuccess: number | null;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [Labels, number];

const DAY = 86_400_000;

export function writeMetrics(inputs: MetricsInputs): string {
  const { plan, host, observation, decided, outcomes, durationMs, exitCode, lastSuccess } = inputs;
  const { wall } = observation.time;
  const one = (value: number | null): readonly Sample[] => (value === null ? [] : [[{}, value]]);
  const isRefused = observation.troubles.some(({ kind }) => kind === "refused");
  const parts = [
    part("build_info", "ci-fleet and the pinned runner.", [
      [{ version: plan.ciFleetVersion, runner: plan.runner.version }, 1],
    ]),
    part("last_run_timestamp_seconds", "When the last pass ended.", one(wall / 1000)),
    part(
      "last_success_timestamp_seconds",
      "When the last pass ended that saw everything.",
      one(lastSuccess === null ? null : lastSuccess / 1000),
    ),
    part("last_duration_seconds", "How long the last pass took.", one(durationMs / 1000)),
    part("last_exit_code", "Exit code of the last pass.", one(exitCode)),
    part("runners", "Slots of this host by pool and state.", countStates(host, observation)),
    part(
      "decisions",
      "Decisions of the last pass by verdict and reason.",
      countBy(decided.decisions.map(({ verdict, reason }) => ({ verdict, reason }))),
    ),
    part(
      "actions",
      "What the last pass did, by reason and result.",
      countBy(
        outcomes.map(({ decision, result }) => ({
          reason: decision.reason,
          action: decision.action?.kind ?? "",
          result,
        })),
      ),
    ),
    part(
      "jobs_waiting",
      "Jobs that wait for a runner, by target.",
      [...observation.demand].flatMap(([target, demand]): readonly Sample[] =>
        demand.known ? [[{ target }, demand.value.jobs.length]] : [],
      ),
    ),
    part(
      "github_ratelimit_remaining",
      "Requests left until GitHub renews its limit.",
      one(observation.requestsLeft),
    ),
    part("github_requests", "Requests of the last pass; those counted are not answered 304.", [
      [{ counted: "false" }, observation.requestsSent - observation.requestsCounted],
      [{ counted: "true" }, observation.requestsCounted],
    ]),
    part("auth_ok", "0: GitHub refused a credential.", one(isRefused ? 0 : 1)),
    part(
      "clock_offset_seconds",
      "GitHub's clock minus this machine's.",
      one(observation.clockOffset === null ? null : observation.clockOffset / 1000),
    ),
    part(
      "runner_version_days_left",
      "Days until GitHub gives no jobs to the pinned version, by target.",
      countDays(observation),
    ),
    part(
      "disk_free_bytes",
      "Free room, by path.",
      observation.disks.flatMap((disk): readonly Sample[] =>
        disk.known ? [[{ path: disk.value.path }, disk.value.freeBytes]] : [],
      ),
    ),
    part(
      "notices",
      "Notices of the last pass by fact.",
      countBy(decided.notices.map(({ fact }) => ({ fact }))),
    ),
  ];
  return parts.join("");
}

function part(name: string, help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const full = `ci_fleet_${name}`;
  const lines = samples.map(([labels, value]) => `${full}${writeLabels(labels)} ${value}\n`);
  return `# HELP ${full} ${quoteHelpText(help)}\n# TYPE ${full} gauge\n${lines.join("")}`;
}

function writeLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${quoteLabelValue(value)}`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
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
