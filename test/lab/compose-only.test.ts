// A host without systemd and without a credential: Compose keeps its containers up, and they wait for a registration
// token that only its watchdog can bring, through the broker.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BROKER, bootBroker } from "./broker.ts";
import { makeFleet, writeSpec } from "./fleet.ts";
import { openLab } from "./lab.ts";
import { putInForce } from "./put-in-force.ts";
import { findSlot } from "./slot.ts";
import { watchHost } from "./watch.ts";

const spec = (auth: string) =>
  writeSpec({
    github: `{url: https://github.com/acme, auth: ${auth}}`,
    // Polls on where GitHub has forgotten it, as runners do too (actions/runner issue 4617).
    pools: { keep: '{lifetime: persistent, labels: [keep], env: {STANDIN_POLLS_ON: "1"}}' },
  });
/** Too old for the units: `none` would be taken for a machine that was looked at from inside a container. */
const withOldSystemd = (inventory: string) =>
  inventory.replace(/^systemd:\n {2}version: \d+$/m, "systemd:\n  version: 247");
/** Longer than a job may be on its way. */
const WINDOW = 90;

test("a host without systemd and without a credential", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  const { github } = lab;
  github.liveness = 2000;
  const { serve, token } = await bootBroker(lab);
  const forge = await lab.bootHost({ name: "forge" });
  await makeFleet(forge, spec(`{broker: ssh://mint@${BROKER}}`), withOldSystemd);
  await serve(forge, spec("{token: /etc/ci-fleet/token}"));
  const keep = findSlot(lab, forge, { run: "container", pool: "keep" });
  const { audit, age } = watchHost(forge);
  const pass = async () => {
    const before = (await audit()).length;
    const said = await forge.ask(["ci-fleet", "watchdog", "-C", "/etc/ci-fleet/acme"]);
    assert.ok(said.code === 0 || said.code === 1, said.stderr);
    return (await audit())
      .slice(before)
      .flatMap(({ reason, action, result, notice }) =>
        notice === undefined ? [`${reason} ${action} ${result}`] : [],
      );
  };
  const runJob = async () => {
    const job = lab.queueJob("true", { labels: ["keep"], name: "keep" });
    await lab.expectJob(job, "success", { within: 60_000 });
  };

  await lab.scene("its container gets its first registration from the second pass", async () => {
    await putInForce(forge);
    assert.equal(keep.find(), undefined);
    assert.deepEqual(await pass(), []);
    assert.deepEqual(await pass(), ["NotRegistered admit done"]);
    await keep.online();
    await runJob();
    assert.deepEqual(await pass(), []);
  });

  await lab.scene("a registration that GitHub has deleted is made anew", async () => {
    const old = await keep.online();
    github.scope(keep.scope).runners.delete(old.id);
    for (let look = 1; look <= 2; look++) assert.deepEqual(await pass(), []);
    await age(WINDOW);
    assert.deepEqual(await pass(), ["RegistrationGone stop done"]);
    assert.deepEqual(await pass(), []);
    await age(WINDOW);
    assert.deepEqual(await pass(), ["NotRegistered admit done"]);
    await keep.online(old);
    await runJob();
  });

  await lab.scene("the broker's credential is nowhere on it", async () => {
    assert.equal(await forge.bash(`grep -rsl ${token} /etc /root /run /var/lib/ci-fleet || true`), "");
  });
});
