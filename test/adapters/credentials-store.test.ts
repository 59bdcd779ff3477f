// `auth put` and `auth rotate`: whole or not at all, closed to others, tried before the swap.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { locateCredential, putCredential, rotateCredential } from "../../src/adapters/credentials-store.ts";
import { Secret } from "../../src/base/secret.ts";
import { WorldError } from "../../src/base/world-error.ts";
import { UID } from "./github-lab.ts";

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "ci-fleet-put-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const tokenAt = (path: string) => ({ path, format: "token" as const });
const OLD = new Secret("ghp_old\n");
const NEW = new Secret("  ghp_new \r\n");

test("a token is put into a folder that is made for it, mode 0600, and put again over itself", (t) => {
  const path = join(makeFolder(t), "etc", "ci-fleet", "token");
  assert.deepEqual(putCredential(tokenAt(path), OLD, UID), { kind: "stored", path, replaced: false });
  assert.deepEqual(putCredential(tokenAt(path), NEW, UID), { kind: "stored", path, replaced: true });
  assert.equal(readFileSync(path, "utf8"), "ghp_new\n");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(path, "..")), ["token"]);
});

test("what is no credential is refused, and nothing is written", (t) => {
  const folder = makeFolder(t);
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs1", format: "pem" }) as string;
  const cases = [
    ["token", "", /is empty/],
    ["token", pem, /key in PEM/],
    ["token", "two words", /more than one word/],
    ["key", "ghp_token", /no key in PEM/],
  ] as const;
  for (const [format, text, expected] of cases) {
    const answer = putCredential({ path: join(folder, "x"), format }, new Secret(text), UID);
    assert.match(answer.kind === "refused" ? answer.message : "", expected);
  }
  assert.deepEqual(readdirSync(folder), []);
  assert.equal(
    putCredential({ path: join(folder, "app.pem"), format: "key" }, new Secret(pem), UID).kind,
    "stored",
  );
});

test("a folder that others may change and a link in the way are refused before the swap", (t) => {
  const folder = makeFolder(t);
  const path = join(folder, "token");
  putCredential(tokenAt(path), OLD, UID);
  chmodSync(folder, 0o777);
  const answer = putCredential(tokenAt(path), NEW, UID);
  assert.match(answer.kind === "refused" ? answer.message : "", /others may write to the folder/);
  assert.equal(readFileSync(path, "utf8"), "ghp_old\n");
  assert.deepEqual(readdirSync(folder), ["token"]);
  chmodSync(folder, 0o700);
  symlinkSync("token", join(folder, "link"));
  const linked = putCredential(tokenAt(join(folder, "link")), NEW, UID);
  assert.match(linked.kind === "refused" ? linked.message : "", /symbolic link/);
});

test("a disk that refuses is a failed world, without the secret", (t) => {
  const folder = makeFolder(t);
  putCredential(tokenAt(join(folder, "file")), OLD, UID);
  assert.throws(
    () => putCredential(tokenAt(join(folder, "file", "token")), NEW, UID),
    (error) => error instanceof WorldError && !/ghp_new/.test(`${error.message}${error.stack}`),
  );
});

test("rotation tries the new one first and keeps the old one when it does not do", async (t) => {
  const path = join(makeFolder(t), "token");
  putCredential(tokenAt(path), OLD, UID);
  const refused = await rotateCredential(tokenAt(path), NEW, UID, async () => "Bad credentials");
  assert.match(
    refused.kind === "refused" ? `${refused.message} ${refused.help}` : "",
    /Bad credentials.*stays in force/,
  );
  assert.equal(readFileSync(path, "utf8"), "ghp_old\n");
  let tried = "";
  const stored = await rotateCredential(tokenAt(path), NEW, UID, async (given) => {
    tried = given.reveal();
    assert.equal(readFileSync(path, "utf8"), "ghp_old\n");
    return null;
  });
  assert.equal(stored.kind, "stored");
  assert.equal(tried, NEW.reveal());
  assert.equal(readFileSync(path, "utf8"), "ghp_new\n");
});

test("the place follows from the spec and, where nothing was written, from what was given", () => {
  const system = { userFolder: null };
  const user = { userFolder: "/home/alice/.config/ci-fleet" };
  const key = new Secret("-----BEGIN RSA PRIVATE KEY-----");
  const search = { kind: "search", folder: "/etc/ci-fleet" } as const;
  const app = { kind: "app", clientId: "Iv1", privateKey: "/srv/app.pem" } as const;
  assert.deepEqual(locateCredential(search, system, OLD), { path: "/etc/ci-fleet/token", format: "token" });
  assert.deepEqual(locateCredential(search, user, key), {
    path: "/home/alice/.config/ci-fleet/app.pem",
    format: "key",
  });
  assert.deepEqual(locateCredential(app, user, key), { path: "/srv/app.pem", format: "key" });
  assert.deepEqual(
    locateCredential({ kind: "token", file: "/etc/ci-fleet/t" }, system, OLD)?.path,
    "/etc/ci-fleet/t",
  );
  assert.equal(locateCredential({ kind: "gh", user: "alice" }, system, OLD), null);
});
