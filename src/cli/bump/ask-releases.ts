// Asks GitHub which runners there are. In: the fleet, flags. Out: rows of downloads, or an error that says what
// was asked and why there is no answer.

import { existsSync } from "node:fs";
import type { GitHubAccess } from "../../adapters/github.ts";
import { findRelease } from "../../adapters/github-releases.ts";
import { CredentialError } from "../../base/credential-error.ts";
import { suggest } from "../../base/did-you-mean.ts";
import { WorldError } from "../../base/world-error.ts";
import type { PlannedNetwork } from "../../model/authority.ts";
import type { Fleet, TargetSpec } from "../../model/fleet.ts";
import type { GitHubAnswer, RunnerDownload } from "../../model/github.ts";
import { openTarget } from "../open-target.ts";
import { UsageError } from "../usage-error.ts";

export interface ReleaseQuestion {
  readonly target: string | null;
  /** Ask the public releases instead of the target's downloads. */
  readonly releases: boolean;
  /** Version whose checksums are wanted; null: the newest. */
  readonly version: string | null;
}

export async function askReleases(
  fleet: Fleet,
  network: PlannedNetwork,
  question: ReleaseQuestion,
): Promise<readonly RunnerDownload[]> {
  const target = chooseTarget(fleet, question);
  const access = await openTarget({ network: leaveOutAbsent(network) }, target, null);
  for (const warning of access.credential.warnings) process.stderr.write(`${warning}\n`);
  return readAnswer(await ask(access, question), target);
}

/** This runs anywhere, on machines of GitHub's too: a file that only the hosts have is none of theirs. */
function leaveOutAbsent(network: PlannedNetwork): PlannedNetwork {
  const { ca, caContent } = network;
  if (ca === null || caContent !== null || existsSync(ca)) return network;
  process.stderr.write(`warning: ${ca} of network.ca is not on this machine: going on without it\n`);
  return { ...network, ca: null };
}

/** A server of one's own may offer older runners than github.com, so one of the latter goes first. */
function chooseTarget({ targets }: Fleet, { target: name, releases }: ReleaseQuestion): TargetSpec {
  const found =
    name === null
      ? (targets.find(({ flavour }) => flavour === "github.com") ?? targets[0])
      : targets.find((each) => each.name === name);
  if (found === undefined) {
    const known = targets.map((each) => each.name);
    const near = suggest(name ?? "", known);
    const guess = near === null ? "" : `; did you mean ${near}?`;
    throw new UsageError(
      `the fleet has no target ${JSON.stringify(name)}${guess}`,
      `it has ${known.join(", ")}`,
    );
  }
  if (releases && found.flavour !== "github.com") {
    throw new UsageError("--releases asks github.com, and this target is on another server");
  }
  return found;
}

function ask(access: GitHubAccess, { releases, version }: ReleaseQuestion) {
  const [scope] = access.scopes;
  if (scope === undefined) throw new Error(`target ${access.target.name} has no scope`);
  return releases ? findRelease(access.call, version) : scope.api.listDownloads();
}

function readAnswer(
  answer: GitHubAnswer<readonly RunnerDownload[]>,
  target: TargetSpec,
): readonly RunnerDownload[] {
  const operation = `ask ${target.url} for runner releases`;
  switch (answer.kind) {
    case "ok":
      return answer.value;
    case "not-found":
      throw new WorldError(operation, "there is no such release");
    case "refused":
      throw new CredentialError(
        operation,
        `${answer.request}: ${answer.message}`,
        answer.help,
        answer.missing,
      );
    case "unknown":
      throw new WorldError(operation, `${answer.request}: ${answer.cause}`);
    default:
      throw new WorldError(operation, `${answer.request}: ${answer.message}`);
  }
}
