// Finds the credential of a target on this host and makes it a source of tokens. Looked at in this order:
// what systemd handed to the unit, a variable of the environment (with a warning, for it is inherited by
// everything that is started), what the spec names. In: the target and where things lie. Out: the source.

import { join } from "node:path";
import { Secret } from "../base/secret.ts";
import type { TargetSpec } from "../model/fleet.ts";
import { type GitHubAnswer, type GitHubFailure, NO_META } from "../model/github.ts";
import type { HostTools } from "../model/ports.ts";
import { type AppCredential, type AppSource, openAppSource } from "./credentials-app.ts";
import { readSecretFile } from "./credentials-file.ts";
import { readGhToken } from "./credentials-gh.ts";
import { isKey, parseAppId, parsePrivateKey, parseToken } from "./credentials-parse.ts";
import { refuseCredential } from "./credentials-problem.ts";
import type { Exchange, GitHubPorts } from "./github-exchange.ts";
import { nameAccount } from "./github-scopes.ts";
import type { TokenSource } from "./github-tokens.ts";
import type { InstallationStore } from "./installations-file.ts";

export interface CredentialPlaces {
  /** Of this process. */
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes the place of `/etc/ci-fleet` for a user's install; null for the system's. */
  readonly userFolder: string | null;
  readonly tools: HostTools;
  /** Of Apps, kept from process to process. */
  readonly installations?: InstallationStore;
}

export type CredentialKind = "app" | "token" | "gh" | "environment" | "broker" | "none";

export interface OpenedCredential {
  readonly kind: CredentialKind;
  readonly source: TokenSource;
  /** Set for Apps: who it is and what it may do. */
  readonly app: AppSource | null;
  /** Sentences for stderr. */
  readonly warnings: readonly string[];
}

interface Context {
  readonly target: TargetSpec;
  readonly places: CredentialPlaces;
  readonly exchange: Exchange;
  readonly ports: GitHubPorts;
}

const SYSTEM_FOLDER = "/etc/ci-fleet";

export function openCredential(
  target: TargetSpec,
  places: CredentialPlaces,
  exchange: Exchange,
  ports: GitHubPorts,
): OpenedCredential {
  const context: Context = { target, places, exchange, ports };
  return openEnvironment(context) ?? openWritten(context);
}

/** `CI_FLEET_TOKEN_<TARGET>`, else `CI_FLEET_TOKEN`. A unit's own credential goes first. */
function openEnvironment({ target, places }: Context): OpenedCredential | null {
  const own = `CI_FLEET_TOKEN_${target.name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
  const name = [own, "CI_FLEET_TOKEN"].find((each) => (places.env[each] ?? "") !== "");
  if (name === undefined || places.env.CREDENTIALS_DIRECTORY !== undefined) return null;
  const token = parseToken(new Secret(places.env[name] ?? ""));
  const fault = `the variable ${name} ${token.ok ? "" : token.why}`;
  const source: TokenSource = {
    id: `environment:${name}`,
    description: `the token in the variable ${name}`,
    token: async () =>
      token.ok ? known(token.value) : refuseCredential(name, fault, `Set ${name} to a token, or unset it.`),
  };
  const warning = `the token comes from ${name}: variables are seen by every program that is started, so keep it in a file (\`ci-fleet auth put\`)`;
  return { kind: "environment", source, app: null, warnings: [warning] };
}

function openWritten(context: Context): OpenedCredential {
  const { target, places } = context;
  const { auth } = target;
  switch (auth.kind) {
    case "app":
      return openApp(context, auth.clientId, placeOf(auth.privateKey, places));
    case "token":
      return openToken(context, placeOf(auth.file, places));
    case "gh":
      return openGh(context, auth.user);
    case "broker": {
      const message = "this host holds no credential: registrations come from the broker";
      return unusable("broker", `broker:${auth.url}`, `the broker ${auth.url}`, message, null);
    }
    case "search":
      return search(context, placeOf(auth.folder, places));
  }
}

/** The default folder of credentials belongs to root: a user keeps them in the same place below the home. */
export function placeOf(path: string, { userFolder }: Pick<CredentialPlaces, "userFolder">): string {
  const isBelow = path === SYSTEM_FOLDER || path.startsWith(`${SYSTEM_FOLDER}/`);
  return userFolder !== null && isBelow ? join(userFolder, path.slice(SYSTEM_FOLDER.length)) : path;
}

/** `app.pem` with the App's id in `app.id`, else `token`. */
function search(context: Context, folder: string): OpenedCredential {
  const pem = join(folder, "app.pem");
  const { uid } = context.places;
  if (readSecretFile(pem, { uid }).kind === "missing") {
    const token = join(folder, "token");
    if (readSecretFile(token, { uid }).kind !== "missing") return openToken(context, token);
    const message = `there is no credential in ${folder}: neither app.pem with app.id, nor token`;
    const help = "Put one there with `ci-fleet auth put`, or name another in the spec under `auth`.";
    return unusable("none", `search:${folder}`, `a credential in ${folder}`, message, help);
  }
  const id = readAppId(context.target, context.places);
  if (id.ok) return openApp(context, id.value, pem);
  return unusable("app", `app:${pem}`, `the GitHub App in ${folder}`, id.message, id.help);
}

function openToken({ target, places }: Context, path: string): OpenedCredential {
  const read = async (renew: boolean): Promise<GitHubAnswer<Secret>> => {
    const file = readCredential(places, `${target.name}.token`, path, renew);
    if ("kind" in file) return file;
    const token = parseToken(file.secret);
    if (token.ok) return known(token.value);
    return refuseCredential(`read ${file.path}`, `${file.path} ${token.why}`, HELP_PUT);
  };
  // Read at each use: a daemon sees a rotated token at its next request.
  const source = { id: `token:${path}`, description: `the token in ${path}`, token: read };
  return { kind: "token", source, app: null, warnings: [] };
}

function openApp(context: Context, appId: string, path: string): OpenedCredential {
  const { target, places, exchange, ports } = context;
  const id = `app:${appId}`;
  const description = `the GitHub App ${appId} with the key in ${path}`;
  const installed = whereInstalled(target);
  if (installed === null) {
    return unusable("app", id, description, NO_APPS.message, NO_APPS.help);
  }
  let key: Secret | null = null;
  const load = (renew: boolean): AppSource | GitHubFailure => {
    const file = readCredential(places, `${target.name}.pem`, path, renew);
    if ("kind" in file) return file;
    key = file.secret;
    const parsed = parsePrivateKey(key);
    if (!parsed.ok) return refuseCredential(`read ${file.path}`, `${file.path} ${parsed.why}`, HELP_PEM);
    const credential = { appId, key: parsed.value, place: file.path, ...installed };
    return openAppSource(credential, exchange, ports, places.installations);
  };
  let loaded = load(false);
  const use = <T>(ask: (app: AppSource) => Promise<GitHubAnswer<T>>): Promise<GitHubAnswer<T>> =>
    "kind" in loaded ? Promise.resolve(loaded) : ask(loaded);
  /** Of a key that was refused: whether there is another by now. */
  const reload = (): boolean => {
    const refused = key;
    loaded = load(true);
    return key !== null && refused?.equals(key) !== true;
  };
  const app: AppSource = {
    id: `${id}:${installed.account}`,
    description,
    token: async (renew) => {
      // A rotated key is seen by a daemon when the old one is refused.
      if (renew || "kind" in loaded) loaded = load(renew);
      const answer = await use((source) => source.token(renew));
      const isKeyRefused = answer.kind === "refused" && answer.status === 401;
      return isKeyRefused && reload() ? use((source) => source.token(true)) : answer;
    },
    readApp: () => use((source) => source.readApp()),
    readInstallation: () => use((source) => source.readInstallation()),
  };
  return { kind: "app", source: app, app, warnings: [] };
}

/** A credential that is not in its place yet: to try a new one before the old one is replaced. */
export function openGiven(
  target: TargetSpec,
  places: CredentialPlaces,
  given: Secret,
  exchange: Exchange,
  ports: GitHubPorts,
): OpenedCredential {
  const place = "standard input";
  if (target.auth.kind !== "app" && !(target.auth.kind === "search" && isKey(given))) {
    const token = parseToken(given);
    const fault = refuseCredential(`read ${place}`, token.ok ? "" : `${place} ${token.why}`, null);
    const source = failing("given", "the new token", token.ok ? known(token.value) : fault);
    return { kind: "token", source, app: null, warnings: [] };
  }
  const id = readAppId(target, places);
  const key = parsePrivateKey(given);
  const installed = whereInstalled(target);
  const refuse = (message: string, help: string | null): OpenedCredential =>
    unusable("app", "given", "the new key", message, help);
  if (!id.ok) return refuse(id.message, id.help);
  if (!key.ok) return refuse(`${place} ${key.why}`, null);
  if (installed === null) return refuse(NO_APPS.message, NO_APPS.help);
  const app = openAppSource({ appId: id.value, key: key.value, place, ...installed }, exchange, ports);
  return { kind: "app", source: app, app, warnings: [] };
}

type AppId =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly message: string; readonly help: string };

/** From the spec, or from `app.id` beside the key. The id is no secret, yet it decides who is asked. */
function readAppId({ auth }: TargetSpec, places: CredentialPlaces): AppId {
  if (auth.kind === "app") return { ok: true, value: auth.clientId };
  const folder = auth.kind === "search" ? auth.folder : SYSTEM_FOLDER;
  const place = join(placeOf(folder, places), "app.id");
  const file = readSecretFile(place, { uid: places.uid, mayBeRead: true });
  if (file.kind === "refused") return { ok: false, message: file.message, help: file.help };
  const id = file.kind === "read" ? parseAppId(file.secret.reveal()) : null;
  if (id?.ok === true) return id;
  const message = id === null ? `there is no ${place} with the id of the App` : `${place} ${id.why}`;
  return { ok: false, message, help: `Write the client id of the App into ${place}.` };
}

type Installed = Pick<AppCredential, "account" | "accountKind" | "repository">;

/** null: Apps have no say there. */
function whereInstalled(target: TargetSpec): Installed | null {
  const account = nameAccount(target);
  if (account === null) return null;
  const { scope } = target;
  const accountKind = scope.kind === "organization" || scope.kind === "repository" ? scope.kind : "user";
  return { account, accountKind, repository: scope.kind === "repository" ? scope.repo : null };
}

const NO_APPS = {
  message: "GitHub Apps cannot manage the runners of an enterprise",
  help: "Use a classic personal access token with the scope manage_runners:enterprise.",
};

function openGh({ target, places }: Context, user: string): OpenedCredential {
  const { hostname } = new URL(target.url);
  let stored: GitHubAnswer<Secret> | null = null;
  const source: TokenSource = {
    id: `gh:${user}@${hostname}`,
    description: `the token of ${user}'s GitHub CLI for ${hostname}`,
    token: async (renew) => {
      if (renew || stored?.kind !== "ok") {
        stored = await readGhToken(places.tools, { user, host: hostname, uid: places.uid });
      }
      return stored;
    },
  };
  return { kind: "gh", source, app: null, warnings: [] };
}

const HELP_PUT = "Put it there with `ci-fleet auth put`: it reads standard input and sets owner and mode.";
const HELP_PEM = "Make a new private key in the App's settings and put it there with `ci-fleet auth put`.";

/**
 * systemd's copy first; it is blank where the file was missing when the unit started. `renew`: GitHub refused the copy,
 * and the file may be a newer one: a start that waits for its registration is hours old at times.
 */
function readCredential(places: CredentialPlaces, id: string, path: string, renew: boolean) {
  const folder = places.env.CREDENTIALS_DIRECTORY;
  const newer = renew ? readSecretFile(path, { uid: places.uid }) : null;
  if (newer?.kind === "read") return { secret: newer.secret, path };
  if (folder?.startsWith("/") === true) {
    const copy = join(folder, id);
    const file = readSecretFile(copy, { uid: places.uid, fromSystemd: true });
    if (file.kind === "read" && file.secret.reveal().trim() !== "") {
      // systemd copies a file that everybody may read as gladly as any other.
      const source = readSecretFile(path, { uid: places.uid });
      if (source.kind === "refused" && source.because === "unsafe")
        return refuseCredential(`read ${path}`, source.message, source.help);
      return { secret: file.secret, path: copy };
    }
    if (file.kind === "refused") return refuseCredential(`read ${copy}`, file.message, file.help);
  }
  const file = readSecretFile(path, { uid: places.uid });
  if (file.kind === "read") return { secret: file.secret, path };
  if (file.kind === "missing") return refuseCredential(`read ${path}`, `there is no ${path}`, HELP_PUT);
  return refuseCredential(`read ${path}`, file.message, file.help);
}

function known(token: Secret): GitHubAnswer<Secret> {
  return { kind: "ok", value: token, fromCache: false, meta: NO_META };
}

function failing(id: string, description: string, answer: GitHubAnswer<Secret>): TokenSource {
  return { id, description, token: async () => answer };
}

function unusable(
  kind: CredentialKind,
  id: string,
  description: string,
  message: string,
  help: string | null,
): OpenedCredential {
  const source = failing(id, description, refuseCredential(`use ${description}`, message, help));
  return { kind, source, app: null, warnings: [] };
}
