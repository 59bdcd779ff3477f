// Systemd's answers as they are printed (252 and 257), and every way not to get one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { listUnitNames, parseShow, showUnits, type UnitPorts } from "../../src/adapters/observe-units.ts";
import type { HostTools, ToolResult } from "../../src/model/ports.ts";

const SHOWN = `MainPID=4711
NRestarts=2
ExecMainStatus=0
KillMode=mixed
Id=acme-container@acme-ci-forge-1.service
LoadState=loaded
ActiveState=active
SubState=running
Result=success
FragmentPath=/etc/systemd/system/acme-container@.service
DropInPaths=/etc/systemd/system/acme-container@acme-ci-forge-1.service.d/10-slot.conf /run/systemd/system/x.conf
UnitFileState=static
StateChangeTimestampMonotonic=5000000
NeedDaemonReload=no

Id=nope.service
LoadState=not-found
ActiveState=inactive
SubState=dead
Result=success
MainPID=0
StateChangeTimestampMonotonic=0
NeedDaemonReload=no
`;

const time = { now: 1_000_000, monotonic: 65_000 };

test("blocks of properties become units, monotonic microseconds a time of day", () => {
  const [first, second] = parseShow(SHOWN, time);
  assert.deepEqual(first, {
    name: "acme-container@acme-ci-forge-1.service",
    load: "loaded",
    active: "active",
    sub: "running",
    result: "success",
    enabled: "static",
    needReload: false,
    mainPid: 4711,
    since: 1_000_000 - 60_000,
    restarts: 2,
    exitStatus: 0,
    fragment: "/etc/systemd/system/acme-container@.service",
    dropIns: [
      "/etc/systemd/system/acme-container@acme-ci-forge-1.service.d/10-slot.conf",
      "/run/systemd/system/x.conf",
    ],
    killMode: "mixed",
  });
  assert.deepEqual(
    [second?.load, second?.mainPid, second?.since, second?.restarts, second?.enabled],
    ["not-found", null, null, null, null],
  );
});

function ports(
  answer: (args: readonly string[]) => ToolResult,
  user = false,
): UnitPorts & { asked: string[][] } {
  const asked: string[][] = [];
  const tools: HostTools = {
    run: async (command, args) => {
      asked.push([command, ...args]);
      return answer(args);
    },
  };
  return { tools, user, ...time, asked };
}

const ran = (stdout: string, exitCode = 0, stderr = ""): ToolResult => ({
  kind: "ran",
  exitCode,
  stdout,
  stderr,
});

test("a unit is known by the name that was asked for, and a user's manager is asked as such", async () => {
  const world = ports(() => ran(SHOWN), true);
  const found = await showUnits(world, ["alias.service", "nope.service"]);
  assert.ok(found.known);
  assert.deepEqual([...found.value.keys()], ["alias.service", "nope.service"]);
  assert.equal(world.asked[0]?.[1], "--user");
  assert.deepEqual(world.asked[0]?.slice(-3), ["--", "alias.service", "nope.service"]);
});

test("many units are asked for in several questions", async () => {
  const names = Array.from({ length: 450 }, (_, i) => `u${i}.service`);
  const world = ports((args) =>
    ran(
      args
        .slice(args.indexOf("--") + 1)
        .map((name) => `Id=${name}\nLoadState=loaded\n`)
        .join("\n"),
    ),
  );
  const found = await showUnits(world, names);
  assert.ok(found.known);
  assert.deepEqual([...found.value.keys()], names);
  assert.equal(world.asked.length, 3);
});

test("no answer is never no unit", async () => {
  const cases: readonly (readonly [ToolResult, string])[] = [
    [{ kind: "missing" }, "systemctl is not installed"],
    [{ kind: "timeout", afterMs: 15_000 }, "systemctl did not answer within 15 s"],
    [{ kind: "failed", cause: "EPERM" }, "systemctl: EPERM"],
    [
      ran("", 1, "System has not been booted with systemd as init system (PID 1). Can't operate.\n"),
      "systemd does not run here",
    ],
    [ran("", 1, "Failed to connect to bus: No medium found\n"), "Failed to connect to bus: No medium found"],
    [ran("", 1), "systemctl exited 1"],
  ];
  for (const [answer, why] of cases) {
    assert.deepEqual(
      await showUnits(
        ports(() => answer),
        ["a.service"],
      ),
      { known: false, why },
    );
    const listed = await listUnitNames(
      ports(() => answer),
      ["a*"],
    );
    if (answer.kind !== "ran" || answer.stderr !== "") assert.deepEqual(listed, { known: false, why });
  }
});

test("names come from loaded units and from files, templates left out", async () => {
  const world = ports((args) =>
    args.includes("list-units")
      ? ran("acme-container@b.service loaded active running GitHub Actions runner b (container)\n")
      : ran("acme-container@.service static -\nacme-container@a.service enabled enabled\n"),
  );
  assert.deepEqual(await listUnitNames(world, ["acme-container@*.service"]), {
    known: true,
    value: ["acme-container@a.service", "acme-container@b.service"],
  });
  const nothing = ports((args) => (args.includes("list-unit-files") ? ran("", 1) : ran("")));
  assert.deepEqual(await listUnitNames(nothing, ["nope*"]), { known: true, value: [] });
});
