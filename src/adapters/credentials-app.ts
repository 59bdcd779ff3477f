// Tokens of a GitHub App's installation. The JWT is signed here, not by @octokit/auth-app, because its requests
// have to keep to the same line, deadlines and meanings as all others, and because the clock is corrected from
// what the server says. In: the App's id and key, the account. Out: a source of tokens that last an hour.
// Rules: GitHub's docs "Generating a JSON Web Token (JWT) for a GitHub App".

import { type KeyObject, sign } from "node:crypto";
import { asObject } from "../base/read-json.ts";
import { Secret } from "../base/secret.ts";
import { type GitHubAnswer, NO_META } from "../model/github.ts";
import { classifyReply } from "./github-answer.ts";
import { addSpent } from "./github-calls.ts";
import type { Exchange, GitHubPorts, GitHubRequest } from "./github-exchange.ts";
import { asText, readToken } from "./github-shapes.ts";
import type { TokenSource } from "./github-tokens.ts";
import type { InstallationStore } from "./installations-file.ts";

const MINUTE = 60_000;
/** A token that ends sooner is replaced, so that it outlives what is begun with it. */
const RENEW_BEFORE_MS = 10 * MINUTE;
/** GitHub's docs: a minute in the past, against drift. */
const ISSUED_BEFORE_S = 60;
/** GitHub's ceiling is 600. */
const LIFETIME_S = 540;

export interface AppCredential {
  /** Client id or number of the App. */
  readonly appId: string;
  readonly key: KeyObject;
  /** For messages: the path of the key. */
  readonly place: string;
  /** Organization or user that it is installed on. */
  readonly account: string;
  readonly accountKind: "organization" | "repository" | "user";
  /** Of `accountKind` repository. */
  readonly repository: string | null;
}

export interface Installation {
  readonly id: number;
  /** `{organization_self_hosted_runners: "write"}` */
  readonly permissions: Readonly<Record<string, string>>;
}

export interface AppSource extends TokenSource {
  /** Who the App is: its name. */
  readApp(): Promise<GitHubAnswer<{ readonly name: string }>>;
  readInstallation(): Promise<GitHubAnswer<Installation>>;
}

/** `kept`: numbers of installations that earlier processes found. One that is no longer right is looked up anew. */
export function openAppSource(
  app: AppCredential,
  exchange: Exchange,
  ports: GitHubPorts,
  kept: InstallationStore = { get: () => null, set: () => undefined },
): AppSource {
  const ask = openJwtCalls(app, exchange, ports);
  // The address has the server in it.
  const key = `${app.appId} ${exchange.locate(locateInstallation(app))}`;
  let installation: number | null = kept.get(key);
  let current: { readonly token: Secret; readonly endsAt: number } | null = null;
  let offset = 0;
  let minting: Promise<GitHubAnswer<Secret>> | null = null;

  const readInstallation = async (): Promise<GitHubAnswer<Installation>> => {
    const answer = await ask(locateInstallation(app), asInstallation, (message) => explain404(app, message));
    if (answer.kind !== "ok") return answer;
    installation = answer.value.id;
    kept.set(key, installation);
    return answer;
  };
  const mint = async (): Promise<GitHubAnswer<Secret>> => {
    const remembered = installation;
    const found = remembered === null ? await readInstallation() : null;
    if (found !== null && found.kind !== "ok") return found;
    const id = found?.value.id ?? remembered ?? 0;
    const answer = await ask(askToken(id), readToken, (message) => explain404(app, message));
    const spent = found?.meta ?? NO_META;
    if (answer.kind !== "ok") {
      // Installed anew it has another id.
      installation = null;
      const isGone = answer.kind === "refused" && answer.status === 404;
      return isGone && remembered !== null ? addSpent(await mint(), answer.meta) : addSpent(answer, spent);
    }
    offset = answer.meta.clockOffset ?? offset;
    current = { token: answer.value.token, endsAt: answer.value.expiresAt };
    return addSpent({ ...answer, value: current.token }, spent);
  };
  return {
    id: `app:${app.appId}:${app.account}`,
    description: `the GitHub App ${app.appId} with the key in ${app.place}`,
    token: async (renew) => {
      const now = ports.clock.now() + offset;
      if (!renew && current !== null && now < current.endsAt - RENEW_BEFORE_MS) {
        return { kind: "ok", value: current.token, fromCache: true, meta: NO_META };
      }
      // Side by side callers share one new token, and the first of them says what it cost.
      if (minting !== null) {
        const shared = await minting;
        return { ...shared, meta: { ...shared.meta, sent: 0, counted: 0 } };
      }
      minting = mint().finally(() => {
        minting = null;
      });
      return minting;
    },
    readApp: () =>
      ask({ method: "GET", route: "/app", parameters: {} }, asApp, (message) => explain404(app, message)),
    readInstallation,
  };
}

function locateInstallation({ account, accountKind, repository }: AppCredential): GitHubRequest {
  const method = "GET";
  if (accountKind === "organization") {
    return { method, route: "/orgs/{org}/installation", parameters: { org: account } };
  }
  if (accountKind === "user") {
    return { method, route: "/users/{username}/installation", parameters: { username: account } };
  }
  const parameters = { owner: account, repo: repository ?? "" };
  return { method, route: "/repos/{owner}/{repo}/installation", parameters };
}

function askToken(id: number): GitHubRequest {
  const route = "/app/installations/{installation_id}/access_tokens";
  return { method: "POST", route, parameters: { installation_id: id } };
}

/** `Integration not found`: the id. `Not Found`: the App exists and is not installed there. */
const isUnknownApp = (message: string): boolean => /integration/i.test(message);

function explain404({ appId, account }: AppCredential, message: string): string {
  return isUnknownApp(message)
    ? `there is no GitHub App ${appId}`
    : `the GitHub App ${appId} is not installed on ${account}`;
}

type Ask = <T>(
  request: GitHubRequest,
  read: (body: unknown) => T | null,
  explain: (message: string) => string,
) => Promise<GitHubAnswer<T>>;

/** Calls as the App itself. A clock that is wrong is corrected once, from the time in GitHub's refusal. */
function openJwtCalls(app: AppCredential, exchange: Exchange, { clock }: GitHubPorts): Ask {
  let offset = 0;
  const send = async <T>(request: GitHubRequest, read: (body: unknown) => T | null) => {
    const jwt = signJwt(app, clock.now() + offset);
    const reply = await exchange.send(request, jwt, null);
    return classifyReply(reply, { read, on404: "refused", limitedBefore: 0, secrets: [jwt] });
  };
  return async (request, read, explain) => {
    let answer = await send(request, read);
    const skew = answer.meta.clockOffset;
    const isRefused = answer.kind === "refused" && answer.status === 401;
    if (isRefused && skew !== null && Math.abs(skew - offset) > 2000) {
      offset = skew;
      answer = addSpent(await send(request, read), answer.meta);
    }
    return answer.kind === "refused" ? explainRefusal(app, answer, explain) : answer;
  };
}

type Refused = Extract<GitHubAnswer<never>, { kind: "refused" }>;

function explainRefusal(app: AppCredential, answer: Refused, explain: (message: string) => string): Refused {
  if (answer.status === 404) {
    const message = explain(answer.message);
    const help = isUnknownApp(answer.message)
      ? "Compare the client id in the spec with the one in the App's settings at GitHub."
      : `Install the App on ${app.account}: its settings at GitHub, Install App.`;
    return { ...answer, message, help };
  }
  if (answer.status !== 401) return answer;
  const help = `Compare the client id in the spec with the key in ${app.place}; a new key is made in the App's settings.`;
  return { ...answer, help };
}

/** RS256, by RFC 7515. `now`: GitHub's time in milliseconds. */
export function signJwt({ appId, key }: Pick<AppCredential, "appId" | "key">, now: number): Secret {
  const issuedAt = Math.floor(now / 1000) - ISSUED_BEFORE_S;
  // The deadline counts from now, not from the moment that lies in the past.
  const claims = { iat: issuedAt, exp: issuedAt + ISSUED_BEFORE_S + LIFETIME_S, iss: appId };
  const head = encode({ alg: "RS256", typ: "JWT" });
  const text = `${head}.${encode(claims)}`;
  return new Secret(`${text}.${sign("RSA-SHA256", Buffer.from(text), key).toString("base64url")}`);
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function asApp(body: unknown): { readonly name: string } | null {
  const name = asText(asObject(body)?.slug) ?? asText(asObject(body)?.name);
  return name === null ? null : { name };
}

function asInstallation(body: unknown): Installation | null {
  const fields = asObject(body);
  const id = fields?.id;
  if (fields === null || typeof id !== "number" || !Number.isSafeInteger(id)) return null;
  const permissions = Object.entries(asObject(fields.permissions) ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return { id, permissions: Object.fromEntries(permissions) };
}
