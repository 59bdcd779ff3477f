// The questions of `init`, for a person at a terminal. Each has a flag, so that no script needs them. In: what
// flags said, and suggestions. Out: answers; null where the person gave up.

import { cancel, intro, isCancel, outro, select, text } from "@clack/prompts";
import { type AuthAnswer, DEFAULT_KEY_FILE, DEFAULT_TOKEN_FILE } from "./answers.ts";
import { type FlagAnswers, findNameProblem, findUrlProblem, findUserProblem } from "./read-answers.ts";

export interface Suggestions {
  readonly host: string;
  readonly url: string | null;
  /** Is there a fleet already? Then only the host is asked for. */
  readonly hasFleet: boolean;
}

const CANCELLED = Symbol("cancelled");

export async function askPerson(given: FlagAnswers, suggested: Suggestions): Promise<FlagAnswers | null> {
  // A serial line says that it is 0 columns wide; the prompts would put each letter on a line of its own.
  if (process.stdout.columns === 0) Object.assign(process.stdout, { columns: 80, rows: 24 });
  intro("ci-fleet init");
  try {
    const host = given.host ?? (await askText("Name of this host (--name)", suggested.host, findNameProblem));
    if (suggested.hasFleet) {
      outro("looking at this machine");
      return { ...given, host };
    }
    const url =
      given.url ??
      (await askText(
        "Who gets the runners: organization or repository (--url)",
        suggested.url ?? "https://github.com/",
        findUrlProblem,
      ));
    const auth = given.auth ?? (await askAuth());
    const lifetime = given.lifetime ?? (await askLifetime());
    outro("looking at this machine");
    return { ...given, host, url, auth, lifetime };
  } catch (error) {
    if (error !== CANCELLED) throw error;
    cancel("nothing was written");
    return null;
  }
}

async function askText(
  message: string,
  initial: string,
  findProblem: (value: string) => string | null,
): Promise<string> {
  return unlessCancelled(
    await text({
      message,
      initialValue: initial,
      validate: (value) => findProblem(value ?? "") ?? undefined,
    }),
  );
}

async function askAuth(): Promise<AuthAnswer> {
  const kind = unlessCancelled(
    await select({
      message: "How do hosts get registrations? (--auth-app, --auth-token, --auth-gh)",
      options: [
        {
          value: "later",
          label: "decide later",
          hint: "put app.pem and app.id, or token, into /etc/ci-fleet",
        },
        { value: "app", label: "a GitHub App", hint: "best: short-lived, no person behind it" },
        { value: "token", label: "a token in a file" },
        { value: "gh", label: "the GitHub CLI of a user of this host" },
      ],
    }),
  );
  if (kind === "app") {
    const isClientId = (value: string): string | null =>
      /^[A-Za-z0-9._-]{1,64}$/.test(value) ? null : "letters, digits and dots";
    const clientId = await askText("Client id of the App", "", isClientId);
    return {
      kind,
      clientId,
      privateKey: await askText("Its key, a file on the host", DEFAULT_KEY_FILE, isAbsolute),
    };
  }
  if (kind === "token")
    return { kind, file: await askText("The file on the host", DEFAULT_TOKEN_FILE, isAbsolute) };
  if (kind === "gh") return { kind, user: await askText("Login of the user", "", findUserProblem) };
  return { kind: "later" };
}

function isAbsolute(value: string): string | null {
  return value.startsWith("/") ? null : "a path that begins with /";
}

async function askLifetime(): Promise<FlagAnswers["lifetime"]> {
  const choice = unlessCancelled(
    await select({
      message: "How long does a runner live? (--lifetime)",
      options: [
        { value: "auto", label: "what suits this machine" },
        { value: "ephemeral", label: "one job", hint: "clean for every job" },
        { value: "persistent", label: "many jobs", hint: "keeps its registration and its work folder" },
      ],
    }),
  );
  return choice === "ephemeral" || choice === "persistent" ? choice : null;
}

function unlessCancelled<T>(answer: T): Exclude<T, symbol> {
  if (isCancel(answer)) throw CANCELLED;
  return answer as Exclude<T, symbol>;
}
