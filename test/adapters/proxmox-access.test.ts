// What opens the line to a node: tokens in the forms that there are, files that somebody else could have read or put
// there, certificates.

import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { inspect } from "node:util";
import {
  connectProxmox,
  type ProxmoxConnection,
  parseProxmoxToken,
} from "../../src/adapters/proxmox-access.ts";
import { Secret } from "../../src/base/secret.ts";
import { PROXMOX_TOKEN_ID } from "../../src/model/names.ts";
import { serveFakeProxmox } from "../proxmox/serve.ts";
import { FakeNode, TOKEN } from "../proxmox/state.ts";
import { makeFolder } from "./folder.ts";

const [ID = "", SECRET = ""] = TOKEN.split("=");
const PRINTED = JSON.stringify({ "full-tokenid": ID, info: { privsep: "1" }, value: SECRET });

const parse = (text: string): string | null => parseProxmoxToken(new Secret(text))?.reveal() ?? null;

test("a token is taken as pveum prints it and as its header has it, and nothing else is", () => {
  assert.equal(parse(`${PRINTED}\n`), TOKEN);
  assert.equal(parse(`${TOKEN}\n`), TOKEN);
  for (const text of [
    "",
    "{}",
    "[]",
    SECRET,
    ID,
    `${ID}=`,
    `PVEAPIToken=${TOKEN}`,
    `${TOKEN}\r\nHost: elsewhere`,
    JSON.stringify({ "full-tokenid": `${ID}\r\nX: y`, value: SECRET }),
    JSON.stringify({ "full-tokenid": ID, value: { toString: SECRET } }),
  ]) {
    assert.equal(parse(text), null, JSON.stringify(text));
  }
});

interface Ground {
  readonly folder: string;
  connect(env?: Readonly<Record<string, string>>): ProxmoxConnection;
  write(name: string, text: string, mode?: number): string;
}

async function prepare(t: TestContext): Promise<Ground & { readonly certificate: string }> {
  const folder = makeFolder(t);
  const server = await serveFakeProxmox(new FakeNode());
  t.after(() => server.close());
  const world = {
    uid: process.getuid?.() ?? 0,
    ports: { clock: { monotonic: () => 0 }, sleep: async () => undefined },
    userAgent: "ci-fleet/test",
    signal: null,
    ownCertificate: join(folder, "uploaded.pem"),
  };
  return {
    folder,
    certificate: server.certificate,
    connect: (env = {}) => {
      const places = { node: "pve1", token: join(folder, "token"), ca: join(folder, "ca.pem") };
      const connection = connectProxmox({ url: server.url, ...places }, { ...world, env });
      if (connection.kind === "open") t.after(connection.close);
      assert.ok(!inspect(connection, { depth: 9 }).includes(SECRET));
      return connection;
    },
    write: (name, text, mode = 0o600) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      chmodSync(path, mode);
      return path;
    },
  };
}

async function reach(connection: ProxmoxConnection): Promise<string> {
  if (connection.kind === "refused") return connection.message;
  return (await connection.hypervisor.readVersion()).kind;
}

test("a token that access.sh left and the node's authority open the line", async (t) => {
  const ground = await prepare(t);
  ground.write("token", PRINTED);
  ground.write("ca.pem", ground.certificate, 0o640);
  assert.equal(await reach(ground.connect()), "ok");
});

test("a certificate that was uploaded to the node is trusted by itself", async (t) => {
  const ground = await prepare(t);
  ground.write("token", PRINTED);
  ground.write("uploaded.pem", ground.certificate);
  assert.equal(await reach(ground.connect()), "ok");
});

test("what systemd hands over goes before the file", async (t) => {
  const ground = await prepare(t);
  ground.write("token", TOKEN.replace("000001", "000002"));
  ground.write(PROXMOX_TOKEN_ID, PRINTED, 0o440);
  ground.write("ca.pem", ground.certificate);
  assert.equal(await reach(ground.connect()), "refused");
  assert.equal(await reach(ground.connect({ CREDENTIALS_DIRECTORY: ground.folder })), "ok");
});

test("without a token, with one that others may read, or with another text nobody is asked", async (t) => {
  const ground = await prepare(t);
  ground.write("ca.pem", ground.certificate);
  assert.match(await reach(ground.connect()), /^there is no token for Proxmox's API at /);
  const path = ground.write("token", PRINTED, 0o644);
  assert.equal(await reach(ground.connect()), `${path} is open to other users (mode 0644)`);
  ground.write("token", "a password");
  assert.equal(await reach(ground.connect()), `${path} holds no token of Proxmox`);
});

test("without an authority, or with one that others may change, nobody is asked", async (t) => {
  const ground = await prepare(t);
  ground.write("token", PRINTED);
  assert.match(await reach(ground.connect()), /^there is no certificate at /);
  const path = ground.write("ca.pem", ground.certificate, 0o666);
  assert.equal(await reach(ground.connect()), `${path} is open to other users (mode 0666)`);
  ground.write("ca.pem", "no certificate");
  assert.match(await reach(ground.connect()), /^there is no certificate at /);
});
