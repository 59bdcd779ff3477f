// `apply` on a host that boots: from bare to runners that take jobs, a change under load, a kill, and back to bare.

import assert from "node:assert/strict";
import { test } from "node:test";
import { giveToken, makeFleet, REPOSITORY, renderFleet, writeSpec } from "./fleet.ts";
import { killAtEachStep } from "./kill-at-steps.ts";
import { openLab } from "./lab.ts";
import { waitFor } from "./wait-for.ts";

const POOLS = {
  eph: "{labels: [eph]}",
  per: "{lifetime: persistent, labels: [per]}",
  proc: "{run: process, labels: [proc]}",
  pers: "{run: process, lifetime: persistent, labels: [pers]}",
};

/** What an installation may leave traces in. */
const TREE =
  "find /etc /opt /var/lib /usr/bin/ci-fleet /home /run/ci-fleet -xdev -not -path '/var/lib/docker*' -not -path '/var/lib/containerd*' -not -path '/var/lib/systemd*' -printf '%y %m %u %p\\n' 2>/dev/null | sort; id ci-fleet; docker network ls --format '{{.Name}}'; docker ps --all --format '{{.Names}}'; systemctl list-unit-files 'acme*' --no-legend; systemctl list-units --all 'acme*' --no-legend";

test("apply on a host that boots", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  const host = await lab.bootHost();
  await giveToken(lab, host);
  await makeFleet(host, writeSpec({ pools: POOLS }));
  const runners = () => [...lab.github.scope("orgs/acme").runners.values()];
  const online = (pool: string) =>
    waitFor(`a runner of ${pool} to be online`, () =>
      runners().find((runner) => runner.name.startsWith(`acme-${pool}-`) && lab.github.online(runner)),
    );
  const apply = (...words: readonly string[]) => host.ask(["ci-fleet", "apply", "-C", REPOSITORY, ...words]);
  const look = async () => (await host.ask(["bash", "-c", TREE])).stdout.split("\n");
  /** Killed at each of its steps, it comes to its end at last. How many it can be killed at depends on the machine. */
  const applyKilled = async (...words: readonly string[]) => {
    const steps = await killAtEachStep(host, ["ci-fleet", "apply", "-C", REPOSITORY, ...words]);
    console.log(`killed at ${steps.length} steps of apply ${words.join(" ")}`);
    assert.ok(steps.length > 3, steps.join("; "));
  };
  const before = await look();

  await lab.scene("a bare host gets a runner of each kind, though apply is killed at each step", async () => {
    const dry = await apply("--dry-run");
    assert.equal(dry.code, 0, dry.stderr);
    assert.deepEqual(await look(), before);
    await applyKilled();
    for (const pool of Object.keys(POOLS)) await online(pool);
    const jobs = Object.keys(POOLS).map((pool) => lab.queueJob("echo hello", { labels: [pool], name: pool }));
    for (const job of jobs) await lab.expectJob(job);
  });

  await lab.scene("a second apply has nothing to do", async () => {
    const said = await apply();
    assert.match(said.stderr, /^everything is in force$/m);
  });

  await lab.scene("a change waits for the job that runs, and the next apply finishes it", async () => {
    await online("pers");
    const job = lab.queueJob("until [ -e /home/runner/go ]; do sleep 0.2; done", {
      labels: ["pers"],
      name: "long",
    });
    await waitFor("the job to run", () => job.status === "in_progress");
    await host.write(
      `${REPOSITORY}/fleet.yaml`,
      writeSpec({ pools: { ...POOLS, pers: "{run: process, lifetime: persistent, labels: [pers, more]}" } }),
    );
    const stale = await apply();
    assert.equal(stale.code, 1, stale.stderr);
    assert.match(stale.stderr, /is not what .* renders to/);
    await renderFleet(host);
    const said = await apply();
    assert.equal(said.code, 0, said.stderr);
    assert.match(said.stderr, /waiting: acme-pers-forge-1 has a job/);
    await host.bash("touch /var/lib/ci-fleet/acme/acme-pers-forge-1/home/go");
    await lab.expectJob(job);
    const again = await apply();
    assert.equal(again.code, 0, again.stderr);
    assert.doesNotMatch(again.stderr, /waiting/);
    await online("pers");
  });

  await lab.scene("killed at each step of a change, the next apply finishes what it began", async () => {
    await host.write(
      `${REPOSITORY}/fleet.yaml`,
      writeSpec({ pools: { eph: POOLS.eph, proc: "{run: process, labels: [proc], runners: 2}" } }),
    );
    await renderFleet(host);
    await applyKilled();
    const said = await apply();
    assert.equal(said.code, 0, said.stderr);
    assert.match((await apply()).stderr, /^everything is in force$/m);
    await online("eph");
    await waitFor("the new process slot", () =>
      runners().some((runner) => runner.name.startsWith("acme-proc-forge-2") && lab.github.online(runner)),
    );
    assert.deepEqual(
      runners().filter(({ name }) => name.startsWith("acme-per")),
      [],
    );
  });

  await lab.scene(
    "an image is built before anything changes, and a build that fails changes nothing",
    async () => {
      const spec = (packages: string) =>
        writeSpec({
          pools: { eph: `{labels: [eph], image: {dockerfile: images/eph/Dockerfile}}` },
          more: packages,
        });
      await host.write(
        `${REPOSITORY}/images/eph/Dockerfile`,
        "FROM ghcr.io/actions/actions-runner:2.337.0\nRUN exit 3\n",
      );
      await host.write(`${REPOSITORY}/fleet.yaml`, spec(""));
      await renderFleet(host);
      const [compose] = [await host.run("sha256sum", "/etc/ci-fleet/acme/compose.yaml")];
      const failed = await apply();
      assert.equal(failed.code, 3, failed.stderr);
      assert.equal(await host.run("sha256sum", "/etc/ci-fleet/acme/compose.yaml"), compose);
      await host.write(
        `${REPOSITORY}/images/eph/Dockerfile`,
        "FROM ghcr.io/actions/actions-runner:2.337.0\nRUN touch /home/runner/built\n",
      );
      await renderFleet(host);
      const said = await apply();
      assert.equal(said.code, 0, said.stderr);
      const image = 'docker inspect --format "{{.Config.Image}}" acme-eph-forge-1';
      await waitFor("the new image", () => host.isTrue(`${image} | grep -q ^localhost/ci-fleet/acme/eph:`));
      assert.match((await apply()).stderr, /^everything is in force$/m);
    },
  );

  await lab.scene("what is not ours is refused, with the next step, before anything changes", async () => {
    await host.bash("echo '# mine' >>/etc/systemd/system/acme.target");
    const edited = await apply();
    assert.equal(edited.code, 1);
    assert.match(edited.stderr, /acme\.target was edited by hand/);
    assert.equal((await apply("--force")).code, 0);
    const asUser = await host.ask(["ci-fleet", "apply", "-C", REPOSITORY], "", "nobody");
    assert.equal(asUser.code, 3);
    assert.match(asUser.stderr, /an installation for the system takes root/);
    const other = await host.ask(["ci-fleet", "apply", "-C", REPOSITORY, "--host", "smithy"]);
    assert.equal(other.code, 2, other.stderr);
  });

  await lab.scene("--remove leaves no trace, killed at each step as it is", async () => {
    await applyKilled("--remove");
    const after = await look();
    assert.deepEqual(
      after.filter((line) => !before.includes(line)),
      [],
    );
    assert.deepEqual(
      before.filter((line) => !after.includes(line)),
      [],
    );
    assert.deepEqual(runners(), []);
  });
});

test("apply below a user's home", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  const host = await lab.bootHost({ system: "bookworm" });
  const home = "/home/alice";
  await host.bash("usermod --append --groups docker alice && loginctl enable-linger alice");
  const uid = (await host.run("id", "-u", "alice")).trim();
  await waitFor("alice's manager", () => host.isTrue(`[ -S /run/user/${uid}/bus ]`));
  const token = await giveToken(lab, host);
  await host.write(`${home}/.config/ci-fleet/token`, `${token}\n`, "600", "alice:alice");
  await host.bash(`rm /etc/ci-fleet/token && rmdir /etc/ci-fleet && chown -R alice: ${home}/.config`);
  await makeFleet(host, writeSpec({ pools: { per: POOLS.per, proc: POOLS.proc } }));
  await host.bash(`chown -R alice: ${REPOSITORY}`);
  const asAlice = (line: string) =>
    host.ask(["env", `HOME=${home}`, `XDG_RUNTIME_DIR=/run/user/${uid}`, "bash", "-c", line], "", "alice");
  const apply = (...words: readonly string[]) =>
    asAlice(["ci-fleet", "apply", "--user", "-C", REPOSITORY, ...words].join(" "));
  const look = async () =>
    (
      await host.bash(
        `find ${home} /run/user/${uid} -not -path '*/systemd/*' -printf '%y %m %u %p\\n' | sort`,
      )
    ).split("\n");
  const before = await look();
  const runners = () => [...lab.github.scope("orgs/acme").runners.values()];

  await lab.scene("runners start below the home and take jobs", async () => {
    const said = await apply();
    assert.equal(said.code, 0, said.stderr);
    for (const pool of ["per", "proc"]) {
      const job = lab.queueJob("echo hello", { labels: [pool], name: pool });
      await lab.expectJob(job);
    }
    assert.match((await apply()).stderr, /^everything is in force$/m);
  });

  await lab.scene("--remove leaves no trace", async () => {
    const said = await apply("--remove");
    assert.equal(said.code, 0, said.stderr);
    // Folders of the XDG specification belong to every program.
    const everyones = /\/(?:\.config\/systemd|\.local(?:\/(?:bin|share|state))?|credentials)$/;
    const after = await look();
    assert.deepEqual(
      after.filter((line) => !before.includes(line) && !everyones.test(line)),
      [],
    );
    assert.deepEqual(runners(), []);
  });
});
