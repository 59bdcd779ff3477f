// The token that a user's GitHub CLI has stored. Root asks as that user, with that user's home and nothing of
// its own environment; the token comes over a pipe, nothing secret goes into arguments. In: user and host.
// Out: the token, or why there is none.

import { Secret } from "../base/secret.ts";
import type { GitHubAnswer, GitHubFailure } from "../model/github.ts";
import { NO_META } from "../model/github.ts";
import type { HostTools, ToolResult } from "../model/ports.ts";
import { parseToken } from "./credentials-parse.ts";
import { failCredential, refuseCredential } from "./credentials-problem.ts";

const DEADLINE_MS = 15_000;
const PATH = "/usr/local/bin:/usr/bin:/bin:/home/linuxbrew/.linuxbrew/bin:/snap/bin";

export interface GhRequest {
  readonly user: string;
  /** `github.com` */
  readonly host: string;
  /** Who this process is. */
  readonly uid: number;
}

export async function readGhToken(tools: HostTools, request: GhRequest): Promise<GitHubAnswer<Secret>> {
  const { user, host } = request;
  const command = `gh auth token --hostname ${host}`;
  if (!/^[a-z_][a-z0-9_.-]{0,31}$/i.test(user)) {
    return refuseCredential(command, `${JSON.stringify(user)} is no user name`, null);
  }
  const account = await findAccount(tools, user);
  if ("kind" in account) return account;
  if (request.uid !== 0 && request.uid !== account.uid) {
    const message = `only root and ${user} itself may ask for ${user}'s token`;
    return refuseCredential(command, message, `Run this as root or as ${user}.`);
  }
  const environment = [`HOME=${account.home}`, `USER=${user}`, `PATH=${PATH}`, "LC_ALL=C", "NO_COLOR=1"];
  const asked = ["env", "-i", ...environment, "gh", "auth", "token", "--hostname", host];
  const isSelf = request.uid === account.uid;
  const result = isSelf
    ? await tools.run("env", asked.slice(1), DEADLINE_MS)
    : await tools.run("runuser", ["-u", user, "--", ...asked], DEADLINE_MS);
  return judge(result, command, user, host);
}

async function findAccount(
  tools: HostTools,
  user: string,
): Promise<{ readonly uid: number; readonly home: string } | GitHubFailure> {
  const result = await tools.run("getent", ["passwd", user], DEADLINE_MS);
  const command = `getent passwd ${user}`;
  if (result.kind !== "ran") return failCredential(command, describeTool(result));
  const [name, , uid = "", , , home = ""] = result.stdout.trim().split(":");
  if (result.exitCode !== 0 || name !== user || !/^\d+$/.test(uid) || !home.startsWith("/")) {
    return refuseCredential(
      command,
      `there is no user ${user} on this host`,
      "Correct `auth: {gh: {user: …}}`.",
    );
  }
  return { uid: Number(uid), home };
}

function judge(result: ToolResult, command: string, user: string, host: string): GitHubAnswer<Secret> {
  if (result.kind === "missing" || (result.kind === "ran" && result.exitCode === 127)) {
    return refuseCredential(
      command,
      "the GitHub CLI (gh) is not installed",
      "Install gh, or name a token file.",
    );
  }
  if (result.kind !== "ran") return failCredential(command, describeTool(result));
  const token = parseToken(new Secret(result.stdout));
  if (result.exitCode === 0 && token.ok) {
    return { kind: "ok", value: token.value, fromCache: false, meta: NO_META };
  }
  // Its output is not shown: on a bad day it may hold what it should not.
  const help = `As ${user}: gh auth login --hostname ${host} --insecure-storage (a keyring is closed to services).`;
  return refuseCredential(command, `${user}'s GitHub CLI has no token for ${host}`, help);
}

function describeTool(result: Exclude<ToolResult, { kind: "ran" }>): string {
  if (result.kind === "missing") return "the command is not installed";
  return result.kind === "timeout" ? `no answer within ${result.afterMs / 1000} s` : result.cause;
}
