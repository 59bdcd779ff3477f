// Is this ci-fleet wanted, and does GitHub still take this runner? In: the draft. Out: CF501, CF616, CF627,
// CF628. Source: GitHub changelog of 12 June 2026, minimum version enforcement.

import { parseVersion, satisfiesRange } from "../../base/version-number.ts";
import {
  isBelowFloor,
  judgeRunnerAge,
  RUNNER_FLOOR,
  RUNNER_GRACE_DAYS,
} from "../../model/runner-releases.ts";
import type { Rule } from "../draft.ts";
import { relate } from "../report.ts";

const DAY = 86_400_000;
const PATH = ["runner", "version"];

const otherCiFleetWanted: Rule = ({ fleet, productVersion }, say) => {
  const version = productVersion === null ? null : parseVersion(productVersion);
  // A build from source has no number to compare.
  if (fleet.requires === null || version === null || productVersion?.startsWith("0.0.0-")) return;
  if (satisfiesRange(version, fleet.requires)) return;
  say("CF616", ["requires"], {
    message: `the spec asks for ci-fleet ${fleet.requires}, this is ${version.join(".")}`,
    help: "install a ci-fleet within this range",
  });
};

const runnerBelowFloor: Rule = ({ fleet }, say) => {
  const version = fleet.runner.version === null ? null : parseVersion(fleet.runner.version);
  if (version === null || !isBelowFloor(version)) return;
  const enforcing = fleet.targets.find(({ flavour }) => flavour !== "ghes");
  if (enforcing === undefined) return;
  say("CF501", PATH, {
    message: `GitHub refuses registrations of runners below ${RUNNER_FLOOR}, this is ${version.join(".")}`,
    help: "run `ci-fleet bump`",
    related: [relate("runners register here", enforcing.at, true)],
  });
};

const runnerVersionAge: Rule = ({ fleet, now }, say) => {
  const version = fleet.runner.version === null ? null : parseVersion(fleet.runner.version);
  if (version === null || now === null || fleet.targets.every(({ flavour }) => flavour === "ghes")) return;
  if (isBelowFloor(version)) return;
  const { replacedAt, newest, knownUntil } = judgeRunnerAge(version);
  if (replacedAt !== null) {
    const days = Math.floor((now - replacedAt) / DAY);
    if (days <= RUNNER_GRACE_DAYS) return;
    say("CF627", PATH, {
      message: `runner ${version.join(".")} was replaced ${days} days ago; GitHub gives it no jobs after ${RUNNER_GRACE_DAYS}`,
      help: `run \`ci-fleet bump\`; ${newest} is the newest that this ci-fleet knows`,
    });
  } else if (now - knownUntil > RUNNER_GRACE_DAYS * DAY) {
    say("CF628", PATH, {
      message: `whether runner ${version.join(".")} is still current is not known: the releases known to this ci-fleet end with ${newest}`,
      help: "run `ci-fleet bump --check`",
    });
  }
};

export const RUNNER_RULES: readonly Rule[] = [otherCiFleetWanted, runnerBelowFloor, runnerVersionAge];
