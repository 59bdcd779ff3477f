// Rendered units on a booted systemd 257, with small stand-ins for the programs that they start: what a start, a
// restart, a stop and a drain do, and who can read what.

import assert from "node:assert/strict";
import { test } from "node:test";
import { renderSystemd } from "../../src/render/systemd.ts";
import { makeHost, makePlacement, makePlan, makeProcessPlacement } from "../render/systemd-fleet.ts";
import { type BootedSystemd, bootSystemd } from "./booted-systemd.ts";

const log = "/var/log/told";
const container = "acme-ci-forge-1";
const bare = "acme-bare-forge-1";

/** Notes what it was told and which credential it saw; then does what mint has to do for the slot's folders. */
const ciFleet = `#!/bin/bash
slot=\${!#}
echo "$1 $slot credential=[$(tr -d '\\n' <"$CREDENTIALS_DIRECTORY/default.pem")]" >>${log}
[[ -e /run/mint-waits ]] && sleep 1000
below=/var/lib/ci-fleet/acme/$slot
mkdir -p "$below/home" "$below/cache/cargo" "/run/ci-fleet/acme/$slot/runner"
chown -R ci-fleet "$below/home" "$below/cache/cargo" "/run/ci-fleet/acme/$slot/runner"
echo secret >"/run/ci-fleet/acme/$slot/runner/token"
`;
/** \`start --attach\` lasts until the container is stopped, or its file says how it ended. */
const docker = `#!/bin/bash
echo "docker $*" >>${log}
name=\${!#}
case $1 in
  start)
    touch "/run/$name.up"
    until [[ -e /run/$name.end ]]; do sleep 0.1; done
    read -r code <"/run/$name.end"
    rm "/run/$name.end" "/run/$name.up"
    exit "$code"
    ;;
  stop) [[ ! -e /run/$name.up ]] || echo 143 >"/run/$name.end" ;;
esac
`;
const entrypoint = `#!/bin/bash
echo "runner $(id -un) home=$HOME token=$(cat "$CI_FLEET_RUN_DIR/token") credentials=\${CREDENTIALS_DIRECTORY:-none}" >>/tmp/told
cp /tmp/told /home/runner/told
setsid sleep 1000 &
trap 'echo stopped >>/home/runner/told; exit 143' TERM
until [[ -e /home/runner/end ]]; do sleep 0.1; done
rm /home/runner/end
`;

function install(machine: BootedSystemd, systemd = 257): void {
  // systemd mounts credentials in a namespace of its own; from a private root they never come back.
  machine.run("mount", "--make-rshared", "/");
  const host = makeHost({
    facts: { ...makeHost().facts, systemd },
    placements: [
      makePlacement(),
      makeProcessPlacement({ gpu: null, limits: { cpus: null, memory: null, pids: null } }),
    ],
  });
  const files: Record<string, string> = {
    "usr/bin/ci-fleet": ciFleet,
    "usr/bin/docker": docker,
    "etc/ci-fleet/acme/runner/entrypoint.sh": entrypoint,
    "etc/ci-fleet/acme/runner/cache.sh": "#!/bin/sh\n",
  };
  for (const { path, content } of renderSystemd(makePlan(host), host)) {
    const unit = /^hosts\/forge\/systemd\/(?!user\/)(.*)$/.exec(path)?.[1];
    if (unit !== undefined) files[`etc/systemd/system/${unit}`] = content;
  }
  machine.write(files);
  machine.run("sh", "-c", "id ci-fleet >/dev/null 2>&1 || useradd --system --no-create-home ci-fleet");
  machine.run(
    "chmod",
    "755",
    "/usr/bin/ci-fleet",
    "/usr/bin/docker",
    "/etc/ci-fleet/acme/runner/entrypoint.sh",
  );
  machine.run("chmod", "755", "/etc/ci-fleet/acme/runner/cache.sh");
  machine.run("mkdir", "-p", "/var/lib/ci-fleet/acme/drained", `/var/lib/ci-fleet/acme/${bare}`);
  machine.run("systemctl", "daemon-reload");
}

function until(machine: BootedSystemd, condition: string): void {
  machine.run("timeout", "20", "bash", "-c", `until ${condition}; do sleep 0.05; done`);
}

const told = (machine: BootedSystemd, file = log) => machine.run("cat", file).stdout.trim().split("\n");
const state = (machine: BootedSystemd, unit: string) =>
  machine.run("systemctl", "show", "--property=ActiveState", "--value", unit).stdout.trim();

test("slots live under systemd as the documentation says", async (t) => {
  const machine = bootSystemd(t);
  if (machine === null) return;
  install(machine);
  const unit = `acme-container@${container}.service`;
  const process = `acme-process@${bare}.service`;
  const home = `/var/lib/ci-fleet/acme/${bare}/home`;

  await t.test("a container slot starts without its credential file, and mint is told so", () => {
    machine.run("systemctl", "start", unit);
    until(machine, `grep -q 'docker start' ${log}`);
    assert.deepEqual(told(machine), [
      `mint ${container} credential=[]`,
      `docker start --attach ${container}`,
    ]);
  });

  await t.test("at every end it mints again, with the credential that is there by now", () => {
    machine.write({ "etc/ci-fleet/app.pem": "key\n" });
    machine.run("bash", "-c", `: >${log}; echo 0 >/run/${container}.end`);
    until(machine, `grep -q 'docker start' ${log}`);
    assert.deepEqual(told(machine), [
      // After an end in order systemd runs ExecStop= too; there is nothing left to stop.
      `docker stop ${container}`,
      `docker rm --volumes ${container}`,
      `mint ${container} credential=[key]`,
      `docker start --attach ${container}`,
    ]);
  });

  await t.test("when its client is killed, the container is left running for the next start to adopt", () => {
    machine.run("bash", "-c", `: >${log}; kill -KILL $(systemctl show --property=MainPID --value ${unit})`);
    until(machine, `grep -q 'docker start' ${log}`);
    assert.deepEqual(told(machine), [
      // Without effect on a container that runs.
      `docker rm --volumes ${container}`,
      `mint ${container} credential=[key]`,
      `docker start --attach ${container}`,
    ]);
  });

  await t.test("drained, it does not come back after its job", () => {
    machine.run("touch", `/var/lib/ci-fleet/acme/drained/${container}`);
    machine.run("bash", "-c", `: >${log}; echo 0 >/run/${container}.end`);
    until(machine, `[[ $(systemctl is-active ${unit}) == inactive ]]`);
    machine.run("rm", `/var/lib/ci-fleet/acme/drained/${container}`);
    const rest = told(machine);
    assert.deepEqual(rest, [
      `docker stop ${container}`,
      `docker rm --volumes ${container}`,
      `docker rm --volumes ${container}`,
    ]);
  });

  await t.test("stopped, it stops the container and is no failure", () => {
    machine.run("systemctl", "start", unit);
    until(machine, `[[ -e /run/${container}.up ]]`);
    machine.run("bash", "-c", `: >${log}`);
    machine.run("systemctl", "stop", unit);
    assert.deepEqual(told(machine), [`docker stop ${container}`, `docker rm --volumes ${container}`]);
    assert.equal(state(machine, unit), "inactive");
  });

  await t.test("a process slot gets a secret from a unit whose credential it cannot see", () => {
    machine.run("bash", "-c", `: >${log}`);
    machine.run("systemctl", "start", process);
    until(machine, `[[ -e ${home}/told ]]`);
    assert.deepEqual(told(machine), [`mint ${bare} credential=[key]`]);
    assert.deepEqual(told(machine, `${home}/told`), [
      "runner ci-fleet home=/home/runner token=secret credentials=none",
    ]);
    const folder = machine.run("stat", "--format=%U %a", `/run/ci-fleet/acme/${bare}`).stdout.trim();
    assert.equal(folder, "root 711", "a job must not be able to put a link where the next secret is written");
  });

  await t.test("at every end it is registered anew, and nothing of the old job lives on", () => {
    machine.run("bash", "-c", `: >${log}; rm ${home}/told; pgrep -x sleep >/run/old; touch ${home}/end`);
    until(machine, `[[ -e ${home}/told ]]`);
    assert.deepEqual(told(machine), [`mint ${bare} credential=[key]`]);
    machine.run("bash", "-c", "for p in $(</run/old); do ! grep -q 'sleep.1000' /proc/$p/cmdline; done");
  });

  await t.test("stopped, its runner hears of it, and no secret stays behind", () => {
    machine.run("systemctl", "stop", process);
    assert.equal(told(machine, `${home}/told`).at(-1), "stopped");
    assert.equal(state(machine, process), "inactive");
    machine.run("test", "!", "-e", `/run/ci-fleet/acme/${bare}/runner/token`);
  });

  await t.test("stopped while it waits for its registration, the waiting ends too", () => {
    machine.run("bash", "-c", `: >${log}; touch /run/mint-waits`);
    machine.run("systemctl", "start", "--no-block", process);
    until(machine, `grep -q mint ${log}`);
    machine.run("systemctl", "stop", process);
    machine.run("rm", "/run/mint-waits");
    assert.equal(state(machine, `acme-mint@${bare}.service`), "inactive");
  });

  await t.test("drained, a process slot is not even registered", () => {
    machine.run("bash", "-c", `: >${log}; touch /var/lib/ci-fleet/acme/drained/${bare}`);
    machine.run("systemctl", "start", process);
    assert.equal(machine.run("cat", log).stdout, "");
    assert.equal(state(machine, process), "inactive");
  });

  await t.test("as for systemd 249, a drained slot waits before it gives up, and starts when it may", () => {
    install(machine, 249);
    const drained = `/var/lib/ci-fleet/acme/drained`;
    machine.run("bash", "-c", `rm ${drained}/*; systemctl stop acme.target ${unit} ${process}`);
    until(machine, `[[ $(systemctl is-active ${unit}) == inactive ]]`);
    machine.run("bash", "-c", `: >${log}; touch ${drained}/${container} ${drained}/${bare}`);
    machine.run("systemctl", "start", "--no-block", unit, process);
    const mint = `acme-mint@${bare}.service`;
    for (const each of [unit, mint]) {
      until(machine, `[[ $(systemctl show --property=SubState --value ${each}) == condition ]]`);
    }
    assert.equal(machine.run("cat", log).stdout, "");
    machine.run("rm", `${drained}/${container}`, `${drained}/${bare}`);
    until(machine, `grep -q 'docker start' ${log} && [[ $(systemctl is-active ${process}) == active ]]`);
    assert.deepEqual(
      told(machine)
        .filter((line) => line.startsWith("mint "))
        .map((line) => line.split(" ")[1])
        .toSorted(),
      [bare, container].toSorted(),
    );
    machine.run("bash", "-c", `touch ${drained}/${container}; echo 0 >/run/${container}.end`);
    until(machine, `[[ $(systemctl show --property=SubState --value ${unit}) == condition ]]`);
    machine.run("systemctl", "stop", unit, process);
    assert.equal(state(machine, unit), "inactive", "a stop does not wait for the minute");
    machine.run("rm", `${drained}/${container}`);
  });

  await t.test("stopping the target stops every slot", () => {
    machine.run("systemctl", "start", "acme.target", unit);
    machine.run("systemctl", "stop", "acme.target");
    until(machine, `[[ $(systemctl is-active ${unit}) == inactive ]]`);
    assert.equal(state(machine, "acme-watchdog.timer"), "inactive");
  });
});
