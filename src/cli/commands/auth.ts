// `ci-fleet auth check|put|rotate`: who the credential is, and putting one in its place. In: the action, for put and
// rotate the credential on standard input. Out: a report, or a file closed to others.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { AuthReport } from "../../adapters/credentials-check.ts";
import { readAll } from "../../adapters/read-input.ts";
import type { Secret } from "../../base/secret.ts";
import type { AuthSpec, TargetSpec } from "../../model/fleet.ts";
import { NO_META } from "../../model/github.ts";
import { type ChosenTargets, chooseTargets, requireOne } from "../auth/choose-targets.ts";
import { findObjection, judgeReport, showReport } from "../auth/show-report.ts";
import type { Command, CommandCall } from "../command.ts";
import { FINE, FOUND, REFUSED } from "../exit-codes.ts";
import { openTarget } from "../open-target.ts";
import { UsageError } from "../usage-error.ts";

export const run: Command = async (call) => {
  const chosen = chooseTargets(call);
  if (chosen === null) return FOUND;
  return call.args[0] === "check" ? check(call, chosen) : store(call, chosen, call.args[0] === "rotate");
};

async function check(call: CommandCall, chosen: ChosenTargets): Promise<number> {
  const { terminal, flags } = call;
  const reports = [];
  for (const target of chosen.targets) {
    if (target.auth.kind === "broker") reports.push(await askBroker(chosen, target.name, target.auth));
    else reports.push(await report(chosen, target, null, flags.has("prove"), call));
  }
  if (flags.has("json"))
    terminal.out(`${JSON.stringify({ schema: "ci-fleet/auth/v1", reports }, null, 2)}\n`);
  else for (const each of reports) terminal.out(showReport(each, Date.now()));
  return Math.max(FINE, ...reports.map(judgeReport));
}

/** The credential is checked where it lies; here it counts whether the broker answers this host. */
async function askBroker(
  { places }: ChosenTargets,
  target: string,
  auth: Extract<AuthSpec, { kind: "broker" }>,
): Promise<AuthReport> {
  const { judgeBroker } = await import("../../adapters/credentials-check.ts");
  const { explainClosedKey, openHostBroker } = await import("../open-broker.ts");
  const cause = explainClosedKey(places);
  const asked = { request: `list-own at ${auth.url}`, meta: NO_META };
  const answer =
    cause === null
      ? await openHostBroker(auth, places).listOwn(target)
      : ({ kind: "unknown", cause, ...asked } as const);
  return judgeBroker(target, auth.url, answer);
}

/** In the default folder the App's key goes first, and it needs the App's id. null: nothing to say. */
function lookBeside(path: string, format: "key" | "token"): string | null {
  const beside = (name: string): string => join(dirname(path), name);
  if (format === "token") {
    return existsSync(beside("app.pem"))
      ? `${beside("app.pem")} goes first: remove it to use the token`
      : null;
  }
  return existsSync(beside("app.id")) ? null : `write the client id of the App into ${beside("app.id")}`;
}

async function report(
  { fleet, network, places }: ChosenTargets,
  target: TargetSpec,
  given: Secret | null,
  proveWrite: boolean,
  { terminal }: CommandCall,
) {
  const { checkCredential } = await import("../../adapters/credentials-check.ts");
  const access = await openTarget({ network }, target, { places }, {}, given);
  for (const warning of access.credential.warnings) terminal.err(`warning: ${warning}\n`);
  const groups = target.runnerGroup === null ? [] : [target.runnerGroup];
  const readJobs = fleet.pools.some((pool) => pool.target === target.name && pool.runners.kind === "range");
  return checkCredential(access, { register: true, readJobs, groups, proveWrite });
}

async function store(call: CommandCall, chosen: ChosenTargets, isRotation: boolean): Promise<number> {
  const { terminal } = call;
  const { locateCredential, putCredential, rotateCredential } = await import(
    "../../adapters/credentials-store.ts"
  );
  const target = requireOne(chosen);
  if (process.stdin.isTTY === true) {
    throw new UsageError(
      "the credential is read from standard input",
      "for example: ci-fleet auth put < app.pem",
    );
  }
  const given = await readAll(process.stdin);
  const userFolder = chosen.places.flavour === "user" ? chosen.places.config.replace(/\/[^/]+$/, "") : null;
  const place = locateCredential(target.auth, { userFolder }, given);
  if (place === null) {
    throw new UsageError(
      `target ${target.name} has no credential file on this host`,
      "its `auth` in the spec says why",
    );
  }
  const uid = process.getuid?.() ?? 0;
  let code = REFUSED;
  const verify = async (secret: Secret): Promise<string | null> => {
    const found = await report(chosen, target, secret, true, call);
    code = judgeReport(found);
    return findObjection(found);
  };
  const answer = isRotation
    ? await rotateCredential(place, given, uid, verify)
    : putCredential(place, given, uid);
  if (answer.kind === "refused") {
    terminal.err(`error: ${answer.message}\n${answer.help === null ? "" : `${answer.help}\n`}`);
    return code;
  }
  terminal.out(`${answer.replaced ? "replaced" : "written"}  ${answer.path} (mode 600)\n`);
  const beside = target.auth.kind === "search" ? lookBeside(answer.path, place.format) : null;
  if (beside !== null) terminal.err(`${beside}\n`);
  if (!isRotation) terminal.err("`ci-fleet auth check` tells whether GitHub takes it\n");
  terminal.err("on a host with slots that wait for it, `ci-fleet start` lets them try at once\n");
  return FINE;
}
