// The way out: a proxy and an authority of one's own, by the spec and by variables, for the real fetch.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createPlain } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { chooseProxies, openNetwork } from "../../src/adapters/github-network.ts";
import { WorldError } from "../../src/base/world-error.ts";
import { makeCertificate } from "../github/make-certificate.ts";
import { serveFakeGitHub } from "../github/serve.ts";
import { makeTarget, startGitHubLab } from "./github-lab.ts";

const NONE = { proxy: null, noProxy: [], ca: null, caContent: null };

test("variables win over the spec, lower case over upper", () => {
  const spec = { proxy: "http://spec:1", noProxy: [".corp"] };
  const local = "localhost,127.0.0.1,::1";
  assert.equal(chooseProxies(null, {}), null);
  assert.deepEqual(chooseProxies(spec, {}), {
    http_proxy: "http://spec:1",
    https_proxy: "http://spec:1",
    no_proxy: `${local},.corp`,
  });
  const env = { https_proxy: "proxy:2", HTTPS_PROXY: "http://upper:3", NO_PROXY: "a, b" };
  assert.deepEqual(chooseProxies(NONE, env), { https_proxy: "http://proxy:2", no_proxy: `${local},a,b` });
  assert.deepEqual(chooseProxies(spec, { NO_PROXY: "a" })?.no_proxy, `${local},a`);
  assert.equal(chooseProxies(spec, { no_proxy: "*" }), null);
  assert.equal(chooseProxies({ ...spec, noProxy: [".corp", "*"] }, {}), null);
});

test("an address that is none is refused without being shown", () => {
  for (const proxy of ["http://user:hunter2@[bad", "socks5://user:hunter2@proxy:1080"]) {
    assert.throws(
      () => chooseProxies({ proxy, noProxy: [] }, {}),
      (error) => error instanceof WorldError && !/hunter2/.test(`${error.message} ${error.help}`),
    );
  }
});

test("an authority that cannot be read or holds no certificate is told", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "ci-fleet-ca-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const empty = join(folder, "empty.pem");
  writeFileSync(empty, "nothing\n");
  assert.throws(
    () => openNetwork({ ...NONE, ca: join(folder, "absent.pem") }, {}),
    /cannot read the authority/,
  );
  assert.throws(() => openNetwork({ ...NONE, ca: empty }, {}), /holds no certificate/);
});

test("GitHub is reached through a proxy, behind an authority of the spec's own", async (t) => {
  const lab = await startGitHubLab(t);
  const tls = makeCertificate(["api.github.test"]);
  const secure = await serveFakeGitHub(lab.state, { tls, check: true });
  const asked: string[] = [];
  const proxy = createPlain();
  proxy.on("connect", (request, client) => {
    asked.push(request.url ?? "");
    const server = connect(secure.port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      server.pipe(client).pipe(server);
    });
    server.on("error", () => client.destroy());
    client.on("error", () => server.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    proxy.close();
    proxy.closeAllConnections();
    await secure.close();
  });
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const authority = join(lab.folder, "ca.pem");
  writeFileSync(authority, tls.cert);
  const target = makeTarget("https://api.github.test:8443", lab.target().scope, lab.target().auth);

  const restore = openNetwork({ ...NONE, proxy: address }, {});
  const untrusted = await (await lab.open({ target })).scopes[0]?.api.listRunners();
  assert.match(untrusted?.kind === "unknown" ? untrusted.cause : "", /not trusted.*network\.ca/);
  restore();

  t.after(openNetwork({ ...NONE, proxy: address, ca: authority }, {}));
  const trusted = await (await lab.open({ target })).scopes[0]?.api.listRunners();
  assert.equal(trusted?.kind, "ok");
  assert.ok(asked.length >= 2 && asked.every((each) => each === "api.github.test:8443"));
});
