// The text exposition format of Prometheus (prometheus.io/docs/instrumenting/exposition_formats). In: names, help,
// samples. Out: lines; a family without samples is none. Every value of a label is quoted here, whoever wrote it.

import { quoteHelpText, quoteLabelValue } from "../base/quote-prometheus.ts";
import type { Histogram } from "../model/watchdog-tally.ts";

export type Labels = Readonly<Record<string, string>>;
export type Sample = readonly [Labels, number];

export function writeGauge(name: string, help: string, samples: readonly Sample[]): string {
  return writeFamily(name, "gauge", help, samples);
}

/** Its name ends in `_total`. */
export function writeCounter(name: string, help: string, samples: readonly Sample[]): string {
  return writeFamily(name, "counter", help, samples);
}

function writeFamily(
  name: string,
  type: "gauge" | "counter",
  help: string,
  samples: readonly Sample[],
): string {
  if (samples.length === 0) return "";
  const full = `ci_fleet_${name}`;
  const lines = samples.map(([labels, value]) => writeLine(full, labels, value));
  return `${writeHead(full, type, help)}${lines.join("")}`;
}

/** Buckets are cumulative there, and the last one holds all. */
export function writeHistogram(
  name: string,
  help: string,
  bounds: readonly number[],
  histograms: readonly (readonly [Labels, Histogram])[],
): string {
  if (histograms.length === 0) return "";
  const full = `ci_fleet_${name}`;
  const lines = histograms.flatMap(([labels, { counts, sum }]) => {
    let total = 0;
    const buckets = counts.map((count, index) => {
      total += count;
      const le = bounds[index] === undefined ? "+Inf" : String(bounds[index]);
      return writeLine(`${full}_bucket`, { ...labels, le }, total);
    });
    return [...buckets, writeLine(`${full}_sum`, labels, sum), writeLine(`${full}_count`, labels, total)];
  });
  return `${writeHead(full, "histogram", help)}${lines.join("")}`;
}

function writeHead(full: string, type: string, help: string): string {
  return `# HELP ${full} ${quoteHelpText(help)}\n# TYPE ${full} ${type}\n`;
}

function writeLine(full: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}=${quoteLabelValue(text)}`);
  return `${full}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
}
