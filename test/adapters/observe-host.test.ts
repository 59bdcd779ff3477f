// One look at a host made of fakes: what belongs to which slot, what belongs to none, what cannot be seen.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseInspect, showContainers } from "../../src/adapters/observe-containers.ts";
import { readOwner, viewProcesses } from "../../src/adapters/observe-processes.ts";
import { observeHost } from "../../src/adapters/observe-slots.ts";
import { placeForSystem } from "../../src/apply/places.ts";
import type { HostTools, ToolResult } from "../../src/model/ports.ts";
import { judgeLife } from "../../src/model/slot-life.ts";
import { type FakeFile, fakeFiles } from "../hardware/fake-files.ts";
import { makeHost, makePlacement, makePlan, makeProcessPlacement } from "../render/systemd-fleet.ts";

const ID = "a".repeat(64);
const OTHER = "b".repeat(64);

function process(pid: number, comm: string, cgroup: string): Record<string, FakeFile> {
  return {
    [`/proc/${pid}/comm`]: `${comm}\n`,
    [`/proc/${pid}/status`]: `Name:\t${comm}\nUid:\t1001\t1001\t1001\t1001\n`,
    [`/proc/${pid}/cgroup`]: cgroup,
    [`/proc/${pid}/cwd`]: { link: "/home/runner" },
  };
}

const inContainer = (id: string): string => `0::/system.slice/docker-${id}.scope\n`;
const inUnit = (unit: string): string => `0::/system.slice/system-acme\\x2dprocess.slice/${unit}\n`;

const container = (id: string, name: string, pid: number, labels: Record<string, string> = {}) => ({
  Id: id,
  Name: `/${name}`,
  State: { Status: "running", Running: true, Pid: pid, ExitCode: 0, StartedAt: "2026-11-21T09:00:00.5Z" },
  Config: {
    Image: "image:1",
    Labels: { "dev.ci-fleet.fleet": "acme", "dev.ci-fleet.host": "forge", ...labels },
  },
});

interface World {
  readonly containers: readonly ReturnType<typeof container>[];
  readonly units: Readonly<Record<string, string>>;
  readonly listed?: readonly string[];
  readonly docker?: ToolResult;
}

function openTools({ containers, units, listed = [], docker }: World): HostTools {
  const ok = (stdout: string): ToolResult => ({ kind: "ran", exitCode: 0, stdout, stderr: "" });
  return {
    run: async (command, args) => {
      const asked = args.slice(args.indexOf("--") + 1);
      if (command === "docker") {
        if (docker !== undefined) return docker;
        if (args[0] === "ps") return ok(containers.map(({ Id }) => `${Id}\n`).join(""));
        const found = containers.filter(
          ({ Id, Name }) => asked.includes(Id) || asked.includes(Name.slice(1)),
        );
        const missing = asked.some((name) =>
          containers.every(({ Id, Name }) => Id !== name && Name !== `/${name}`),
        );
        return missing
          ? {
              kind: "ran",
              exitCode: 1,
              stdout: JSON.stringify(found),
              stderr: "Error: No such container: x\n",
            }
          : ok(JSON.stringify(found));
      }
      if (args.includes("show")) {
        return ok(
          asked
            .map((name) => `Id=${name}\n${units[name] ?? "LoadState=not-found\nActiveState=inactive"}\n`)
            .join("\n"),
        );
      }
      return ok(listed.map((name) => `${name} loaded active running x\n`).join(""));
    },
  };
}

const RUNNING = "LoadState=loaded\nActiveState=active\nSubState=running";
const host = makeHost({
  placements: [makePlacement(), makeProcessPlacement({ gpu: null })],
});
const plan = makePlan(host);
const request = { plan, host, places: placeForSystem(host.places), only: null };
const look = (world: World, files: Readonly<Record<string, FakeFile>>) =>
  observeHost(request, {
    files: fakeFiles(files),
    tools: openTools(world),
    user: false,
    now: 0,
    monotonic: 0,
  });

test("processes, containers, units and files come to the slot that they belong to", async () => {
  const unit = "acme-process@acme-bare-forge-1.service";
  const seen = await look(
    {
      containers: [container(ID, "acme-ci-forge-1", 20), container(OTHER, "acme-old-forge-1", 30)],
      units: {
        "acme-container@acme-ci-forge-1.service": `${RUNNING}\nMainPID=10`,
        [unit]: `${RUNNING}\nMainPID=40`,
        "acme.target": "LoadState=loaded\nActiveState=active",
      },
      listed: [
        ...["acme-container@acme-ci-forge-1.service", "acme-container@acme-old-forge-1.service"],
        "acme-vm@old.service",
      ],
    },
    {
      ...process(20, "docker-init", inContainer(ID)),
      ...process(21, "Runner.Listener", inContainer(ID)),
      ...process(22, "Runner.Worker", `${inContainer(ID).trim()}/nested\n`),
      ...process(40, "bash", inUnit(unit)),
      ...process(41, "Runner.Listener", inUnit(unit)),
      ...process(31, "Runner.Listener", inContainer(OTHER)),
      ...process(50, "Runner.Listener", inUnit("actions.runner.acme.old.service")),
      ...process(51, "Runner.Worker", "0::/user.slice/user-0.slice/session-1.scope\n"),
      "/var/lib/ci-fleet/acme/drained/acme-bare-forge-1": "",
      "/var/lib/ci-fleet/acme/assigned/acme-ci-forge-2": "alice/app\nrest\n",
      "/run/ci-fleet/acme/acme-ci-forge-1/runner/job.json": '{"job":"build","startedAt":5}',
      "/var/lib/ci-fleet/acme/acme-bare-forge-1/state/current/.runner": '{"agentId":7,"agentName":"x"}',
      "/var/lib/ci-fleet/acme/acme-bare-forge-1/state/current/.credentials": "{}",
      "/var/lib/ci-fleet/acme/acme-bare-forge-1/state/current/.credentials_rsaparams": "{}",
    },
  );
  const lives = seen.slots.map((slot) => [slot.slot, judgeLife(slot).life]);
  assert.deepEqual(lives, [
    ["acme-ci-forge-1", "busy"],
    ["acme-ci-forge-2", "absent"],
    ["acme-bare-forge-1", "idle"],
    ["acme-bare-forge-2", "absent"],
  ]);
  const [first, second, bare] = seen.slots;
  assert.deepEqual(first?.job.known && first.job.value?.startedAt, 5000);
  assert.deepEqual(second?.assigned, { known: true, value: "alice/app" });
  assert.deepEqual(bare?.drained, { known: true, value: true });
  assert.equal(bare?.identity.known && bare.identity.value.kind, "whole");
  const left = ["acme-container@acme-old-forge-1.service", "acme-vm@old.service"];
  assert.deepEqual(seen.leftoverUnits, { known: true, value: left });
  assert.deepEqual(seen.leftoverContainers, { known: true, value: ["acme-old-forge-1"] });
  assert.ok(seen.foreignProcesses.known);
  assert.deepEqual(seen.foreignProcesses.value.map(({ pid }) => pid).sort(), [31, 50, 51]);
});

test("where the slot's own process is hidden from us, nothing is known of its jobs", async () => {
  const seen = await look(
    {
      containers: [container(ID, "acme-ci-forge-1", 20)],
      units: { "acme-container@acme-ci-forge-1.service": `${RUNNING}\nMainPID=10` },
    },
    { "/proc/1/comm": "systemd\n" },
  );
  assert.deepEqual(seen.slots[0]?.processes, { known: false, why: "process 20 is hidden from us" });
  assert.equal(judgeLife(seen.slots[0] as never).life, "unknown");
});

test("an engine that does not answer leaves its slots unknown, and those of processes known", async () => {
  const unit = "acme-process@acme-bare-forge-1.service";
  const seen = await look(
    {
      containers: [],
      units: {
        "acme-container@acme-ci-forge-1.service": `${RUNNING}\nMainPID=10`,
        [unit]: `${RUNNING}\nMainPID=40`,
      },
      docker: {
        kind: "ran",
        exitCode: 1,
        stdout: "",
        stderr: "Cannot connect to the Docker daemon at unix://x\n",
      },
    },
    {
      ...process(40, "bash", inUnit(unit)),
      ...process(41, "Runner.Listener", inUnit(unit)),
      ...process(21, "Runner.Listener", inContainer(ID)),
    },
  );
  assert.equal(judgeLife(seen.slots[0] as never).life, "unknown");
  assert.equal(judgeLife(seen.slots[2] as never).life, "idle");
  assert.equal(seen.foreignProcesses.known, false, "the listener in a container may be a slot's");
});

test("what a job puts in the place of its marker is not followed and not believed", async () => {
  const unit = "acme-process@acme-bare-forge-1.service";
  const at = "/run/ci-fleet/acme/acme-bare-forge-1/runner";
  for (const file of [{ node: true }, "not json", { error: "ELOOP" }, { error: "EINVAL" }] as const) {
    const seen = await look(
      { containers: [], units: { [unit]: `${RUNNING}\nMainPID=40` } },
      { ...process(40, "bash", inUnit(unit)), [`${at}/job.json`]: file, [`${at}/last-exit.json`]: file },
    );
    assert.deepEqual(seen.slots[2]?.job, { known: true, value: null });
  }
  const denied = await look(
    { containers: [], units: { [unit]: RUNNING } },
    { ...process(1, "systemd", ""), [`${at}/job.json`]: { error: "EACCES" } },
  );
  assert.deepEqual(denied.slots[2]?.job, { known: false, why: "permission denied" });
});

test("control groups of both versions and both drivers say whose a process is", () => {
  const container_ = { kind: "container", id: ID };
  assert.deepEqual(readOwner(`0::/system.slice/docker-${ID}.scope\n`), container_);
  assert.deepEqual(readOwner(`12:pids:/docker/${ID}\n1:name=systemd:/docker/${ID}\n`), container_);
  assert.deepEqual(readOwner(`0::/docker/${ID}/docker/${OTHER}\n`), container_, "the outer one is ours");
  assert.deepEqual(readOwner(`0::/system.slice/libpod-${ID}.scope/container\n`), container_);
  const unit = { kind: "unit", unit: "acme-process@x.service" };
  assert.deepEqual(readOwner("0::/system.slice/system-acme.slice/acme-process@x.service\n"), unit);
  assert.deepEqual(
    readOwner("0::/user.slice/user-1000.slice/user@1000.service/app.slice/acme-process@x.service/sub\n"),
    unit,
  );
  assert.deepEqual(readOwner("2:cpu:/\n1:name=systemd:/system.slice/acme-process@x.service\n"), unit);
  const nested = `1:name=systemd:/docker/${ID}/system.slice/acme-process@x.service\n`;
  assert.deepEqual(readOwner(nested, new Set([ID])), unit, "this machine is a container itself");
  assert.deepEqual(readOwner(`0::/docker/${OTHER}/docker/${ID}\n`, new Set([OTHER])), container_);
  assert.deepEqual(readOwner("0::/\n"), { kind: "unknown" });
  assert.deepEqual(readOwner(""), { kind: "unknown" });
});

test("a process that goes away while it is read is none", () => {
  const files = fakeFiles({
    "/proc/5/comm": { error: "ENOENT" },
    "/proc/6/comm": "Runner.Listener\n",
    "/proc/self/comm": "x",
  });
  const { runners } = viewProcesses(files);
  assert.deepEqual(runners, {
    known: true,
    value: [{ pid: 6, kind: "listener", uid: null, owner: { kind: "unknown" }, folder: null }],
  });
});

test("what docker prints is read with care", async () => {
  assert.equal(parseInspect("no json"), null);
  assert.deepEqual(parseInspect("[{}, 7, null]"), []);
  const [read] = parseInspect(JSON.stringify([container(ID, "x", 0, { odd: "1" })])) ?? [];
  assert.deepEqual(
    [read?.name, read?.pid, read?.startedAt],
    ["x", null, Date.parse("2026-11-21T09:00:00.5Z")],
  );
  const broken: HostTools = {
    run: async (_, args) =>
      args[0] === "ps"
        ? { kind: "ran", exitCode: 0, stdout: `${ID}\n`, stderr: "" }
        : { kind: "ran", exitCode: 1, stdout: "[]", stderr: "Error: permission denied\n" },
  };
  assert.deepEqual(await showContainers(broken, "acme", []), {
    known: false,
    why: "Error: permission denied",
  });
});
