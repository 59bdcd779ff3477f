// GitHub for one target, with the credential of this host: for commands that ask it once and end.
// In: the plan, a target, where things lie. Out: the opened target.

import { type GitHubAccess, type GitHubOptions, openGitHub } from "../adapters/github.ts";
import { openNetwork } from "../adapters/github-network.ts";
import { openHostTools } from "../adapters/host-tools.ts";
import type { Secret } from "../base/secret.ts";
import type { TargetSpec } from "../model/fleet.ts";
import type { Plan } from "../model/plan.ts";
import type { ThisHost } from "./this-host.ts";
import { productVersion } from "./version.ts";

/** `at` null: this machine is no host of the fleet, and credentials lie where the spec says. */
export async function openTarget(
  plan: Pick<Plan, "network">,
  target: TargetSpec,
  at: Pick<ThisHost, "places"> | null,
  options: Partial<GitHubOptions> = {},
  /** Takes the place of the host's credential: to try a new one. */
  given: Secret | null = null,
): Promise<GitHubAccess> {
  openNetwork(plan.network, process.env);
  const places = at?.places ?? null;
  const isUser = places?.flavour === "user";
  return openGitHub(
    target,
    {
      uid: process.getuid?.() ?? 0,
      env: process.env,
      userFolder: isUser ? (places?.config.slice(0, places.config.lastIndexOf("/")) ?? null) : null,
      tools: openHostTools(process.env),
    },
    { userAgent: `ci-fleet/${productVersion}`, deadlineMs: 10_000, attempts: 2, ...options },
    given,
  );
}
