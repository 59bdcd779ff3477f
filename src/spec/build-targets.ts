// From checked target records to the model's targets. In: what the table let through. Out: targets; a
// target with a fault gets a harmless shape, so that pools that name it are not blamed too.

import type { DocPath } from "../base/diagnostic.ts";
import type { AuthSpec, TargetSpec } from "../model/fleet.ts";
import { parseTarget } from "./parse-target.ts";
import type { Report } from "./report.ts";
import { relate } from "./report.ts";
import type { RuleValue } from "./rule.ts";
import { findNode, type SpecNode } from "./spec-node.ts";
import type { SPEC } from "./table.ts";
import type { TARGET } from "./table-targets.ts";

type TargetValue = RuleValue<typeof TARGET>;
type SpecValue = RuleValue<typeof SPEC>;

export function buildTargets(spec: SpecValue, tree: SpecNode, report: Report): readonly TargetSpec[] {
  const hasGithub = findNode(tree, ["github"]) !== null;
  const hasTargets = findNode(tree, ["targets"]) !== null;
  if (hasGithub && hasTargets) {
    report.add("CF620", ["targets"], {
      message: "`github` and `targets` exclude each other",
      help: "move what is under `github` to `targets: {default: …}`",
      onKey: true,
      related: [relate("`github` is here", ["github"], true)],
    });
  }
  if (!hasGithub && !hasTargets) {
    report.add("CF611", [], {
      message: 'the key "github" is missing',
      help: "add `github: https://github.com/OWNER`, or `targets` for several",
    });
  }
  const targets: TargetSpec[] = [];
  if (hasGithub) targets.push(buildTarget("default", spec.github, ["github"], tree, report));
  const node = findNode(tree, ["targets"]);
  for (const name of node?.kind === "map" ? node.entries.keys() : []) {
    if (hasGithub && name === "default") continue;
    targets.push(buildTarget(name, spec.targets?.get(name), ["targets", name], tree, report));
  }
  return targets;
}

function buildTarget(
  name: string,
  value: TargetValue | string | null | undefined,
  at: DocPath,
  tree: SpecNode,
  report: Report,
): TargetSpec {
  const asRecord = typeof value === "string" ? null : (value ?? null);
  const address = typeof value === "string" ? value : (asRecord?.url ?? null);
  const auth = buildAuth(asRecord?.auth ?? null, [...at, "auth"], tree, report);
  const shared = {
    name,
    runnerGroup: asRecord?.runnerGroup ?? null,
    auth,
    authWritten: (asRecord?.auth ?? null) !== null,
    at,
  };
  const answer = address === null ? null : parseTarget(address, asRecord?.repos ?? null);
  if (answer === null || !answer.ok) {
    if (answer !== null) {
      report.add("CF613", typeof value === "string" ? at : [...at, "url"], {
        message: answer.message,
        help: answer.help,
      });
    }
    const scope = { kind: "organization", owner: "" } as const;
    return { ...shared, url: "", scope, flavour: "github.com", apiUrl: "" };
  }
  const apiUrl = asRecord?.apiUrl?.replace(/\/+$/, "") ?? answer.place.apiUrl;
  return { ...shared, ...answer.place, apiUrl };
}

function buildAuth(auth: TargetValue["auth"], at: DocPath, tree: SpecNode, report: Report): AuthSpec {
  const search: AuthSpec = { kind: "search", folder: "/etc/ci-fleet" };
  if (auth === null) return search;
  // Asked of the tree: a key whose value was refused is there all the same.
  const written = ["app", "token", "gh", "broker"].filter((key) => findNode(tree, [...at, key]) !== null);
  if (written.length !== 1) {
    report.add(written.length === 0 ? "CF611" : "CF620", at, {
      message:
        written.length === 0
          ? "`auth` names no credential: expected one of app, token, gh, broker"
          : `\`auth\` names ${written.length} credentials (${written.join(", ")}): exactly one is taken`,
      onKey: true,
    });
    return search;
  }
  if (auth.app !== null) return { kind: "app", ...auth.app };
  if (auth.token !== null) return { kind: "token", file: auth.token };
  if (auth.gh !== null) return { kind: "gh", user: auth.gh.user };
  return auth.broker === null ? search : buildBroker(auth.broker);
}

function buildBroker(address: string): AuthSpec {
  const parsed = new URL(address);
  return {
    kind: "broker",
    url: address,
    user: parsed.username === "" ? null : parsed.username,
    host: parsed.hostname,
    port: parsed.port === "" ? null : Number(parsed.port),
  };
}
