// What the fake GitHub knows: scopes with their runners and groups, credentials, jobs, switched-on
// faults. In: calls of routes.ts. Out: the same facts later. Time is `now()`, so that a test can move it.

import { randomBytes } from "node:crypto";

export interface FakeRunner {
  readonly id: number;
  readonly name: string;
  labels: string[];
  readonly ephemeral: boolean;
  readonly groupId: number;
  version: string | null;
  readonly clientId: string;
  readonly secret: string;
  session: { id: string; lastSeen: number; polling: number } | null;
  job: number | null;
  /** Overrides for histories in which GitHub lies. */
  lie: { busy?: boolean; online?: boolean } | null;
}

export interface FakeGroup {
  readonly id: number;
  readonly name: string;
  readonly default: boolean;
  readonly publicRepositories: boolean;
}

export interface FakeScope {
  /** `orgs/acme`, `repos/alice/app`, `enterprises/big`. */
  readonly path: string;
  readonly runners: Map<number, FakeRunner>;
  readonly groups: Map<number, FakeGroup>;
}

export interface FakeJob {
  readonly id: number;
  readonly runId: number;
  readonly repository: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly script: string;
  readonly createdAt: number;
  status: "queued" | "in_progress" | "completed" | "waiting";
  conclusion: string | null;
  runnerId: number | null;
  runnerName: string | null;
  startedAt: number | null;
  completedAt: number | null;
  log: string;
}

/** Scopes that a token may touch and what it may do there. */
export interface FakeCredential {
  readonly kind: "classic" | "fine-grained" | "installation";
  /** Paths as in `FakeScope.path`; `*` for all. */
  readonly scopes: readonly string[];
  readonly write: boolean;
  readonly actionsRead: boolean;
  /** Of a personal access token it is told in a header. */
  expiresAt: number | null;
}

export interface FakeInstallation {
  readonly account: string;
  readonly write: boolean;
  readonly suspended?: boolean;
}

export interface FakeApp {
  readonly id: number;
  readonly clientId: string;
  /** PEM. */
  readonly publicKey: string;
  readonly installations: Map<number, FakeInstallation>;
}

/** Rows of the table of faults; what each looks like on the wire is in misbehave.ts. */
export type FaultKind =
  | "401"
  | "403"
  | "403-scope"
  | "403-html"
  | "403-rate"
  | "403-exhausted"
  | "404"
  | "404-html"
  | "409"
  | "422"
  | "429"
  | "429-bare"
  | "500"
  | "502"
  | "503-html"
  | "hang"
  | "hang-body"
  | "drip"
  | "truncate"
  | "short"
  | "broken-chunk"
  | "empty-200"
  | "garbage"
  | "wrong-shape"
  | "html"
  | "echo"
  | "reset"
  | "redirect"
  | "redirect-307"
  | "done-then-502"
  | "done-then-reset";

export interface Fault {
  readonly kind: FaultKind;
  /** Against `METHOD /path`. */
  readonly match: RegExp;
  /** How often; Infinity until switched off. */
  left: number;
  readonly detail?: string;
}

export interface FakeRelease {
  readonly version: string;
  /** sha256 by platform: `linux-x64`. */
  readonly sums: Readonly<Record<string, string | null>>;
}

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  /** 0: no answer, or one without HTTP's help. */
  status: number;
  readonly at: number;
}

export class FakeState {
  readonly scopes = new Map<string, FakeScope>();
  readonly credentials = new Map<string, FakeCredential>();
  readonly apps: FakeApp[] = [];
  /** Registration and removal tokens. */
  readonly tokens = new Map<
    string,
    { readonly scope: string; readonly kind: string; readonly expiresAt: number }
  >();
  readonly admins = new Map<string, string>();
  readonly jobs = new Map<number, FakeJob>();
  readonly repositories = new Map<string, { pushedAt: number; private: boolean }>();
  readonly deprecated = new Set<string>();
  readonly faults: Fault[] = [];
  readonly requests: FakeRequest[] = [];
  /** Plain files, the release tarballs among them, by the path of their URL. */
  readonly files = new Map<string, Buffer>();
  /** Names of servers that have such files and nothing else. */
  readonly fileServers = new Set<string>();
  /** Everything secret that was ever given out: the lab looks for it where it must not be. */
  readonly secrets = new Set<string>();
  downloads: Record<string, unknown>[] = [];
  /** Of actions/runner, the newest last. */
  readonly releases: FakeRelease[] = [];
  groupLimit = 10_000;
  rateLimit = 5000;
  rateUsed = 0;
  /** So often a row moves to a page that was read already, and the reader sees it on none. */
  shiftPages = 0;
  /** So many of the next tokens have ended by the time they are used. */
  readonly ended = { installation: 0, registration: 0 };
  /** Each takes the name of the next JIT registration just before it: a runner of somebody else's, or a dead one. */
  readonly squatters: ("online" | "offline")[] = [];
  /** Milliseconds during which a started job is not yet `busy` in the list. */
  busyLag = 0;
  /** A session that did not poll for so long is offline. */
  liveness = 15_000;
  /** Added to real time. */
  offset = 0;
  #next = 100;

  now(): number {
    return Date.now() + this.offset;
  }

  nextId(): number {
    return this.#next++;
  }

  scope(path: string): FakeScope {
    let scope = this.scopes.get(path);
    if (scope === undefined) {
      const group = { id: 1, name: "Default", default: true, publicRepositories: false };
      scope = { path, runners: new Map(), groups: new Map([[1, group]]) };
      this.scopes.set(path, scope);
    }
    return scope;
  }

  addGroup(path: string, name: string, publicRepositories = false): FakeGroup {
    const group = { id: this.nextId(), name, default: false, publicRepositories };
    this.scope(path).groups.set(group.id, group);
    return group;
  }

  addRunner(
    path: string,
    given: {
      name: string;
      labels: readonly string[];
      ephemeral: boolean;
      groupId: number;
      version?: string | null;
    },
  ): FakeRunner {
    const runner: FakeRunner = {
      id: this.nextId(),
      name: given.name,
      labels: [...given.labels],
      ephemeral: given.ephemeral,
      groupId: given.groupId,
      version: given.version ?? null,
      clientId: randomBytes(8).toString("hex"),
      secret: randomBytes(24).toString("base64url"),
      session: null,
      job: null,
      lie: null,
    };
    this.scope(path).runners.set(runner.id, runner);
    this.secrets.add(runner.secret);
    return runner;
  }

  findRunner(path: string, name: string): FakeRunner | undefined {
    return [...this.scope(path).runners.values()].find((runner) => runner.name === name);
  }

  /** Owner of `Runner clientId:secret`. */
  runnerByAuth(clientId: string, secret: string): { scope: FakeScope; runner: FakeRunner } | null {
    for (const scope of this.scopes.values()) {
      for (const runner of scope.runners.values()) {
        if (runner.clientId === clientId && runner.secret === secret) return { scope, runner };
      }
    }
    return null;
  }

  /** When a token that is given out now really ends; the answer says an hour all the same. */
  endOf(kind: keyof FakeState["ended"], expiresAt: number): number {
    if (this.ended[kind] === 0) return expiresAt;
    this.ended[kind]--;
    return 0;
  }

  issueToken(scope: string, kind: "register" | "remove"): { token: string; expires_at: string } {
    const token = randomBytes(24)
      .toString("base64url")
      .toUpperCase()
      .replaceAll(/[^A-Z0-9]/g, "A")
      .slice(0, 29);
    const expiresAt = this.now() + 3_600_000;
    const end = kind === "register" ? this.endOf("registration", expiresAt) : expiresAt;
    this.tokens.set(token, { scope, kind, expiresAt: end });
    this.secrets.add(token);
    return { token, expires_at: new Date(expiresAt).toISOString() };
  }

  addJob(given: {
    repository: string;
    labels: readonly string[];
    name?: string;
    script?: string;
    status?: "queued" | "waiting";
  }): FakeJob {
    const job: FakeJob = {
      id: this.nextId(),
      runId: this.nextId(),
      repository: given.repository,
      name: given.name ?? "build",
      labels: given.labels,
      script: given.script ?? "true",
      createdAt: this.now(),
      status: given.status ?? "queued",
      conclusion: null,
      runnerId: null,
      runnerName: null,
      startedAt: null,
      completedAt: null,
      log: "",
    };
    this.jobs.set(job.id, job);
    this.repositories.set(given.repository, { pushedAt: this.now(), private: true });
    return job;
  }

  online(runner: FakeRunner): boolean {
    if (runner.lie?.online !== undefined) return runner.lie.online;
    const session = runner.session;
    if (session === null) return false;
    return session.polling > 0 || runner.job !== null || this.now() - session.lastSeen < this.liveness;
  }

  busy(runner: FakeRunner): boolean {
    if (runner.lie?.busy !== undefined) return runner.lie.busy;
    const job = runner.job === null ? undefined : this.jobs.get(runner.job);
    return job?.startedAt != null && this.now() - job.startedAt >= this.busyLag;
  }

  /** The oldest queued job that this runner may take, or null. */
  jobFor(scope: FakeScope, runner: FakeRunner): FakeJob | null {
    const has = new Set(runner.labels.map((label) => label.toLowerCase()));
    for (const job of this.jobs.values()) {
      if (job.status !== "queued") continue;
      const path = scope.path.split("/").slice(1).join("/");
      const reaches =
        scope.path.startsWith("enterprises/") ||
        job.repository === path ||
        job.repository.startsWith(`${path}/`);
      if (reaches && job.labels.every((label) => has.has(label.toLowerCase()))) return job;
    }
    return null;
  }
}
