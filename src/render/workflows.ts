// What people copy into their workflows: a whole example for each pool, a table of what to write under
// `runs-on`, and the labels for actionlint, which else takes them for typing errors. In: the plan. Out: files.

import type { Plan, PlannedPool } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { bannerLines, hashBanner } from "./banner.ts";
import { fillTemplate, type TemplateView } from "./fill-template.ts";
import { requireWorkflowText } from "./quote-github.ts";
import { nameOthers } from "./workflows-labels.ts";
import { viewPool } from "./workflows-pool.ts";
import { writeYaml } from "./write-yaml.ts";

export function renderWorkflows(plan: Plan): readonly RenderedFile[] {
  const hosts = new Map(plan.hosts.map((host) => [host.name, host]));
  return [
    ...plan.pools.map((pool) =>
      describeFile(
        `pools/${pool.name}.yaml`,
        fillTemplate("workflows/pools/pool.yaml", viewPool(plan, pool, hosts)),
      ),
    ),
    describeFile("runs-on.md", renderTable(plan)),
    describeFile("actionlint.yaml", renderLabels(plan)),
    ...renderBump(plan),
  ];
}

/**
 * For the fleet's own repository. Where the spec does not say where ci-fleet comes from, or runners register on
 * servers whose releases github.com does not decide, there is none.
 */
function renderBump(plan: Plan): readonly RenderedFile[] {
  if (plan.install === null || !plan.targets.some(({ flavour }) => flavour === "github.com")) return [];
  const view = {
    banner: bannerLines(plan),
    title: `Bump the runner of fleet ${plan.fleet}`,
    url: requireWorkflowText(plan.install.url),
    sha256: plan.install.sha256,
    hasProxy: plan.network.proxy !== null,
  };
  return [describeFile("bump.yaml", fillTemplate("workflows/bump.yaml", view))];
}

function describeFile(path: string, content: string): RenderedFile {
  return { path: `workflows/${path}`, content, mode: 0o644 };
}

/** Labels that actionlint knows itself (its documentation, "Check runner labels"). */
const KNOWN_LABELS = new Set(["self-hosted", "linux", "x64", "arm64"]);

function renderLabels(plan: Plan): string {
  const labels = new Set(plan.pools.flatMap((pool) => pool.variants.flatMap((variant) => variant.labels)));
  const own = [...labels].filter((label) => !KNOWN_LABELS.has(label)).toSorted();
  return writeYaml(
    { "self-hosted-runner": { labels: own } },
    {
      head: `${hashBanner(plan)}#\n# For actionlint: copy to .github/actionlint.yaml of a repository that uses these runners.\n`,
    },
  );
}

function renderTable(plan: Plan): string {
  const overlapping = plan.pools.flatMap((pool) => {
    const others = nameOthers(plan, pool);
    return others.length === 0 ? [] : [{ pool: pool.name, others }];
  });
  return fillTemplate("workflows/runs-on.md", {
    banner: bannerLines(plan),
    fleet: plan.fleet,
    rows: plan.pools.flatMap((pool) => pool.variants.map((variant) => viewRow(pool, variant))),
    overlaps: overlapping.length > 0,
    overlapping,
  });
}

/** Names in a cell: a pool may be on a thousand hosts. */
const NAMED = 8;

function viewRow(pool: PlannedPool, { labels, hosts }: PlannedPool["variants"][number]): TemplateView {
  return {
    pool: pool.name,
    group: pool.runnerGroup,
    labels,
    timeout: pool.timeoutMinutes,
    docker: pool.docker === "none" ? null : pool.docker,
    gpu: pool.gpu?.vendor ?? null,
    cards: pool.gpu?.perRunner ?? 0,
    hosts: hosts.slice(0, NAMED),
    more: hosts.length > NAMED ? String(hosts.length - NAMED) : null,
  };
}
