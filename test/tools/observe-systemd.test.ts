// Our reading of systemd, on a booted systemd 257: states of units, names, times, and the log of a slot.

import assert from "node:assert/strict";
import { test } from "node:test";
import { listUnitNames, showUnits, type UnitPorts } from "../../src/adapters/observe-units.ts";
import { placeForSystem } from "../../src/apply/places.ts";
import { nameLogCommand } from "../../src/cli/slots/name-log-command.ts";
import type { HostTools } from "../../src/model/ports.ts";
import { makeHost, makePlacement, makePlan } from "../render/systemd-fleet.ts";
import { type BootedSystemd, bootSystemd } from "./booted-systemd.ts";

/** Exit code and both streams apart, which `docker exec` would also give, but not for a command that fails. */
function openTools(machine: BootedSystemd): HostTools {
  return {
    run: async (command, args) => {
      const script = '"$@" >/tmp/out 2>/tmp/err; echo $? >/tmp/code';
      machine.run("sh", "-c", script, "sh", command, ...args);
      const read = (name: string): string => machine.run("cat", `/tmp/${name}`).stdout;
      return { kind: "ran", exitCode: Number(read("code")), stdout: read("out"), stderr: read("err") };
    },
  };
}

const unit = (script: string, more = ""): string =>
  `[Service]\nType=exec\nExecStart=/bin/sh -c '${script}'\n${more}`;

test("units are seen as they are", async (t) => {
  const machine = bootSystemd(t);
  if (machine === null) return;
  machine.write({
    "etc/systemd/system/acme-container@.service": unit("sleep 1000", "KillMode=mixed\n"),
    "etc/systemd/system/acme-container@acme-ci-forge-1.service.d/10-slot.conf":
      "[Service]\nEnvironment=A=b\n",
    "etc/systemd/system/broken.service": unit("exit 7"),
    "etc/systemd/system/slow.service": unit(
      "sleep 1000",
      "ExecStartPre=/bin/sleep 1000\nTimeoutStartSec=infinity\n",
    ),
    "etc/systemd/system/changed.service": unit("sleep 1000"),
    "etc/systemd/system/acme.target": "[Unit]\nDescription=x\n[Install]\nWantedBy=multi-user.target\n",
  });
  machine.run("systemctl", "daemon-reload");
  machine.run("systemctl", "mask", "masked.service");
  machine.run("systemctl", "enable", "acme.target");
  machine.run("systemctl", "start", "acme-container@acme-ci-forge-1.service", "changed.service");
  machine.run("sh", "-c", "systemctl start broken.service; systemctl start --no-block slow.service; true");
  machine.run("sh", "-c", "until systemctl is-failed broken.service; do sleep 0.1; done");
  machine.run("sh", "-c", "echo '# new' >>/etc/systemd/system/changed.service");
  const ports: UnitPorts = {
    tools: openTools(machine),
    user: false,
    now: Date.now(),
    monotonic: Number(process.hrtime.bigint() / 1_000_000n),
  };
  const names = ["acme-container@acme-ci-forge-1", "broken", "slow", "masked", "nope", "changed"].map(
    (name) => `${name}.service`,
  );
  const shown = await showUnits(ports, [...names, "acme.target"]);
  assert.ok(shown.known);
  const states = [...shown.value].map(([name, { load, active, sub, result, enabled }]) =>
    [name, load, active, sub, result, enabled].join(" "),
  );
  assert.deepEqual(states, [
    "acme-container@acme-ci-forge-1.service loaded active running success static",
    "broken.service loaded failed failed exit-code static",
    "slow.service loaded activating start-pre success static",
    "masked.service masked inactive dead success masked",
    "nope.service not-found inactive dead success ",
    "changed.service loaded active running success static",
    "acme.target loaded inactive dead  enabled",
  ]);
  const slot = shown.value.get("acme-container@acme-ci-forge-1.service");
  assert.ok(slot !== undefined && slot.since !== null && slot.mainPid !== null);
  assert.ok(Math.abs(slot.since - Date.now()) < 120_000, "the clock of the machine is ours");
  assert.deepEqual(slot.dropIns, [
    "/etc/systemd/system/acme-container@acme-ci-forge-1.service.d/10-slot.conf",
  ]);
  assert.equal(slot.killMode, "mixed");
  assert.equal(shown.value.get("changed.service")?.needReload, true);
  assert.equal(slot.needReload, false);
  assert.equal(shown.value.get("broken.service")?.exitStatus, 7);
  assert.deepEqual(await listUnitNames(ports, ["acme-container@*.service", "nothing-*"]), {
    known: true,
    value: ["acme-container@acme-ci-forge-1.service"],
  });
  assert.deepEqual(await listUnitNames(ports, ["nothing-*"]), { known: true, value: [] });

  await t.test("a manager that does not answer is unknown, not empty", async () => {
    const user = await showUnits({ ...ports, user: true }, ["a.service"]);
    assert.equal(user.known, false);
  });

  await t.test("the log of a slot is printed whole, control characters too", async () => {
    machine.write({
      "etc/systemd/system/acme-container@.service": unit(
        'printf "Running job: a\\\\033[31mb\\\\n"; sleep 1000',
      ),
    });
    machine.run("systemctl", "daemon-reload");
    machine.run("systemctl", "restart", "acme-container@acme-ci-forge-1.service");
    const host = makeHost({ placements: [makePlacement()] });
    const [placement] = host.placements;
    assert.ok(placement !== undefined);
    const chosen = { slot: "acme-ci-forge-1", unit: "acme-container@acme-ci-forge-1.service", placement };
    const at = { host, places: placeForSystem(host.places) };
    const [command, ...args] = nameLogCommand(makePlan(host), at, chosen, { lines: 10, follow: false });
    machine.run("sh", "-c", 'until "$@" | grep -q "Running job"; do sleep 0.1; done', "sh", command, ...args);
    const said = machine.run(command, ...args).stdout;
    assert.match(said, /^\d{4}-\d\d-\d\dT\S+ \S+ sh\[\d+\]: Running job: a\u001b\[31mb$/m);
  });
});
