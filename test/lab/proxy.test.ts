// A host whose only way out is a proxy that opens what is encrypted: ci-fleet, both kinds of runner and what they
// download go through it and trust its authority, told by the spec alone.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { serveFakeGitHub } from "../github/serve.ts";
import { ciCache } from "../tools/tool.ts";
import { keepAuthority } from "./authority.ts";
import { giveToken, makeFleet, writeSpec } from "./fleet.ts";
import { serveProxy } from "./forward-proxy.ts";
import { GITHUB_NAMES } from "./internet.ts";
import { openLab } from "./lab.ts";
import { NOSY_JOB } from "./nosy.ts";
import { putInForce } from "./put-in-force.ts";

const CA = "/etc/ssl/corp.pem";
const POOLS = {
  eph: "{labels: [eph]}",
  per: "{lifetime: persistent, labels: [per]}",
  proc: "{run: process, labels: [proc]}",
  pers: "{run: process, lifetime: persistent, labels: [pers]}",
};

test("behind a proxy with an authority of its own", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  const { internet, github } = lab;
  const corp = await keepAuthority(join(ciCache, "lab-authority-corp"), "Corp");
  const tls = await corp.sign([...GITHUB_NAMES]);
  const opened = await serveFakeGitHub(github, { host: internet.address, tls, check: true });
  lab.ending(opened.close);
  const proxy = await serveProxy(internet.address, {
    names: [...GITHUB_NAMES],
    address: internet.address,
    port: opened.port,
  });
  lab.ending(proxy.close);
  // Nobody else answers, and no name but the proxy's is known.
  await internet.cut();
  for (const name of GITHUB_NAMES) internet.names.delete(name);
  internet.names.set("proxy.corp.example", internet.address);

  const host = await lab.bootHost();
  await giveToken(lab, host);
  await host.write(CA, corp.certificate);
  const network = `network: {proxy: "http://proxy.corp.example:${proxy.port}", noProxy: [.corp.example], ca: ${CA}}\n`;
  await makeFleet(host, writeSpec({ pools: POOLS, more: network }));

  await lab.scene("each kind of slot comes up and takes a job, and so do jobs that ask GitHub", async () => {
    await putInForce(host);
    const ask =
      "curl -sS --fail https://github.com/actions/runner/releases/download/v2.337.0/actions-runner-linux-x64-2.337.0.tar.gz >/dev/null";
    const jobs = Object.keys(POOLS).map((pool) =>
      lab.queueJob(`${ask}\n${NOSY_JOB}`, { labels: [pool], name: pool }),
    );
    for (const job of jobs) await lab.expectJob(job, "success", { within: 60_000 });
    assert.deepEqual(opened.mistakes, []);
    assert.ok(proxy.asked.includes("api.github.com:443") && proxy.asked.includes("github.com:443"));
  });
});
