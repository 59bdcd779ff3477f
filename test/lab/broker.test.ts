// A host whose jobs are root and which has no credential: another one registers for it, over SSH, and for nobody else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BROKER, bootBroker } from "./broker.ts";
import { makeFleet, writeSpec } from "./fleet.ts";
import { openLab } from "./lab.ts";
import { NOSY_JOB } from "./nosy.ts";
import { putInForce } from "./put-in-force.ts";
import { packRunner } from "./runner-files.ts";
import { findSlot } from "./slot.ts";
import { waitFor } from "./wait-for.ts";
import { watchHost } from "./watch.ts";

const spec = (auth: string, checksum: string, accept = "") =>
  writeSpec({
    checksum,
    github: `{url: https://github.com/acme, auth: ${auth}}`,
    pools: {
      root: `{docker: socket, trusted: true, labels: [root]${accept}}`,
      keep: "{run: process, lifetime: persistent, labels: [keep]}",
      burst: "{run: process, labels: [burst], runners: {min: 0, max: 1}}",
    },
  });

test("a host without a credential", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  lab.github.liveness = 2000;
  const { control, token, serve } = await bootBroker(lab);
  const forge = await lab.bootHost({ name: "forge" });
  const { sha256 } = await packRunner("2.337.0");
  await makeFleet(forge, spec(`{broker: ssh://mint@${BROKER}}`, sha256));
  await serve(forge, spec("{token: /etc/ci-fleet/token}", sha256, ", acceptLocalCredential: true"));

  const root = findSlot(lab, forge, { run: "container", pool: "root" });
  const keep = findSlot(lab, forge, { run: "process", pool: "keep" });
  const runJobs = async (script = "true") => {
    const queued = ["root", "keep"].map((name) => lab.queueJob(script, { labels: [name], name }));
    for (const job of queued) await lab.expectJob(job, "success", { within: 90_000 });
  };

  await lab.scene("its runners take jobs, and root among their jobs finds no credential", async () => {
    await putInForce(forge);
    await runJobs(NOSY_JOB);
    const look =
      "docker run --rm --privileged --pid=host --volume /:/host ghcr.io/actions/actions-runner:2.337.0 grep -rsE 'ghp_|BEGIN RSA' /host/etc /host/root /host/home /host/run || true";
    // The image has no client of Docker's: the job asks the engine as any root of the host would.
    assert.equal(await forge.bash(look), "");
  });

  await lab.scene("the broker out of reach, a slot waits, says so, and comes back by itself", async () => {
    // It comes back from its job first: one that is stopped without a job stays registered until its next start.
    const before = await root.online();
    const minted = root.mints();
    await control.bash("systemctl stop ssh.service ssh.socket; pkill -u mint || true");
    await root.systemctl("stop");
    await forge.run("systemctl", "start", "--no-block", root.unit);
    const told = () => forge.journal(root.unit);
    await waitFor("it to say why", async () => (await told()).includes("control.lab.example"), {
      instead: told,
    });
    assert.equal(root.mints(), minted);
    await control.bash("systemctl start ssh.service");
    await runJobs();
    assert.equal(lab.github.scope("orgs/acme").runners.has(before.id), false);
  });

  await lab.scene(
    "its watchdog asks the broker: it follows the queue, makes anew what hangs, deletes a ghost",
    async () => {
      const { pass, age } = watchHost(forge);
      const queued = lab.queueJob("true", { labels: ["burst"], name: "burst" });
      const did = async () =>
        (await pass())
          .filter(({ notice }) => notice === undefined)
          .map(({ reason, action, result }) => `${reason} ${action} ${result}`);
      assert.deepEqual(await did(), ["JobsWaiting start done"]);
      await lab.expectJob(queued, "success", { within: 90_000 });
      const ghost = { name: "acme-root-forge-1-ghost77", labels: [], ephemeral: true, groupId: 1 };
      const { id } = lab.github.addRunner("orgs/acme", ghost);
      assert.deepEqual(await did(), []);
      await age(5);
      const hung = await root.online();
      hung.lie = { online: false };
      await pass();
      await age(86_400);
      assert.ok((await did()).includes("Ghost delete done"));
      assert.equal(lab.github.scope("orgs/acme").runners.has(id), false);
      assert.ok((await did()).includes("HungListener retire done"));
      await waitFor("it to end", async () => !(await forge.isTrue(`systemctl is-active ${root.unit}`)));
      await age(90);
      await pass();
      await root.online(hung, { within: 90_000 });
    },
  );

  await lab.scene("the key is good for this host's slots and nothing else", async () => {
    const ask = (line: string, command = "") =>
      forge.ask(
        [
          ...["ssh", "-T", "-i", "/etc/ci-fleet/broker.key", "-o", "BatchMode=yes"],
          ...[
            "-o",
            "UserKnownHostsFile=/etc/ci-fleet/broker.known_hosts",
            "mint@control.lab.example",
            command,
          ],
        ],
        `${line}\n`,
      );
    const other = await ask(
      '{"v":1,"verb":"mint","slot":"acme-root-smithy-1","want":"jit","repository":null}',
    );
    assert.doesNotMatch(other.stdout, /"kind":"ok"/);
    const shell = await ask("", "cat /etc/ci-fleet/token");
    assert.ok(!shell.stdout.includes(token));
    const stranger = lab.github.addRunner("orgs/acme", {
      name: "somebody",
      labels: [],
      ephemeral: false,
      groupId: 1,
    });
    const place = `"target":"default","scope":"https://github.com/acme","runner":${stranger.id}`;
    const removed = await ask(`{"v":1,"verb":"delete-own",${place}}`);
    assert.match(removed.stdout, /"kind":"refused"/);
    assert.ok(lab.github.findRunner("orgs/acme", "somebody"), "a stranger's runner was deleted");
    assert.ok(keep.find());
  });
});
