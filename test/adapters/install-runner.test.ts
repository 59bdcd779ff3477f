// The runner's release, from a server on this machine: checksums that are wrong, downloads that stop, installs that
// were cut off. The archive is a small one of the same layout.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openFetchFile } from "../../src/adapters/fetch-file.ts";
import { openHostTools } from "../../src/adapters/host-tools.ts";
import { type InstallerPorts, openRunnerInstaller } from "../../src/adapters/install-runner.ts";
import { checkLibraries } from "../../src/adapters/install-runner-libraries.ts";
import { CredentialError } from "../../src/base/credential-error.ts";
import { Secret } from "../../src/base/secret.ts";
import { WorldError } from "../../src/base/world-error.ts";
import { type GitHubAnswer, NO_META, type RunnerDownload } from "../../src/model/github.ts";
import { makeTools, ran } from "./fake-tools.ts";
import { makeFolder } from "./folder.ts";

const VERSION = "2.338.1";
const NAME = `actions-runner-linux-x64-${VERSION}.tar.gz`;
const tools = openHostTools(process.env);

interface Scene {
  readonly folder: string;
  readonly archive: Buffer;
  readonly sha256: string;
  readonly asked: IncomingMessage[];
  readonly url: string;
  install(change?: Partial<InstallerPorts>): Promise<void>;
  listed(change?: Partial<RunnerDownload>): InstallerPorts["listDownloads"];
  readonly left: () => string[];
}

async function makeScene(t: TestContext, answer?: (response: ServerResponse) => void): Promise<Scene> {
  const top = makeFolder(t);
  const source = join(top, "source");
  mkdirSync(join(source, "bin"), { recursive: true });
  for (const name of ["bin/Runner.Listener", "run.sh", "config.sh"]) {
    writeFileSync(join(source, name), `#!/bin/sh\n# ${name}\n`);
    chmodSync(join(source, name), 0o755);
  }
  spawnSync("tar", ["-czf", join(top, "archive"), "-C", source, "."]);
  const archive = readFileSync(join(top, "archive"));
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    if (answer !== undefined) answer(response);
    else response.end(archive);
  });
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${NAME}`;
  const runners = join(top, "opt/runner");
  const sha256 = createHash("sha256").update(archive).digest("hex");
  const listed: Scene["listed"] = (change) => async () => ok([{ ...DOWNLOAD, url, sha256, ...change }]);
  return {
    folder: join(runners, VERSION),
    archive,
    sha256,
    asked,
    url,
    listed,
    left: () => readdirSync(runners),
    install: (change) => {
      const fetchFile = openFetchFile({ maxBytes: 1_000_000, stallMs: 300, wholeMs: 5000 });
      const ports = { arch: "x64", checksum: null, listDownloads: listed(), fetchFile, tools } as const;
      return openRunnerInstaller({ ...ports, ...change }).installRunner(VERSION, join(runners, VERSION));
    },
  };
}

const DOWNLOAD: Omit<RunnerDownload, "url" | "sha256"> = {
  os: "linux",
  architecture: "x64",
  filename: NAME,
  downloadToken: null,
};
const ok = <T>(value: T): GitHubAnswer<T> => ({ kind: "ok", value, fromCache: false, meta: NO_META });

test("a release whose checksum is right is there as a whole, and not fetched again", async (t) => {
  const scene = await makeScene(t);
  await scene.install();
  assert.deepEqual(scene.left(), [VERSION]);
  assert.equal(statSync(join(scene.folder, "bin/Runner.Listener")).mode & 0o777, 0o755);
  await scene.install();
  assert.equal(scene.asked.length, 1);
});

test("the spec's checksum is enough, and GitHub's has to agree with it", async (t) => {
  const scene = await makeScene(t);
  const elsewhere = scene.listed({ sha256: "0".repeat(64) });
  await assert.rejects(
    scene.install({ checksum: scene.sha256, listDownloads: elsewhere }),
    /GitHub says that its sha256 is 0+, and the spec says/,
  );
  await scene.install({
    checksum: scene.sha256.toUpperCase(),
    listDownloads: scene.listed({ sha256: null }),
  });
  assert.ok(existsSync(scene.folder));
});

test("a changed archive is refused, and nothing of it stays", async (t) => {
  const scene = await makeScene(t);
  await assert.rejects(
    scene.install({
      checksum: "1".repeat(64),
      listDownloads: null,
      fetchFile: async ({ path }) => {
        writeFileSync(path, "evil");
        return { sha256: "2".repeat(64) };
      },
    }),
    (error) => {
      assert.ok(error instanceof WorldError);
      assert.match(
        error.message,
        /cannot trust https:\/\/github\.com\/actions\/runner\/releases\/download\/v2\.338\.1\/.*sha256 is 2+, and 1+ was expected/,
      );
      return true;
    },
  );
  assert.deepEqual(scene.left(), []);
});

test("without any checksum nothing is fetched", async (t) => {
  const scene = await makeScene(t);
  await assert.rejects(
    scene.install({ listDownloads: null }),
    /no checksum is known for actions-runner-linux-x64-2\.338\.1/,
  );
  const other = scene.listed({ filename: "actions-runner-linux-x64-2.400.0.tar.gz" });
  await assert.rejects(
    scene.install({ listDownloads: other }),
    (error) => error instanceof WorldError && /ci-fleet bump/.test(error.help ?? ""),
  );
  assert.equal(scene.asked.length, 0);
});

test("a credential that is refused where a checksum is wanted is told as such", async (t) => {
  const scene = await makeScene(t);
  const listDownloads = async (): Promise<GitHubAnswer<never>> => ({
    ...{ kind: "refused", status: 401, message: "Bad credentials", missing: "scope repo" },
    ...{ help: "Put a valid one in place.", request: "GET", meta: NO_META },
  });
  await assert.rejects(scene.install({ listDownloads }), (error) => {
    assert.ok(error instanceof CredentialError);
    assert.match(error.message, /GitHub was asked: Bad credentials; missing permission: scope repo$/);
    assert.match(error.help ?? "", /^Put a valid one in place; or run `ci-fleet bump`/);
    return true;
  });
});

const broken: readonly (readonly [string, (response: ServerResponse) => void, RegExp])[] = [
  ["says 404", (response) => response.writeHead(404).end("no"), /the server answered 404/],
  ["stops sending", (response) => void response.writeHead(200).write("abc"), /not a byte came for 0\.3 s/],
  [
    "ends in the middle",
    (response) => {
      response.writeHead(200, { "content-length": "100000" });
      response.write("abc");
      response.socket?.destroySoon();
    },
    /cannot download/,
  ],
  [
    "sends without end",
    (response) => {
      response.writeHead(200);
      const chunk = Buffer.alloc(64 * 1024);
      const send = (): void => void (response.destroyed || response.write(chunk, send));
      send();
    },
    /more than 1000000 bytes/,
  ],
];
for (const [name, answer, message] of broken) {
  test(`a download that ${name} leaves nothing`, async (t) => {
    const scene = await makeScene(t, answer);
    await assert.rejects(scene.install(), message);
    assert.deepEqual(scene.left(), []);
  });
}

test("a token for the download goes to that server", async (t) => {
  const scene = await makeScene(t);
  await scene.install({ listDownloads: scene.listed({ downloadToken: new Secret("short-lived") }) });
  assert.equal(scene.asked[0]?.headers.authorization, "Bearer short-lived");
});

test("an archive that a person put there is used when its checksum is right", async (t) => {
  const scene = await makeScene(t);
  const runners = join(scene.folder, "..");
  mkdirSync(runners, { recursive: true });
  writeFileSync(join(runners, NAME), scene.archive);
  await scene.install({ checksum: scene.sha256, listDownloads: null });
  assert.deepEqual([scene.asked.length, scene.left()], [0, [VERSION, NAME]]);
});

test("rests of installs that were cut off go, those of one at work do not, and half a runner is replaced", async (t) => {
  const scene = await makeScene(t);
  const runners = join(scene.folder, "..");
  for (const name of [".part-old", ".part-new", VERSION]) mkdirSync(join(runners, name), { recursive: true });
  utimesSync(join(runners, ".part-old"), new Date(0), new Date(0));
  await scene.install();
  assert.deepEqual(scene.left(), [".part-new", VERSION]);
  assert.ok(existsSync(join(scene.folder, "run.sh")));
});

test("libraries that are missing are named with their packages before the runner is there", async (t) => {
  const root = makeFolder(t);
  mkdirSync(join(root, "bin"));
  writeFileSync(join(root, "bin/libcoreclr.so"), "");
  const machine = (linked: string, known: string) =>
    makeTools({ ldd: ran(linked), "ldconfig -p": ran(known) });
  const icu = "\tlibicuuc.so.72 (libc6,x86-64) => /lib/libicuuc.so.72\n";
  await checkLibraries(root, machine("\tlibz.so.1 => /lib/libz.so.1 (0x1)\n", icu));
  await assert.rejects(
    checkLibraries(root, machine("\tlibssl.so.3 => not found\n", "\tlibz.so.1\n")),
    (error) => {
      assert.ok(error instanceof WorldError);
      assert.equal(error.message, "cannot use the runner here: libraries are missing: libicu, libssl.so.3");
      assert.match(error.help ?? "", /apt-get install libicu-dev/);
      return true;
    },
  );
});
