// A user of this machine: groups, subordinate ids, what sudo lets it do. In: a name. Out: facts, null where there
// is no such user.

import { type AccountFacts, type Seen, seen, unseen } from "../model/host-observation.ts";
import type { HostFiles, HostTools } from "../model/ports.ts";

const TIMEOUT_MS = 10_000;

export async function observeAccount(
  name: string,
  files: HostFiles,
  tools: HostTools,
): Promise<Seen<AccountFacts | null>> {
  const groups = await tools.run("id", ["-nG", "--", name], TIMEOUT_MS);
  if (groups.kind !== "ran") return unseen("the program id did not answer");
  if (groups.exitCode !== 0) {
    if (/no such user/i.test(groups.stderr)) return seen(null);
    return unseen(groups.stderr.trim().split("\n")[0] ?? "the program id failed");
  }
  return seen({
    name,
    groups: groups.stdout.trim().split(/\s+/),
    subuids: countSubordinates(files, "/etc/subuid", name),
    subgids: countSubordinates(files, "/etc/subgid", name),
    sudo: await askSudo(name, tools),
  });
}

/** Lines `name:first:count` (subuid(5)); how many ids the ranges hold together. */
function countSubordinates(files: HostFiles, path: string, name: string): number {
  const text = files.readText(path);
  if (!text.ok) return 0;
  return text.value
    .split("\n")
    .map((line) => line.split(":"))
    .filter(([owner, , count]) => owner === name && /^\d{1,10}$/.test(count ?? ""))
    .reduce((sum, [, , count]) => sum + Number(count), 0);
}

/** `sudo -l -U` reads every source of rules there is; only root may ask for others. */
async function askSudo(name: string, tools: HostTools): Promise<Seen<readonly string[]>> {
  const answer = await tools.run("sudo", ["-n", "-l", "-U", name], TIMEOUT_MS);
  if (answer.kind === "missing") return seen([]);
  if (answer.kind !== "ran") return unseen("sudo did not answer");
  if (/is not allowed to run sudo/.test(answer.stdout + answer.stderr)) return seen([]);
  if (answer.exitCode !== 0) return unseen("only root may ask sudo about others");
  const [, rules] = answer.stdout.split(/may run the following commands[^\n]*\n/);
  return seen(
    (rules ?? "")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== ""),
  );
}
