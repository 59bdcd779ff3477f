// The answers that flags give, checked before anything is detected or written. In: flags. Out: answers, null
// where a flag is silent; UsageError for what cannot be meant.

import { findSecrets } from "../../base/secret-patterns.ts";
import { isName } from "../../base/text-policy.ts";
import type { Lifetime, RunMode } from "../../model/fleet.ts";
import { formatOf } from "../../spec/formats.ts";
import { parseTarget } from "../../spec/parse-target.ts";
import type { Flags } from "../command.ts";
import { UsageError } from "../usage-error.ts";
import { type AuthAnswer, DEFAULT_KEY_FILE, DEFAULT_TOKEN_FILE } from "./answers.ts";

export interface FlagAnswers {
  readonly host: string | null;
  readonly url: string | null;
  readonly fleet: string | null;
  readonly auth: AuthAnswer | null;
  readonly run: RunMode | null;
  readonly lifetime: Lifetime | null;
  readonly pool: string | null;
}

export function readAnswers(flags: Flags): FlagAnswers {
  const url = flags.text("url");
  const problem = url === null ? null : findUrlProblem(url);
  if (problem !== null)
    throw new UsageError(`--url: ${problem}`, "for example --url https://github.com/acme");
  return {
    host: readName(flags, "name"),
    url,
    fleet: readName(flags, "fleet"),
    auth: readAuth(flags),
    run: flags.text("run") as RunMode | null,
    lifetime: flags.text("lifetime") as Lifetime | null,
    pool: readName(flags, "pool"),
  };
}

/** null: fine. */
export function findUrlProblem(url: string): string | null {
  if (!URL.canParse(url) || !/^https?:\/\/[^\s@]+$/.test(url))
    return "expected an https:// address without a user in it";
  const { judge } = formatOf("webUrl");
  const fault = judge?.(url) ?? null;
  if (fault !== null) return fault;
  const answer = parseTarget(url, null);
  return answer.ok ? null : answer.message;
}

/** null: fine. */
export function findNameProblem(name: string): string | null {
  return isName(name) ? null : "a name has lower-case letters, digits and inner hyphens, at most 63 of them";
}

/** null: fine. */
export function findUserProblem(user: string): string | null {
  const { pattern, expected } = formatOf("user");
  return new RegExp(pattern).test(user) ? null : `expected ${expected}`;
}

function readName(flags: Flags, flag: string): string | null {
  const name = flags.text(flag);
  const problem = name === null ? null : findNameProblem(name);
  if (problem !== null) throw new UsageError(`--${flag}: ${problem}`);
  return name;
}

function readAuth(flags: Flags): AuthAnswer | null {
  const given = ["auth-app", "auth-token", "auth-gh"].filter((name) => flags.has(name));
  if (given.length > 1) throw new UsageError(`--${given.join(" and --")} exclude each other`);
  const [flag] = given;
  if (flag === undefined) return null;
  const text = flags.text(flag) ?? "";
  // Never echoed: a shell's history has it already, and that is one place too many.
  if (findSecrets(text).length > 0) {
    throw new UsageError(
      `--${flag} was given a secret`,
      "put it in a file and name the file; then revoke this one",
    );
  }
  if (flag === "auth-gh") {
    const problem = findUserProblem(text);
    if (problem !== null) throw new UsageError(`--auth-gh: ${problem}`);
    return { kind: "gh", user: text };
  }
  if (flag === "auth-token")
    return { kind: "token", file: requireAbsolute(flag, text || DEFAULT_TOKEN_FILE) };
  const [clientId = "", ...rest] = text.split(":");
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(clientId))
    throw new UsageError("--auth-app needs the client id of a GitHub App");
  return { kind: "app", clientId, privateKey: requireAbsolute(flag, rest.join(":") || DEFAULT_KEY_FILE) };
}

function requireAbsolute(flag: string, path: string): string {
  if (path.startsWith("/")) return path;
  throw new UsageError(
    `--${flag}: the file is a path on the host that begins with /, not ${JSON.stringify(path)}`,
  );
}
