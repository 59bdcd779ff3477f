// The file of `network.ca` that a repository brings: what is taken from it, and what is not.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pickCertificates, readAuthority, readNetwork } from "../../src/cli/read-authority.ts";
import { makeFolder, readTree } from "../adapters/folder.ts";
import { runCli } from "./run-cli.ts";

const FLEET = join(import.meta.dirname, "../../fixtures/fleets/behind-a-company-s-authority");
const CORP = readFileSync(join(FLEET, "certs/corp.pem"), "utf8");
/** Without the line above it. */
const BLOCK = CORP.slice(CORP.indexOf("-----BEGIN"));
const KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n";

const problemOf = (text: string) => {
  const read = pickCertificates(text);
  return "problem" in read ? read.problem : null;
};

test("the certificates alone are taken, in one form, whatever stands around them", () => {
  const windows = `\ufeffBag Attributes\r\n${BLOCK.replaceAll("\n", "\r\n")}\r\n# and again\r\n${BLOCK}`;
  assert.deepEqual(pickCertificates(CORP), { pem: BLOCK });
  assert.deepEqual(pickCertificates(windows), { pem: BLOCK + BLOCK });
});

test("a key, no certificate, a broken one and too many are refused", () => {
  assert.match(problemOf(CORP + KEY) ?? "", /private key/);
  assert.match(problemOf(KEY.replace("EC ", "ENCRYPTED ")) ?? "", /private key/);
  assert.match(problemOf("") ?? "", /no certificate in PEM/);
  assert.match(problemOf(BLOCK + BLOCK.replace("MII", "AAA")) ?? "", /number 2 cannot be read/);
  assert.match(problemOf(BLOCK.repeat(120)) ?? "", /64 KiB/);
});

test("a link out of the repository, a folder, a FIFO and nothing are said, not read", (t) => {
  const folder = makeFolder(t);
  const outside = makeFolder(t);
  writeFileSync(join(outside, "corp.pem"), CORP);
  symlinkSync(join(outside, "corp.pem"), join(folder, "link.pem"));
  mkdirSync(join(folder, "folder.pem"));
  execFileSync("mkfifo", [join(folder, "fifo.pem")]);
  const read = (path: string) => readAuthority(path, folder)?.read;
  assert.match(JSON.stringify(read("link.pem")), /"problem":"a symbolic link leads out of/);
  assert.deepEqual(read("folder.pem"), { problem: "it is not a file" });
  assert.deepEqual(read("fifo.pem"), { problem: "it is not a file" });
  assert.deepEqual(read("absent.pem"), { problem: "there is no such file" });
  assert.equal(readAuthority("/etc/ssl/corp.pem", folder), null);
  const network = { proxy: null, noProxy: [], ca: "absent.pem", mirrors: { apt: null, docker: null } };
  assert.throws(
    () => readNetwork(network, folder),
    /cannot use absent\.pem of network\.ca: there is no such/,
  );
});

test("--check sees that the certificates have changed, and each host gets the new ones", (t) => {
  const cwd = copy(t);
  assert.equal(runCli(["render"], { cwd }).code, 0);
  assert.equal(runCli(["render", "--check"], { cwd }).code, 0);
  const before = readTree(cwd);
  writeFileSync(join(cwd, "certs/corp.pem"), BLOCK + BLOCK);
  const check = runCli(["render", "--check"], { cwd });
  assert.equal(check.code, 1);
  const changed = check.stdout.match(/(?<=^changed +)\S+/gm) ?? [];
  // The image's tag, the containers' generation, the seed of a new guest, and the file itself.
  assert.deepEqual(changed, [
    "rendered/hosts/forge/authority/ca.pem",
    "rendered/hosts/forge/compose.yaml",
    "rendered/hosts/forge/images/build/ci-fleet.crt",
    "rendered/hosts/forge/vm/new/cloud-init/user-data",
    "rendered/hosts/new/authority/ca.pem",
  ]);
  writeFileSync(join(cwd, "certs/corp.pem"), CORP);
  assert.equal(runCli(["render"], { cwd }).code, 0);
  assert.deepEqual(readTree(cwd), before);
});

test("without the file nothing is rendered, and the place in the spec is named", (t) => {
  const cwd = copy(t);
  rmSync(join(cwd, "certs"), { recursive: true });
  const render = runCli(["render"], { cwd });
  assert.equal(render.code, 1);
  assert.match(
    render.stderr,
    /fleet\.yaml:7:\d+: error: the certificates of `certs\/corp\.pem` .* \[CF719\]/,
  );
  assert.deepEqual(
    Object.keys(readTree(cwd)).filter((path) => path.startsWith("rendered")),
    [],
  );
});

function copy(t: TestContext): string {
  const folder = makeFolder(t);
  for (const name of ["fleet.yaml", "hosts", "certs"]) {
    cpSync(join(FLEET, name), join(folder, name), { recursive: true });
  }
  return folder;
}
