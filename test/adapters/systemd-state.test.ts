// What systemctl and docker say, as apply takes it: by their own words, and what is not known stays unknown.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readEngine } from "../../src/adapters/docker-state.ts";
import { lookAtSlots } from "../../src/adapters/systemd-slots.ts";
import { askManager, readLinger, readUnits } from "../../src/adapters/systemd-state.ts";
import { placeForSystem } from "../../src/apply/places.ts";
import { placesOf } from "../../src/model/names.ts";
import type { HostFiles, HostTools, ToolResult } from "../../src/model/ports.ts";
import { fakeFiles } from "../hardware/fake-files.ts";

const said = (stdout: string): ToolResult => ({ kind: "ran", exitCode: 0, stdout, stderr: "" });
const failed = (stderr: string): ToolResult => ({ kind: "ran", exitCode: 1, stdout: "", stderr });

function tools(answer: (line: string) => ToolResult): HostTools {
  return { run: async (command, args) => answer([command, ...args].join(" ")) };
}

const block = (active: string, more = "") =>
  `ActiveState=${active}\nUnitFileState=\nFragmentPath=/etc/systemd/system/acme-container@.service\nInvocationID=0a1b\n${more}`;

test("units are read in the order of the question", async () => {
  const units = await readUnits(
    tools(() =>
      said(
        `${block("active")}\nActiveState=inactive\nUnitFileState=enabled\nFragmentPath=\nInvocationID=\n\n${block("reloading")}`,
      ),
    ),
    "system",
    ["a.service", "b.target", "c.service"],
  );
  assert.deepEqual(
    [...units],
    [
      [
        "a.service",
        {
          active: "active",
          enabled: false,
          fragment: "/etc/systemd/system/acme-container@.service",
          invocation: "0a1b",
        },
      ],
      ["b.target", { active: "inactive", enabled: true, fragment: null, invocation: null }],
      [
        "c.service",
        {
          active: "active",
          enabled: false,
          fragment: "/etc/systemd/system/acme-container@.service",
          invocation: "0a1b",
        },
      ],
    ],
  );
});

const silent: readonly (readonly [string, ToolResult])[] = [
  ["no answer", { kind: "timeout", afterMs: 1 }],
  ["an error", failed("no bus")],
  ["a block too few", said(block("active"))],
];

for (const [name, answer] of silent) {
  test(`after ${name} every unit is unknown, which is not inactive`, async () => {
    const units = await readUnits(
      tools(() => answer),
      "user",
      ["a.service", "b.service"],
    );
    assert.deepEqual(
      [...units.values()].map(({ active }) => active),
      ["unknown", "unknown"],
    );
  });
}

test("a user's manager is asked with --user", async () => {
  const lines: string[] = [];
  const asked = tools((line) => {
    lines.push(line);
    return said("Version=257\n");
  });
  const files = fakeFiles({ "/run/systemd/system/x": "" });
  assert.equal(await askManager(asked, files, "user"), "running");
  await readUnits(asked, "user", ["a.service"]);
  assert.ok(lines.every((line) => line.startsWith("systemctl --user show ")));
});

test("a manager that is not there is told from one that does not answer", async () => {
  const none = fakeFiles({});
  const booted = fakeFiles({ "/run/systemd/system/x": "" });
  assert.equal(
    await askManager(
      tools(() => said("")),
      none,
      "system",
    ),
    "absent",
  );
  assert.deepEqual(
    await askManager(
      tools(() => failed("Failed to connect to bus\n")),
      booted,
      "user",
    ),
    {
      problem: "Failed to connect to bus",
    },
  );
  assert.deepEqual(
    await askManager(
      tools(() => ({ kind: "missing" })),
      booted,
      "system",
    ),
    {
      problem: "there is no systemctl",
    },
  );
  assert.deepEqual(
    await askManager(
      tools(() => ({ kind: "timeout", afterMs: 15_000 })),
      booted,
      "system",
    ),
    {
      problem: "no answer in 15 s",
    },
  );
});

test("lingering is a file of logind's", () => {
  assert.equal(readLinger(fakeFiles({}), "alice"), null);
  const files = fakeFiles({ "/var/lib/systemd/linger/alice": "" });
  assert.equal(readLinger(files, "alice"), true);
  assert.equal(readLinger(files, "bob"), false);
});

const inspect = (name: string, running: boolean, labels: object, id = "f".repeat(64), pid = 0) =>
  JSON.stringify([
    {
      Id: id,
      Name: `/${name}`,
      State: { Running: running, Pid: pid },
      Config: { Image: "i", Labels: labels },
    },
  ]);
const LABELS = { "dev.ci-fleet.fleet": "acme", "dev.ci-fleet.slot": "s", "dev.ci-fleet.generation": "g" };

function docker(answers: Readonly<Record<string, ToolResult>>): HostTools {
  return tools((line) => {
    const known = Object.entries(answers).find(([start]) => line.startsWith(`docker ${start}`));
    return known?.[1] ?? failed(`unexpected: ${line}`);
  });
}

test("an engine is read whole", async () => {
  const engine = await readEngine(
    docker({
      version: said("28.3.0\n"),
      "compose version": said("2.40.0\n"),
      info: said("systemd\n"),
      "network ls": said("bridge\nci-fleet-acme\n"),
      "ps --all": said(`${"f".repeat(64)}\n`),
      inspect: said(inspect("acme-ci-forge-1", true, LABELS)),
      "image inspect --format {{.Id}} here": said("sha256:1\n"),
      "image inspect --format {{.Id}} there": failed("No such image"),
    }),
    { fleet: "acme", containers: ["acme-ci-forge-1"], images: ["here", "there"] },
  );
  assert.deepEqual(engine, {
    version: "28.3.0",
    compose: "2.40.0",
    problem: null,
    cgroupDriver: "systemd",
    networks: new Set(["bridge", "ci-fleet-acme"]),
    images: new Set(["here"]),
    containers: new Map([["acme-ci-forge-1", { running: true, fleet: "acme", slot: "s", generation: "g" }]]),
  });
});

test("an engine that does not answer, or only half, has nothing that one could build on", async () => {
  const questions = { fleet: "acme", containers: [], images: [] };
  const down = await readEngine(
    docker({ version: failed("Cannot connect to the Docker daemon\n") }),
    questions,
  );
  assert.equal(down.version, null);
  assert.equal(down.problem, "Cannot connect to the Docker daemon");
  const half = await readEngine(
    docker({ version: said("28\n"), "compose version": failed("no plugin"), "network ls": failed("died") }),
    questions,
  );
  assert.equal(half.version, null);
  assert.equal(half.problem, "died");
});

const places = placeForSystem(placesOf("acme"));
const question = { fleet: "acme", places, asksSystemd: true, asksDocker: false };

async function lookAtProcess(files: HostFiles, active: string, pid: number): Promise<string> {
  const unit = (state: string, main: number) =>
    `Id=x\nLoadState=loaded\nActiveState=${state}\nMainPID=${main}\nUnitFileState=static\nFragmentPath=/f\nInvocationID=0a\n`;
  const asked = tools(() => said(`${unit("inactive", 0)}\n${unit(active, pid)}\n${unit("inactive", 0)}`));
  const ports = { tools: asked, files, user: false, now: 0, monotonic: 0 };
  const seen = await lookAtSlots(question, ports, ["acme-pers-forge-1"]);
  return seen.get("acme-pers-forge-1")?.job ?? "";
}

const process = (name: string, unit: string) => ({
  "/proc/10/comm": "bash\n",
  "/proc/12/comm": `${name}\n`,
  "/proc/12/status": "Uid:\t998\n",
  "/proc/12/cgroup": `0::/system.slice/system-acme.slice/${unit}\n`,
});
const own = "acme-process@acme-pers-forge-1.service";

const looks: readonly (readonly [string, Readonly<Record<string, string>>, string, number, string])[] = [
  ["nothing runs", { "/proc/1/comm": "systemd\n" }, "inactive", 0, "idle"],
  ["a listener and no worker", process("Runner.Listener", own), "active", 10, "idle"],
  ["a worker", process("Runner.Worker", own), "active", 10, "busy"],
  ["a worker of another slot", process("Runner.Worker", "acme-process@other.service"), "active", 10, "idle"],
  ["its first process is hidden", process("Runner.Listener", own), "active", 99, "unknown"],
  ["it waits for its registration", { "/proc/1/comm": "systemd\n" }, "activating", 0, "idle"],
  ["it is being stopped", process("Runner.Listener", own), "deactivating", 10, "unknown"],
];

for (const [name, files, active, pid, expected] of looks) {
  test(`a process slot is ${expected}: ${name}`, async () => {
    assert.equal(await lookAtProcess(fakeFiles(files), active, pid), expected);
  });
}

test("a process slot whose registration is under way is on its way, whatever systemd calls its own unit", async () => {
  const unit = (state: string) =>
    `Id=x\nLoadState=loaded\nActiveState=${state}\nMainPID=0\nInvocationID=0a\n`;
  const asked = tools(() => said(["inactive", "inactive", "activating"].map(unit).join("\n")));
  const files = fakeFiles({ "/proc/1/comm": "systemd\n" });
  const ports = { tools: asked, files, user: false, now: 0, monotonic: 0 };
  const seen = await lookAtSlots(question, ports, ["acme-pers-forge-1"]);
  const state = seen.get("acme-pers-forge-1");
  assert.equal(state?.units.get(own)?.active, "activating");
  assert.match(state?.why ?? "", /registering/);
});

test("a slot of which neither systemd nor Docker tells is unknown", async () => {
  const ports = {
    tools: tools(() => ({ kind: "timeout", afterMs: 1 })),
    files: fakeFiles({ "/proc/1/comm": "systemd\n" }),
    user: false,
    now: 0,
    monotonic: 0,
  };
  const seen = await lookAtSlots({ ...question, asksDocker: true }, ports, ["acme-ci-forge-1"]);
  assert.equal(seen.get("acme-ci-forge-1")?.job, "unknown");
});
