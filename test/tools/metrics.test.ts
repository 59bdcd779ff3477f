// The watchdog's metrics through Prometheus' own Python client: names, types, buckets.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { EMPTY_TALLY } from "../../src/model/watchdog-tally.ts";
import { writeCounters } from "../../src/watchdog/write-counters.ts";
import { hasWorking, runTool } from "./tool.ts";

const PYTHON = "/usr/bin/python3";
const READ = [
  "import json, sys",
  "from prometheus_client.parser import text_string_to_metric_families as read",
  "text = sys.stdin.buffer.read().decode()",
  "json.dump([[f.name, f.type, f.documentation, [[s.name, s.labels, s.value] for s in f.samples]] for f in read(text)], sys.stdout)",
].join("\n");

type Sample = readonly [name: string, labels: Readonly<Record<string, string>>, value: number];
type Family = readonly [name: string, type: string, help: string, samples: readonly Sample[]];

function readFamilies(text: string): readonly Family[] {
  const answer = runTool(PYTHON, ["-c", READ], text);
  assert.equal(answer.stderr, "");
  return JSON.parse(answer.stdout) as readonly Family[];
}

test("every family has one place, a type, help, and samples of its own name", (t) => {
  if (!hasWorking(t, PYTHON, "-c", "import prometheus_client")) return;
  const text = readFileSync("fixtures/watchdog/metrics.prom", "utf8");
  const families = readFamilies(text);
  const names = families.map(([name]) => name);
  assert.equal(new Set(names).size, names.length, "a family is there once");
  assert.equal(families.flatMap(([, , , samples]) => samples).length, text.match(/^[^#].*$/gm)?.length);
  for (const [name, type, help, samples] of families) {
    assert.match(name, /^ci_fleet_[a-z0-9_]+$/);
    assert.ok(["gauge", "counter", "histogram"].includes(type), `${name} is ${type}`);
    assert.notEqual(help, "");
    for (const [sample] of samples) {
      // The client takes `_total` off the name of a counter's family.
      const allowed =
        { counter: ["_total"], gauge: [""], histogram: ["_bucket", "_sum", "_count"] }[type] ?? [];
      assert.ok(
        allowed.some((end) => sample === `${name}${end}`),
        sample,
      );
    }
  }
});

test("buckets are cumulative, and the last one counts all", (t) => {
  if (!hasWorking(t, PYTHON, "-c", "import prometheus_client")) return;
  const families = readFamilies(readFileSync("fixtures/watchdog/metrics.prom", "utf8"));
  const histograms = families.filter(([, type]) => type === "histogram");
  assert.equal(histograms.length, 2);
  for (const [name, , , samples] of histograms) {
    const buckets = samples.filter(([sample]) => sample === `${name}_bucket`);
    const values = buckets.map(([, , value]) => value);
    assert.deepEqual(
      values,
      [...values].sort((a, b) => a - b),
    );
    assert.equal(buckets.at(-1)?.[1].le, "+Inf");
    assert.equal(values.at(-1), samples.find(([sample]) => sample === `${name}_count`)?.[2]);
    const bounds = buckets.slice(0, -1).map(([, { le }]) => Number(le));
    assert.deepEqual(
      bounds,
      [...bounds].sort((a, b) => a - b),
    );
  }
});

test("a name that would be syntax stays a value", (t) => {
  if (!hasWorking(t, PYTHON, "-c", "import prometheus_client")) return;
  const hostile = 'a"} 1\\';
  const families = readFamilies(
    writeCounters({ ...EMPTY_TALLY, jobs: { [hostile]: 3 }, webhooks: { [hostile]: 4 } }),
  );
  const jobs = families.find(([name]) => name === "ci_fleet_jobs");
  assert.deepEqual(jobs?.[3], [["ci_fleet_jobs_total", { pool: hostile }, 3]]);
});
