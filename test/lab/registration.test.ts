// What can stand between a slot and GitHub: each fault holds registrations back, says why, and is got over without
// a hand once it is gone. The credential is a GitHub App.

import assert from "node:assert/strict";
import { test } from "node:test";
import { APP_AUTH, giveKey, makeApp } from "./app.ts";
import { makeFleet, writeSpec } from "./fleet.ts";
import { openLab } from "./lab.ts";
import { NOSY_JOB } from "./nosy.ts";
import { putInForce } from "./put-in-force.ts";
import { findSlot, type Slot } from "./slot.ts";
import { waitFor } from "./wait-for.ts";

const PATIENT = { within: 90_000 };

test("a slot and GitHub", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  const { github } = lab;
  github.liveness = 2000;
  const host = await lab.bootHost();
  const { app, pem } = makeApp(lab);
  await giveKey(host, pem);
  const pools = { box: "{labels: [box]}", bare: "{run: process, labels: [bare]}" };
  await makeFleet(host, writeSpec({ pools, github: `{url: https://github.com/acme, auth: ${APP_AUTH}}` }));
  const box = findSlot(lab, host, { run: "container", pool: "box" });
  const bare = findSlot(lab, host, { run: "process", pool: "bare" });
  const both = [box, bare] as const;
  const runJobs = async (script = "true") => {
    const queued = ["box", "bare"].map((name) => lab.queueJob(script, { labels: [name], name }));
    for (const job of queued) await lab.expectJob(job, "success", PATIENT);
  };
  /** Starts both anew, each without a past. */
  const restart = async () => {
    for (const slot of both) await slot.systemctl("stop");
    github.scope("orgs/acme").runners.clear();
    await host.bash("rm -f /var/lib/ci-fleet/acme/*/setbacks.json");
    for (const slot of both) await host.run("systemctl", "start", "--no-block", slot.unit);
  };
  const said = async (slot: Slot, since: string) => {
    const units = `--unit=${slot.unit} --unit=${slot.unit.replace("-process@", "-mint@")}`;
    return host.bash(`journalctl --no-pager --output=cat --since="${since}" ${units}`);
  };
  /** While the fault lasts nobody is registered, the reason is in the journal, and GitHub is not pestered. */
  const expectHeld = async (reason: RegExp, fault: () => Promise<void>, mend: () => Promise<void>) => {
    const since = (await host.bash("date '+%F %T'")).trim();
    await fault();
    await restart();
    const asked = github.requests.length;
    for (const slot of both)
      await waitFor(`${slot.name} to say why`, async () => reason.test(await said(slot, since)), {
        instead: () => said(slot, since),
      });
    assert.ok(github.requests.length - asked < 20, `${github.requests.length - asked} requests`);
    for (const slot of both) {
      const { reason: name, text } = await slot.status();
      assert.match(`${name}: ${text}`, new RegExp(`^(?:PreflightRed|StartPutOff): .*${reason.source}`, "s"));
    }
    assert.deepEqual(
      both.map((slot) => slot.find()?.name),
      [undefined, undefined],
      "it registered all the same",
    );
    await mend();
    await runJobs();
  };

  await lab.scene("with an App's key alone, runners take jobs", async () => {
    await putInForce(host);
    await runJobs(NOSY_JOB);
  });

  await lab.scene("GitHub out of reach", () =>
    expectHeld(/api\.github\.com/, lab.internet.cut, lab.internet.restore),
  );

  await lab.scene("an App without the permission", () => {
    const set = (write: boolean) => app.installations.set(1, { account: "acme", write });
    return expectHeld(
      /[Ss]elf-hosted runners/,
      async () => {
        github.credentials.clear();
        set(false);
      },
      async () => {
        github.credentials.clear();
        set(true);
      },
    );
  });

  await lab.scene("a key that everyone may read", () =>
    expectHeld(
      /app\.pem/,
      async () => {
        await host.run("chmod", "644", "/etc/ci-fleet/app.pem");
      },
      async () => {
        await host.run("chmod", "600", "/etc/ci-fleet/app.pem");
      },
    ),
  );

  await lab.scene("no key at all", () =>
    expectHeld(
      /app\.pem/,
      async () => {
        await host.run("mv", "/etc/ci-fleet/app.pem", "/etc/ci-fleet/away");
      },
      async () => {
        await host.run("mv", "/etc/ci-fleet/away", "/etc/ci-fleet/app.pem");
      },
    ),
  );

  await lab.scene("the App's token ended while it was in use, and a new one is got at once", async () => {
    await bare.systemctl("stop");
    const since = (await host.bash("date '+%F %T'")).trim();
    github.ended.installation = 1;
    await box.systemctl("restart");
    assert.equal(github.ended.installation, 0, "nobody asked for a token");
    assert.doesNotMatch(await said(box, since), /next try/);
    await host.run("systemctl", "start", "--no-block", bare.unit);
    await runJobs();
  });

  await lab.scene("names that are taken, by a dead registration and by a runner at work", async () => {
    github.squatters.push("offline", "online");
    await restart();
    await runJobs();
    assert.deepEqual(github.squatters, []);
    const { runners } = github.scope("orgs/acme");
    const squatters = [...runners.values()].filter(({ labels }) => labels.includes("somebody-elses"));
    assert.deepEqual(
      squatters.map(({ lie }) => lie),
      [{ online: true }],
      "the dead one is in nobody's way, and the other is not ours to delete",
    );
  });

  await lab.scene("a server that errs, and takes a registration without saying so", async () => {
    github.faults.push({ kind: "502", match: /generate-jitconfig/, left: 2 });
    github.faults.push({ kind: "done-then-502", match: /generate-jitconfig/, left: 2 });
    await restart();
    await runJobs();
    for (const slot of both) await slot.online(undefined, PATIENT);
    const left = [...github.scope("orgs/acme").runners.values()].map(({ name }) => name);
    assert.equal(left.length, 2, `a ghost was left: ${left.join(" ")}`);
  });

  const setClock = async (offset: number) => {
    github.offset = offset;
    github.credentials.clear();
  };

  await lab.scene("a clock three minutes behind GitHub's is corrected for", async () => {
    await setClock(180_000);
    await restart();
    await runJobs();
    await setClock(0);
  });

  await lab.scene("a clock an hour behind, with which GitHub's own runner could not log in", () =>
    expectHeld(
      /clock is 3600 s behind/,
      () => setClock(3_600_000),
      () => setClock(0),
    ),
  );

  await lab.scene("a full disk", () =>
    expectHeld(
      /MiB free/,
      async () => {
        for (const slot of both) await slot.systemctl("stop");
        await host.bash(
          "cp -a /var/lib/ci-fleet /var/lib/kept && mount -t tmpfs -o size=100M none /var/lib/ci-fleet && cp -a /var/lib/kept/. /var/lib/ci-fleet/",
        );
      },
      async () => {
        for (const slot of both) await slot.systemctl("stop");
        await host.bash("umount /var/lib/ci-fleet && rm -rf /var/lib/kept");
        await restart();
      },
    ),
  );

  await lab.scene("kill -9 of mint while GitHub is silent", async () => {
    github.faults.push({ kind: "hang", match: /generate-jitconfig/, left: 2 });
    await restart();
    await waitFor("both to ask", () => github.faults.at(-1)?.left === 0);
    const minting = [box.unit, bare.unit.replace("-process@", "-mint@")];
    await host.run("systemctl", "kill", "--signal=KILL", ...minting);
    // A container's unit tries again by itself. A process slot waits for its other unit, which has failed.
    await runJobs();
  });

  await lab.scene("a version that GitHub takes no more", async () => {
    for (const slot of both) await slot.systemctl("stop");
    github.deprecated.add("2.337.0");
    const since = (await host.bash("date '+%F %T'")).trim();
    const before = box.mints();
    await restart();
    for (const slot of both)
      await waitFor(
        `${slot.name} to stop`,
        async () => (await said(slot, since)).includes("ci-fleet bump"),
        PATIENT,
      );
    assert.ok(box.mints() - before <= 4, `${box.mints() - before} registrations for nothing`);
    github.deprecated.clear();
    await restart();
    await runJobs();
  });
});
