// What can be registered where. In: the draft. Out: CF611, CF617, CF624, CF646, CF647.

import type { Rule } from "../draft.ts";
import { relate } from "../report.ts";
import { findNode } from "../spec-node.ts";
import { sayUnknown } from "./host-rules.ts";

const poolTargetUnknown: Rule = (draft, say) => {
  const { fleet, tree } = draft;
  if (fleet.targets.length === 0) return;
  const names = fleet.targets.map(({ name }) => name);
  const said = new Set<string>();
  for (const pool of fleet.pools) {
    if (names.includes(pool.target)) continue;
    const path = [...pool.at, "target"];
    if (!draft.wrote(path)) {
      say("CF611", pool.at, {
        message: `the pool "${pool.name}" names no target, and none is named "default"`,
        help: `add \`target: ${names[0]}\``,
        onKey: true,
      });
    } else if (findNode(tree, path) !== null || !said.has("defaults")) {
      const own = findNode(tree, path) !== null;
      if (!own) said.add("defaults");
      sayUnknown(say, own ? path : ["defaults", "target"], "target", pool.target, names);
    }
  }
};

/** GitHub's OpenAPI: the enterprise endpoints for runners are `enabledForGitHubApps: false`. */
const enterpriseWithApp: Rule = ({ fleet }, say) => {
  for (const { scope, auth, at } of fleet.targets) {
    if (scope.kind !== "enterprise" || auth.kind !== "app") continue;
    say("CF624", [...at, "auth", "app"], {
      message: "an enterprise's runners cannot be registered by a GitHub App",
      help: "use `auth: {token: FILE}` with a token that has manage_runners:enterprise",
      onKey: true,
      related: [relate("the enterprise is here", [...at, "url"])],
    });
  }
};

const groupWithoutScope: Rule = ({ fleet }, say) => {
  for (const { scope, runnerGroup, at } of fleet.targets) {
    if (runnerGroup === null || scope.kind === "organization" || scope.kind === "enterprise") continue;
    say("CF647", [...at, "runnerGroup"], {
      message: "runner groups exist in organizations and enterprises only",
      help: "remove `runnerGroup`",
      onKey: true,
    });
  }
};

const persistentAcrossRepositories: Rule = (draft, say) => {
  for (const pool of draft.fleet.pools) {
    const target = draft.targetOf(pool);
    if (pool.lifetime !== "persistent" || target?.scope.kind !== "repositories") continue;
    if (target.scope.repos.length < 2) continue;
    say("CF646", [...pool.at, "lifetime"], {
      message: `a persistent runner cannot serve the ${target.scope.repos.length} repositories of target "${target.name}": a registration belongs to one`,
      help: "use `lifetime: ephemeral`, or a target for each repository",
      related: [relate("the repositories are here", [...target.at, "repos"], true)],
    });
  }
};

export const TARGET_RULES: readonly Rule[] = [
  poolTargetUnknown,
  enterpriseWithApp,
  groupWithoutScope,
  persistentAcrossRepositories,
];
