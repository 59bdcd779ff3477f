// GitHub for one target, with the credential of this host: for commands that ask it once and end.
// In: the plan, a target, where things lie. Out: the opened target.

import type { CredentialPlaces } from "../adapters/credentials.ts";
import { type GitHubAccess, type GitHubOptions, openGitHub } from "../adapters/github.ts";
import { openNetwork } from "../adapters/github-network.ts";
import { openHostTools } from "../adapters/host-tools.ts";
import type { Secret } from "../base/secret.ts";
import type { InstallPlaces } from "../model/apply.ts";
import type { TargetSpec } from "../model/fleet.ts";
import type { Plan } from "../model/plan.ts";
import type { ThisHost } from "./this-host.ts";
import { productVersion } from "./version.ts";

/** `at` null: this machine is no host of the fleet, and credentials lie where the spec says. */
export async function openTarget(
  plan: Pick<Plan, "network">,
  target: TargetSpec,
  at: (Pick<ThisHost, "places"> & Pick<CredentialPlaces, "installations">) | null,
  options: Partial<GitHubOptions> = {},
  /** Takes the place of the host's credential: to try a new one. */
  given: Secret | null = null,
): Promise<GitHubAccess> {
  openNetwork(plan.network, process.env);
  return openGitHub(
    target,
    {
      uid: process.getuid?.() ?? 0,
      env: process.env,
      userFolder: at === null ? null : nameUserFolder(at.places),
      tools: openHostTools(process.env),
      ...(at?.installations === undefined ? {} : { installations: at.installations }),
    },
    { userAgent: `ci-fleet/${productVersion}`, deadlineMs: 10_000, attempts: 2, ...options },
    given,
  );
}

/** What takes the place of /etc/ci-fleet for a user's install; null for the system's. */
export function nameUserFolder({ flavour, config }: InstallPlaces): string | null {
  return flavour === "user" ? config.slice(0, config.lastIndexOf("/")) : null;
}
