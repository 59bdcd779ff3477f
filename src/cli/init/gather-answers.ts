// Flags first, then the person at the terminal, then defaults. In: a call, the spec that is there. Out: answers,
// null where the person gave up.

import { parseSpec } from "../../spec/parse-spec.ts";
import type { CommandCall } from "../command.ts";
import { nameThisHost, toHostName } from "../detect-machine.ts";
import { UsageError } from "../usage-error.ts";
import { EXAMPLE_URL, type InitAnswers } from "./answers.ts";
import { guessUrl } from "./guess-url.ts";
import { type FlagAnswers, readAnswers } from "./read-answers.ts";

export async function gatherAnswers(call: CommandCall, specText: string | null): Promise<InitAnswers | null> {
  const { flags, terminal, folder } = call;
  const given = readAnswers(flags);
  const hasFleet = specText !== null;
  if (hasFleet) refuseFleetFlags(given, specText);
  const guess = hasFleet || given.url !== null ? null : await guessUrl(folder);
  const ask = terminal.interactive && !flags.has("yes") && !flags.has("refresh");
  const answered = ask ? await askAtTerminal(given, guess, hasFleet) : given;
  if (answered === null) return null;
  const url = answered.url ?? guess;
  if (url === null && !hasFleet && !flags.has("yes")) {
    throw new UsageError(
      "init needs to know who gets the runners",
      "say --url https://github.com/OWNER, or --yes for an example",
    );
  }
  const host = answered.host ?? nameThisHost();
  return {
    host,
    url: url ?? EXAMPLE_URL,
    urlIsExample: url === null,
    fleet: answered.fleet ?? nameFleet(url),
    auth: answered.auth ?? { kind: "later" },
    run: answered.run,
    lifetime: answered.lifetime,
    pool: answered.pool,
  };
}

async function askAtTerminal(
  given: FlagAnswers,
  url: string | null,
  hasFleet: boolean,
): Promise<FlagAnswers | null> {
  const { askPerson } = await import("./ask-person.ts");
  return askPerson(given, { host: nameThisHost(), url, hasFleet });
}

/** What a fleet is was decided when it was made; its spec is the place to change that. Saying it again is fine. */
function refuseFleetFlags(given: FlagAnswers, specText: string): void {
  const { fleet } = parseSpec(specText);
  const isSame = (name: string): boolean => {
    if (name === "fleet") return given.fleet === fleet?.name;
    const url = given.url?.replace(/\/$/, "");
    return name === "url" && (fleet?.targets.some((target) => target.url === url) ?? false);
  };
  const said = (["url", "fleet", "auth", "run", "lifetime"] as const).find(
    (name) => given[name] !== null && !isSame(name),
  );
  if (said === undefined) return;
  throw new UsageError(`--${said} is for a new fleet, and there is one`, "edit the spec to change it");
}

/** A slot's name holds fleet, pool, host and number, so the fleet's is kept short. */
function nameFleet(url: string | null): string {
  const last = url?.split("/").at(-1) ?? "home";
  const name = toHostName(last.replaceAll(".", "-")).slice(0, 16).replace(/-+$/, "");
  return name === "" ? "home" : name;
}
