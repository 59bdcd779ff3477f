// `ci-fleet bump`: the runner version of the spec moves to the newest release, with its checksums; comments and
// everything else in the file stay. In: --check, --to, --releases. Out: the spec; with --check exit 1 where a newer
// one is there.

import { dirname } from "node:path";
import { stringifySafely } from "../../base/print-json.ts";
import { parseVersion } from "../../base/version-number.ts";
import { WorldError } from "../../base/world-error.ts";
import type { PlannedNetwork } from "../../model/authority.ts";
import type { Fleet } from "../../model/fleet.ts";
import { type BumpDecision, chooseRelease } from "../bump/choose-release.ts";
import { editRunner, type RunnerEdit, writeRunnerPart } from "../bump/edit-runner.ts";
import { type BumpFleet, readFleetToBump } from "../bump/read-fleet.ts";
import type { Command, CommandCall } from "../command.ts";
import { FINE, FOUND, LOCKED } from "../exit-codes.ts";
import { findSpecPath, showPath } from "../find-fleet.ts";
import { stageFile, writeStaged } from "../init/stage-files.ts";
import { loadFleet } from "../load-fleet.ts";
import { readNetwork } from "../read-authority.ts";
import { readDocument } from "../read-document.ts";
import { warnAbout } from "../report-diagnostics.ts";
import { showProgress } from "../show-progress.ts";
import { UsageError } from "../usage-error.ts";
import { withLock } from "../with-lock.ts";

export const run: Command = async (call) => {
  const { flags, terminal } = call;
  const asked = flags.text("to");
  if (asked !== null && parseVersion(asked) === null) {
    throw new UsageError(`--to ${JSON.stringify(asked)} is no version like 2.338.1`);
  }
  const path = findSpecPath(call);
  const shown = showPath(path, call.folder);
  const text = readDocument(path, shown);
  if (text === null)
    throw new WorldError(`read ${shown}`, "there is no such file", "`ci-fleet init` makes one");
  const read = readFleetToBump(text, Date.now());
  const { fleet } = read.tree;
  if (fleet === null) {
    warnAbout(loadFleet(call), terminal);
    return FOUND;
  }
  const decision = await showProgress(
    terminal,
    "asking GitHub for runner releases",
    decide(call, fleet, readNetwork(fleet.network, dirname(path)), read, asked),
  );
  if (decision.kind === "refuse") {
    terminal.err(`error: ${decision.why}\n`);
    return FOUND;
  }
  const isNews = decision.kind !== "stay";
  if (flags.has("json")) terminal.out(describe(read, decision));
  else terminal.out(`${tell(read, decision)}\n`);
  if (!isNews) return FINE;
  // Missing checksums alone are no newer version.
  if (flags.has("check")) return decision.kind === "move" ? FOUND : FINE;
  const edit = await planEdit(fleet, decision);
  const code = await withLock(dirname(path), terminal, async () => write(call, path, shown, text, edit));
  return code ?? LOCKED;
};

async function decide(
  { flags }: CommandCall,
  fleet: Fleet,
  network: PlannedNetwork,
  read: BumpFleet,
  asked: string | null,
) {
  const { askReleases } = await import("../bump/ask-releases.ts");
  const question = { target: flags.text("target"), releases: flags.has("releases"), version: asked };
  return chooseRelease(read.current, await askReleases(fleet, network, question), asked);
}

type News = Extract<BumpDecision, { kind: "move" | "complete" }>;

/** A digest names one image: with another version it must be another. */
async function planEdit({ runner }: Fleet, { to }: News): Promise<RunnerEdit> {
  if (runner.digest === null || runner.version === to.version) return { ...to, digest: runner.digest };
  const { findImageDigest } = await import("../../adapters/image-digest.ts");
  return { ...to, digest: await findImageDigest(runner.image, to.version) };
}

function write(
  { terminal }: CommandCall,
  path: string,
  shown: string,
  text: string,
  edit: RunnerEdit,
): number {
  if (readDocument(path, shown) !== text) {
    throw new WorldError(`write ${shown}`, "it was changed meanwhile", "run the command again");
  }
  const edited = editRunner(text, edit);
  if (edited === null) {
    terminal.err(`error: ${shown} is written in a way that ci-fleet does not edit; put this into it:\n`);
    terminal.err(writeRunnerPart(edit));
    return FOUND;
  }
  writeStaged([stageFile(path, edited, true)]);
  if (Object.values(edit.checksums).includes(null)) {
    terminal.err(`GitHub told no checksum of ${edit.version} for every architecture\n`);
  }
  terminal.err(`${shown} is changed; next: ci-fleet render, commit, and ci-fleet apply on the hosts\n`);
  return FINE;
}

function tell({ current }: BumpFleet, decision: BumpDecision): string {
  if (decision.kind === "move")
    return `runner ${current.version ?? `${current.used} (built in)`} → ${decision.to.version}`;
  if (decision.kind === "complete") return `runner ${decision.to.version}: checksums`;
  return decision.why;
}

function describe({ current }: BumpFleet, decision: BumpDecision): string {
  const to = "to" in decision ? decision.to : null;
  return stringifySafely({
    schema: "ci-fleet/bump/v1",
    current: current.version,
    used: current.used,
    newest: to?.version ?? current.used,
    newer: decision.kind === "move",
    checksums: to?.checksums ?? current.checksums,
  });
}
