// A fake GitHub with our client on it. In: which target, what is different. Out: both, with a clock that does
// not wait and a record of the pauses that were asked for.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { CredentialPlaces } from "../../src/adapters/credentials.ts";
import { type GitHubAccess, type GitHubOptions, openGitHub } from "../../src/adapters/github.ts";
import type { Secret } from "../../src/base/secret.ts";
import type { AuthSpec, TargetSpec } from "../../src/model/fleet.ts";
import type { AnswerCache, CachedAnswer, GitHubAnswer } from "../../src/model/github.ts";
import { NO_TOOLS } from "../../src/model/ports.ts";
import { type FakeServer, serveFakeGitHub } from "../github/serve.ts";
import { FakeState, type FaultKind } from "../github/state.ts";

export const TOKEN = "ghp_thisIsTheSecretTokenOfTheTests0001";
export const UID = process.getuid?.() ?? 0;

export interface GitHubLab {
  readonly state: FakeState;
  readonly server: FakeServer;
  /** A folder for credentials, closed to others. */
  readonly folder: string;
  /** Milliseconds of each pause. */
  readonly pauses: number[];
  readonly cache: Map<string, CachedAnswer>;
  target(scope?: TargetSpec["scope"], auth?: AuthSpec): TargetSpec;
  open(given?: Partial<OpenGiven>): Promise<GitHubAccess>;
  fail(kind: FaultKind, match: RegExp, times?: number, detail?: string): void;
}

interface OpenGiven {
  readonly target: TargetSpec;
  readonly places: Partial<CredentialPlaces>;
  readonly options: Partial<GitHubOptions>;
  readonly secret: Secret;
}

const ORGANIZATION: TargetSpec["scope"] = { kind: "organization", owner: "acme" };

export async function startGitHubLab(t: TestContext): Promise<GitHubLab> {
  const state = new FakeState();
  const credential = {
    kind: "classic",
    scopes: ["*"],
    write: true,
    actionsRead: true,
    expiresAt: null,
  } as const;
  state.credentials.set(TOKEN, { ...credential });
  state.scope("orgs/acme");
  const server = await serveFakeGitHub(state, { check: true });
  const folder = mkdtempSync(join(tmpdir(), "ci-fleet-credentials-"));
  writeFileSync(join(folder, "token"), `${TOKEN}\n`, { mode: 0o600 });
  t.after(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
    assert.deepEqual(server.mistakes, []);
  });
  const pauses: number[] = [];
  const cache = new Map<string, CachedAnswer>();
  const kept: AnswerCache = {
    get: (key) => cache.get(key) ?? null,
    // As a watchdog would keep it: as JSON.
    set: (key, answer) => void cache.set(key, JSON.parse(JSON.stringify(answer)) as CachedAnswer),
  };
  const ports = {
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    sleep: async (milliseconds: number) => void pauses.push(milliseconds),
    random: () => 0.5,
  };
  const target: GitHubLab["target"] = (scope = ORGANIZATION, auth) =>
    makeTarget(server.url, scope, auth ?? { kind: "token", file: join(folder, "token") });
  return {
    state,
    server,
    folder,
    pauses,
    cache,
    target,
    open: ({ target: wanted = target(), places = {}, options = {}, secret } = {}) =>
      openGitHub(
        wanted,
        { uid: UID, env: {}, userFolder: null, tools: NO_TOOLS, ...places },
        { userAgent: "ci-fleet/test", cache: kept, ports, deadlineMs: 5000, mutationGapMs: 1000, ...options },
        secret ?? null,
      ),
    fail: (kind, match, times = Number.POSITIVE_INFINITY, detail) =>
      void state.faults.push({ kind, match, left: times, ...(detail === undefined ? {} : { detail }) }),
  };
}

export function makeTarget(apiUrl: string, scope: TargetSpec["scope"], auth: AuthSpec): TargetSpec {
  const path =
    scope.kind === "enterprise"
      ? `enterprises/${scope.slug}`
      : scope.kind === "repository"
        ? `${scope.owner}/${scope.repo}`
        : scope.owner;
  return {
    name: "default",
    url: `https://github.com/${path}`,
    scope,
    flavour: "github.com",
    apiUrl,
    runnerGroup: null,
    auth,
    authWritten: true,
    at: [],
  };
}

/** An App of acme's; its key lies in `app.pem` of the lab's folder. */
export function addApp(lab: GitHubLab, account = "acme", write = true): { readonly pem: string } {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs1", format: "pem" }) as string;
  writeFileSync(join(lab.folder, "app.pem"), pem, { mode: 0o600 });
  lab.state.apps.push({
    id: 77,
    clientId: "Iv23liTEST",
    publicKey: publicKey.export({ type: "spki", format: "pem" }) as string,
    installations: new Map([[501, { account, write }]]),
  });
  return { pem };
}

export function appAuth(lab: GitHubLab): AuthSpec {
  return { kind: "app", clientId: "Iv23liTEST", privateKey: join(lab.folder, "app.pem") };
}

export function expectOk<T>(answer: GitHubAnswer<T>): T {
  if (answer.kind !== "ok") assert.fail(`not ok: ${JSON.stringify(answer)}`);
  return answer.value;
}

export function addRunners(state: FakeState, scope: string, count: number): void {
  for (let index = 1; index <= count; index++) {
    const labels = ["self-hosted", "Linux", "X64", "gpu"];
    state.addRunner(scope, { name: `acme-gpu-forge-${index}`, labels, ephemeral: false, groupId: 1 });
  }
}
