// `bump` as a process, against a GitHub that keeps to its own description.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeFolder } from "../adapters/folder.ts";
import { serveFakeGitHub } from "../github/serve.ts";
import { FakeState } from "../github/state.ts";
import { serveRegistry } from "./registry.ts";
import { type Ran, startCli } from "./run-cli.ts";

const SUM = `1${"0".repeat(63)}`;

interface Place {
  readonly state: FakeState;
  readonly run: (...words: readonly string[]) => Promise<Ran>;
  readonly spec: () => string;
  readonly write: (text: string) => void;
}

const specOf = (url: string, runner: string): string =>
  `# ours\nversion: 1\nfleet: home\ngithub: {url: https://github.com/acme, apiUrl: "${url}"}\n${runner}hosts: {forge: }\npools: {ci: }\n`;

async function open(
  t: TestContext,
  runner = 'runner: {version: "2.336.0"} # pinned\n',
  extra: Readonly<Record<string, string>> = {},
): Promise<Place> {
  const state = new FakeState();
  state.credentials.set("ghp_all", {
    ...{ kind: "classic", scopes: ["*"], write: true, actionsRead: true, expiresAt: null },
  });
  state.scope("orgs/acme");
  state.downloads = ["x64", "arm64"].map((architecture) => ({
    os: "linux",
    architecture,
    download_url: `https://github.com/actions/runner/actions-runner-linux-${architecture}-2.338.1.tar.gz`,
    filename: `actions-runner-linux-${architecture}-2.338.1.tar.gz`,
    sha256_checksum: SUM,
  }));
  const server = await serveFakeGitHub(state, { check: true });
  t.after(async () => {
    await server.close();
    assert.deepEqual(server.mistakes, []);
  });
  const folder = makeFolder(t);
  const path = join(folder, "fleet.yaml");
  writeFileSync(path, specOf(server.url, runner));
  const run = (...words: readonly string[]): Promise<Ran> =>
    new Promise((settle) => {
      const env = { PATH: process.env.PATH ?? "", HOME: folder, CI_FLEET_TOKEN: "ghp_all", ...extra };
      const child = startCli(["bump", ...words], { cwd: folder, env });
      let [stdout, stderr] = ["", ""];
      child.stdout?.on("data", (chunk) => (stdout += chunk));
      child.stderr?.on("data", (chunk) => (stderr += chunk));
      child.on("close", (code) => settle({ code, stdout, stderr }));
    });
  return {
    state,
    run,
    spec: () => readFileSync(path, "utf8"),
    write: (text) => writeFileSync(path, text),
  };
}

test("the newest version comes into the spec with its checksums, and the second time there is nothing to do", async (t) => {
  const { run, spec } = await open(t);
  const before = spec();
  const check = await run("--check");
  assert.deepEqual([check.code, check.stdout, spec()], [1, "runner 2.336.0 → 2.338.1\n", before]);
  const ran = await run();
  assert.deepEqual([ran.code, ran.stdout], [0, "runner 2.336.0 → 2.338.1\n"]);
  assert.match(ran.stderr, /fleet\.yaml is changed; next: ci-fleet render/);
  assert.equal(
    spec(),
    before.replace(
      'runner: {version: "2.336.0"} # pinned\n',
      `runner: # pinned\n  version: "2.338.1"\n  checksums:\n    linux-x64: "${SUM}"\n    linux-arm64: "${SUM}"\n`,
    ),
  );
  const again = await run("--check", "--json");
  assert.deepEqual([again.code, JSON.parse(again.stdout).newer], [0, false]);
  assert.deepEqual((await run()).stdout, "runner 2.338.1 is the newest\n");
});

test("a machine that is none of the fleet's asks without the file that only its hosts have", async (t) => {
  const { run } = await open(t, 'runner: {version: "2.336.0"}\nnetwork: {ca: /nowhere/corp.pem}\n');
  const check = await run("--check");
  assert.deepEqual([check.code, check.stdout], [1, "runner 2.336.0 → 2.338.1\n"]);
  assert.match(check.stderr, /^warning: \/nowhere\/corp\.pem of network\.ca is not on this machine/);
});

test("it never goes down", async (t) => {
  const { run, spec } = await open(t, 'runner: {version: "2.340.0"}\n');
  const before = spec();
  const stay = await run();
  assert.deepEqual(
    [stay.code, stay.stdout],
    [0, "runner 2.340.0 is in use, and 2.338.1 is older: nothing to do\n"],
  );
  const asked = await run("--to", "2.338.1");
  assert.equal(asked.code, 1);
  assert.match(asked.stderr, /bump never goes down/);
  assert.equal((await run("--to", "newest")).code, 2);
  assert.equal(spec(), before);
});

test("a refused credential exits 77 and says so; a GitHub that fails exits 3; the spec stays", async (t) => {
  const { run, spec, state } = await open(t);
  const before = spec();
  state.credentials.clear();
  const refused = await run();
  assert.equal(refused.code, 77);
  assert.match(refused.stderr, /cannot ask https:\/\/github\.com\/acme for runner releases/);
  state.downloads = [{ nonsense: true }];
  assert.notEqual((await run()).code, 0);
  assert.equal(spec(), before);
});

test("the public releases are asked with a token that may see nothing else", async (t) => {
  const { run, spec, state } = await open(t);
  state.credentials.set("ghp_all", {
    ...{ kind: "installation", scopes: [], write: false, actionsRead: false, expiresAt: null },
  });
  const [x64, arm64] = ["a".repeat(64), "b".repeat(64)];
  for (const version of ["2.337.0", "2.339.0"]) {
    state.releases.push({
      version,
      sums: { "linux-x64": x64, "osx-x64": "c".repeat(64), "linux-arm64": arm64 },
    });
  }
  assert.equal((await run()).code, 77, "this token may not list the downloads of the target");
  const check = await run("--check", "--releases");
  assert.deepEqual([check.code, check.stdout], [1, "runner 2.336.0 → 2.339.0\n"], check.stderr);
  assert.equal((await run("--releases", "--to", "2.337.0")).code, 0);
  assert.match(
    spec(),
    /version: "2\.337\.0"\n {2}checksums:\n {4}linux-x64: "a{64}"\n {4}linux-arm64: "b{64}"\n/,
  );
  const none = await run("--releases", "--to", "9.9.9");
  assert.equal(none.code, 3);
  assert.match(none.stderr, /there is no such release/);
});

test("a pinned digest moves with the version, comments and all else stay", async (t) => {
  const digests = { "2.336.0": `sha256:${"1".repeat(64)}`, "2.338.1": `sha256:${"2".repeat(64)}` };
  const registry = await serveRegistry(t, digests);
  const written = (version: string, sums: string) =>
    `runner:\n  # the image of the company\n  image: ${registry.name}/ci/runner # mirrored\n  version: "${version}" # by bump\n  digest: ${digests[version as "2.336.0"]} # the same image\n${sums}`;
  const { run, spec } = await open(t, written("2.336.0", ""), { NODE_EXTRA_CA_CERTS: registry.authority });
  const before = spec();
  assert.deepEqual([(await run("--check")).code, registry.asked], [1, []], "a check needs no registry");
  const ran = await run();
  assert.equal(ran.code, 0, ran.stderr);
  const sums = `  checksums:\n    linux-x64: "${SUM}"\n    linux-arm64: "${SUM}"\n`;
  assert.equal(spec(), before.replace(written("2.336.0", ""), written("2.338.1", sums)));
});

test("where the registry does not know the new image, the spec stays as it was", async (t) => {
  const digest = `sha256:${"1".repeat(64)}`;
  const registry = await serveRegistry(t, { "2.336.0": digest });
  const runner = `runner: {image: ${registry.name}/ci/runner, version: "2.336.0", digest: ${digest}}\n`;
  const { run, spec } = await open(t, runner, { NODE_EXTRA_CA_CERTS: registry.authority });
  const before = spec();
  const ran = await run();
  assert.deepEqual([ran.code, spec()], [3, before]);
  assert.match(ran.stderr, /cannot find the digest of localhost:\d+\/ci\/runner:2\.338\.1: .*status 404/);
});

test("a spec that cannot be edited for sure says what to write", async (t) => {
  const { run, spec } = await open(t, 'x-now: &now "2.336.0"\nrunner: {version: *now}\n');
  const before = spec();
  const ran = await run();
  assert.equal(ran.code, 1);
  assert.match(ran.stderr, /does not edit; put this into it:\nrunner:\n {2}version: "2\.338\.1"\n/);
  assert.equal(spec(), before);
});

test("where the spec is wrong in other ways, that is told", async (t) => {
  const { run, write, spec } = await open(t);
  write(spec().replace("pools:", "polls:"));
  const ran = await run();
  assert.equal(ran.code, 1);
  assert.match(ran.stderr, /unknown key/);
});
