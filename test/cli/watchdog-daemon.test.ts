// `ci-fleet watchdog --daemon` as a process: it looks, answers, follows its spec, and ends when it is told to.

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { createHmac } from "node:crypto";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { takeFileLock } from "../../src/adapters/file-lock.ts";
import { serveFakeGitHub } from "../github/serve.ts";
import { FakeState } from "../github/state.ts";
import { waitFor } from "../lab/wait-for.ts";
import { type FakeHost, makeFakeHost } from "./fake-host.ts";
import { cleanEnv, type Ran, startCli } from "./run-cli.ts";

const TOKEN = "ghp_theTokenOfTheDaemonsTests0000000001";
const SECRET = "the secret of the daemon's webhook";
const UNIT = "home-process@home-ci-forge-1.service";

interface Daemon {
  readonly host: FakeHost;
  readonly github: FakeState;
  readonly url: string;
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly warned: () => string;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
  readonly passes: () => Promise<number>;
  readonly writeSpec: (watchdog: string) => void;
  /** Not waiting for it would keep the fake GitHub from answering it. */
  readonly run: (...words: readonly string[]) => Promise<Ran>;
  readonly start: (...words: readonly string[]) => Promise<Daemon>;
}

/** Below those that Linux gives to whoever connects: such a port may be another's before the daemon has it. */
let nextPort = 20_000 + (process.pid % 1000) * 12;

async function findPort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    nextPort = nextPort >= 32_000 ? 20_000 : nextPort + 1;
    const port = nextPort;
    const server = createServer();
    if (await listen(server, port).catch(() => false)) {
      await new Promise((settle) => server.close(settle));
      return port;
    }
  }
  throw new Error("a hundred ports in a row are taken");
}

function listen(server: Server, port: number): Promise<boolean> {
  return new Promise((settle, fail) => {
    server.once("error", fail).listen(port, "127.0.0.1", () => settle(true));
  });
}

/** On a host whose two slots are down. `watchdog` are keys in flow style. */
async function startDaemon(t: TestContext, watchdog: string, ...words: readonly string[]): Promise<Daemon> {
  // Before all else, for what is done afterwards goes in this order: a daemon writes into the folder that is removed.
  const endings: (() => Promise<unknown>)[] = [];
  t.after(() => Promise.all(endings.map((end) => end())));
  const host = makeFakeHost(t);
  const github = new FakeState();
  github.scope("orgs/acme");
  github.credentials.set(TOKEN, {
    kind: "classic",
    scopes: ["*"],
    write: true,
    actionsRead: true,
    expiresAt: null,
  });
  const server = await serveFakeGitHub(github);
  endings.push(() => server.close());
  const port = await findPort();
  for (const [name, text] of [
    ["token", TOKEN],
    ["secret", SECRET],
  ] as const) {
    host.write(name, `${text}\n`);
    chmodSync(join(host.home, name), 0o600);
  }
  const spec = host.read("fleet/fleet.yaml").replace(/^github:[\s\S]*?^runner:/m, "runner:");
  const writeSpec = (more: string): void => {
    const target = `{url: https://github.com/acme, apiUrl: "${server.url}", auth: {token: ${host.home}/token}}`;
    const keys = `{mode: daemon, listen: "127.0.0.1:${port}", budget: {githubRequestsPerHour: 15000}, ${more}}`;
    host.write("fleet/fleet.yaml", `${spec}github: ${target}\nwatchdog: ${keys}\n`);
  };
  writeSpec(watchdog.replaceAll("HOME", host.home));
  const spawnHere = (words: readonly string[]) => {
    const child = startCli([...words, "--user", "--host", "forge"], {
      cwd: join(host.home, "fleet"),
      env: cleanEnv(host.env),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const exited = new Promise((settle) => child.once("exit", settle));
    endings.push(() => (child.kill("SIGKILL") ? exited : Promise.resolve()));
    let [stdout, stderr] = ["", ""];
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const ended = new Promise<number | string | null>((settle) =>
      child.on("close", (code, signal) => settle(code ?? signal)),
    );
    return { child, ended, stdout: () => stdout, stderr: () => stderr };
  };
  const run: Daemon["run"] = async (...more) => {
    const { ended, stdout, stderr } = spawnHere(more);
    return { code: Number(await ended), stdout: stdout(), stderr: stderr() };
  };
  const start: Daemon["start"] = async (...more) => {
    const { child, ended, stdout, stderr } = spawnHere(["watchdog", "--daemon", ...more]);
    const url = `http://127.0.0.1:${port}`;
    const daemon: Daemon = {
      ...{ host, github, url, child, ended, writeSpec, start, run },
      said: stdout,
      warned: stderr,
      passes: async () => countPasses(await ask(`${url}/metrics`)),
    };
    await waitFor("a pass", async () => (await daemon.passes().catch(() => 0)) > 0, {
      instead: () => stdout() + stderr(),
    });
    return daemon;
  };
  return start(...words);
}

async function ask(url: string): Promise<string> {
  return (await fetch(url)).text();
}

function countPasses(metrics: string): number {
  const lines = [...metrics.matchAll(/^ci_fleet_passes_total\{code="[^"]*"\} (\d+)$/gm)];
  return lines.reduce((all, [, count]) => all + Number(count), 0);
}

/** They mostly wait, so they are played side by side. */
const acts: (readonly [string, (t: TestContext) => Promise<void>])[] = [];
const scene = (sentence: string, act: (t: TestContext) => Promise<void>): void => {
  acts.push([sentence, act]);
};

scene("it starts what is down, answers for itself, and ends with 0 on SIGTERM", async (t) => {
  const daemon = await startDaemon(t, "every: 5s");
  const { host, url } = daemon;
  const started = /^start home-ci-forge-1 {2}DeadSlot: .*; done: started$/m;
  await waitFor("a word of the start", () => started.test(daemon.said()), { instead: daemon.said });
  assert.ok(host.told().includes(`systemctl --user start --no-block -- ${UNIT}`));
  const healthy = await fetch(`${url}/healthz`);
  assert.deepEqual([healthy.status, await healthy.text()], [200, "ok\n"]);
  const metrics = await fetch(`${url}/metrics`);
  assert.equal(metrics.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.match(await metrics.text(), /^ci_fleet_runners\{pool="ci",state="stopped"\} 2$/m);
  assert.equal((await fetch(`${url}/webhook`, { method: "POST" })).status, 404, "none is in the spec");
  assert.equal((await fetch(`${url}/metrics`, { method: "DELETE" })).status, 405);
  const before = await daemon.passes();
  await waitFor("another pass", async () => (await daemon.passes()) > before);
  daemon.child.kill("SIGTERM");
  assert.equal(await daemon.ended, 0);
  for (const name of ["json", "counts.json", "answers.json", "audit.jsonl"])
    assert.ok(existsSync(join(host.home, host.state, `watchdog.${name}`)), name);
  assert.match(
    daemon.warned(),
    /^looks after 2 slots of forge every 5s; http:\/\/127\.0\.0\.1:\d+\/metrics and \/healthz\n$/,
  );
  assert.equal(daemon.said().match(/DeadSlot/g)?.length, 2, "what is not new is not said again");
});

scene("while it is there a pass by hand and a second daemon are 75; a dry run is none of it", async (t) => {
  const { run, child, ended } = await startDaemon(t, "every: 1h");
  for (const words of [["watchdog"], ["watchdog", "--daemon"]] as const) {
    const ran = await run(...words);
    assert.deepEqual([ran.code, ran.stdout], [75, ""]);
    assert.match(ran.stderr, /another watchdog is at work/);
  }
  const dry = await run("watchdog", "--dry-run");
  assert.match(dry.stdout, /StartedJustNow|DeadSlot/, dry.stderr);
  child.kill("SIGINT");
  assert.equal(await ended, 0);
  assert.equal((await run("watchdog", "--daemon", "--dry-run")).code, 2);
});

scene("an apply at work is waited for: the pass is left out", async (t) => {
  const daemon = await startDaemon(t, "every: 5s");
  const file = join(daemon.host.home, ".local/state/ci-fleet/home/.fleet.lock");
  const lock = await waitFor("the lock", () => takeFileLock(file, { forMs: 0, onWait: () => undefined }));
  await waitFor("a word", () => daemon.warned().includes("an apply is at work: this pass is left out"));
  const before = await daemon.passes();
  await lock.release();
  await waitFor("another pass", async () => (await daemon.passes()) > before);
});

scene(
  "a changed spec is in force with the next pass; one with errors is told, and the one before goes on",
  async (t) => {
    const daemon = await startDaemon(t, "every: 5s");
    const { host } = daemon;
    daemon.writeSpec("every: 5s, removalsPerPass: 3");
    await waitFor("a warning", () => daemon.warned().includes("the spec is not put in force"));
    assert.match(daemon.warned(), /removalsPerPass.*\(1 in all: `ci-fleet validate`\)/);
    const metrics = () => ask(`${daemon.url}/metrics`);
    await waitFor("metrics", async () => (await metrics()).includes("ci_fleet_spec_ok 0\n"));
    daemon.writeSpec(`every: 5s, metrics: ${host.home}/now.prom`);
    await waitFor("the new spec", () => existsSync(join(host.home, "now.prom")));
    await waitFor("metrics of it", async () => (await metrics()).includes("ci_fleet_spec_ok 1\n"));
    assert.equal(daemon.warned().match(/not put in force/g)?.length, 1, "it is said once");
  },
);

scene("a signed delivery about a job of ours wakes it, and nothing else does", async (t) => {
  const daemon = await startDaemon(t, "every: 1d, webhook: {secret: HOME/secret}");
  const { host, url } = daemon;
  const send = async (body: unknown, secret = SECRET, event = "workflow_job") => {
    const text = JSON.stringify(body);
    const signature = `sha256=${createHmac("sha256", secret).update(text).digest("hex")}`;
    const headers = {
      "content-type": "application/json",
      "x-github-event": event,
      "x-hub-signature-256": signature,
    };
    return (await fetch(`${url}/webhook`, { method: "POST", body: text, headers })).status;
  };
  const queued = { action: "queued", workflow_job: { labels: ["self-hosted", "x64"] } };
  assert.equal(await send(queued, "what anybody could say"), 401);
  assert.equal(await send({ zen: "" }, SECRET, "ping"), 202);
  // The pool of this fleet has a fixed number of runners: no job needs one of it started.
  assert.equal(await send(queued), 202);
  assert.equal(await daemon.passes(), 1);
  const spec = host.read("fleet/fleet.yaml").replace("runners: 2", "runners: {min: 0, max: 2}");
  host.write("fleet/fleet.yaml", spec.replace("every: 1d", "every: 5s"));
  daemon.child.kill("SIGTERM");
  await daemon.ended;
  const again = await daemon.start();
  host.write("fleet/fleet.yaml", spec);
  await waitFor("the slow spec", async () => (await again.passes()) >= 3);
  const before = await again.passes();
  assert.equal(await send(queued), 202);
  await waitFor("a pass", async () => (await again.passes()) > before);
  const metrics = await ask(`${url}/metrics`);
  assert.match(metrics, /^ci_fleet_webhook_deliveries_total\{result="woken"\} 1$/m);
});

scene(
  "killed at any moment it leaves nothing in the way of the next one, which goes on counting",
  async (t) => {
    const daemon = await startDaemon(t, "every: 5s");
    daemon.child.kill("SIGKILL");
    assert.equal(await daemon.ended, "SIGKILL");
    const before = JSON.parse(daemon.host.read(`${daemon.host.state}/watchdog.counts.json`)) as {
      readonly passes: Record<string, number>;
    };
    const again = await daemon.start();
    const counted = Object.values(before.passes).reduce((all, each) => all + each, 0);
    assert.ok((await again.passes()) > counted);
    assert.doesNotMatch(again.said(), /^start /m, "what was started just now is not started again");
  },
);

scene("with --json each pass is a document on a line of its own", async (t) => {
  const daemon = await startDaemon(t, "every: 5s", "--json");
  await waitFor("two lines", () => daemon.said().split("\n").length > 2);
  const [first, second] = daemon.said().split("\n");
  for (const line of [first, second]) {
    const document = JSON.parse(line ?? "") as Record<string, unknown>;
    assert.deepEqual([document.schema, document.dryRun], ["ci-fleet/watchdog/v1", false]);
  }
});

scene("a port that is taken keeps no slot from being started, and is tried again", async (t) => {
  const daemon = await startDaemon(t, "every: 5s");
  const { port } = new URL(daemon.url);
  daemon.child.kill("SIGTERM");
  await daemon.ended;
  const squatter = createServer((socket) => socket.destroy());
  t.after(() => squatter.close());
  await listen(squatter, Number(port));
  rmSync(join(daemon.host.home, daemon.host.state), { recursive: true });
  daemon.host.told();
  const starting = daemon.start();
  await waitFor("a start", () => daemon.host.read("fake/told").includes(`start --no-block -- ${UNIT}`));
  squatter.close();
  const again = await starting;
  const refused = /^warning: cannot listen on .* metrics and webhooks are not answered$/m;
  await waitFor("a warning", () => refused.test(again.warned()), { instead: again.warned });
});

test("the watchdog as a daemon", { concurrency: true }, async (t) => {
  await Promise.all(acts.map(([sentence, act]) => t.test(sentence, act)));
});
