// What was counted over all passes, as Prometheus text, and how busy the cards are. In: the tally, cards.
// Out: text. Rates and averages are Prometheus's business.

import type { CardLoad } from "../model/host-observation.ts";
import type { Counts, Histogram, Tally } from "../model/watchdog-tally.ts";
import { BOUNDS } from "./count-pass.ts";
import { type Labels, type Sample, writeCounter, writeGauge, writeHistogram } from "./metric-text.ts";

export function writeCounters(tally: Tally): string {
  const byPool = (counts: Counts) => list(counts, (pool) => ({ pool }));
  const requests: readonly Sample[] = [
    [{ counted: "false" }, tally.requestsFree],
    [{ counted: "true" }, tally.requestsCounted],
  ];
  return [
    writeCounter(
      "passes_total",
      "Passes by exit code; `crashed`: it did not come to its end.",
      list(tally.passes, (code) => ({ code })),
    ),
    writeCounter(
      "actions_total",
      "What was done, by pool, action, reason and result.",
      list(tally.actions, readAction),
    ),
    writeCounter(
      "prunes_total",
      "Registrations taken away, by pool and reason.",
      list(countPrunes(tally.actions), (key) => {
        const [pool = "", reason = ""] = key.split(" ");
        return { pool, reason };
      }),
    ),
    writeCounter(
      "registrations_total",
      "Registrations that this host's slots got, by pool.",
      byPool(tally.registrations),
    ),
    writeCounter("jobs_total", "Jobs seen on this host's slots, by pool.", byPool(tally.jobs)),
    writeHistogram(
      "job_duration_seconds",
      "How long jobs ran on this host's slots, to within one pass, by pool.",
      BOUNDS,
      listHistograms(tally.durations),
    ),
    writeHistogram(
      "job_wait_seconds",
      "How long jobs waited before they began on this host's slots, by pool; only where the queue is followed.",
      BOUNDS,
      listHistograms(tally.waits),
    ),
    writeCounter("github_requests_total", "Requests; those counted are not answered 304.", requests),
    writeCounter(
      "webhook_deliveries_total",
      "What came to the webhook, by what became of it.",
      list(tally.webhooks, (result) => ({ result })),
    ),
  ].join("");
}

function readAction(key: string): Labels {
  const [pool = "", action = "", reason = "", result = ""] = key.split(" ");
  return { pool, action, reason, result };
}

/** Deleted at once, or as the first step of taking a slot down. */
function countPrunes(actions: Counts): Counts {
  const prunes: Record<string, number> = {};
  for (const [key, count] of Object.entries(actions)) {
    const [pool, action, reason, result] = key.split(" ");
    if (result !== "done" || (action !== "delete" && action !== "retire")) continue;
    const at = `${pool} ${reason}`;
    prunes[at] = (prunes[at] ?? 0) + count;
  }
  return prunes;
}

function list(counts: Counts, label: (key: string) => Labels): readonly Sample[] {
  return sorted(counts).map(([key, count]) => [label(key), count] as const);
}

function listHistograms(
  histograms: Readonly<Record<string, Histogram>>,
): readonly (readonly [Labels, Histogram])[] {
  return sorted(histograms).map(([pool, histogram]) => [{ pool }, histogram] as const);
}

function sorted<T>(entries: Readonly<Record<string, T>>): readonly (readonly [string, T])[] {
  return Object.entries(entries).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

export function writeCards(cards: readonly CardLoad[]): string {
  const each = (value: (card: CardLoad) => number | null): readonly Sample[] =>
    cards.flatMap((card): readonly Sample[] => {
      const found = value(card);
      return found === null ? [] : [[{ gpu: card.id, vendor: card.vendor }, found]];
    });
  return [
    writeGauge(
      "gpu_utilization_ratio",
      "How busy a card is, 0 to 1.",
      each(({ busy }) => busy),
    ),
    writeGauge(
      "gpu_memory_used_bytes",
      "Memory of a card in use.",
      each(({ memoryUsed }) => memoryUsed),
    ),
    writeGauge(
      "gpu_memory_total_bytes",
      "Memory of a card.",
      each(({ memoryTotal }) => memoryTotal),
    ),
  ].join("");
}
