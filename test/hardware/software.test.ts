// Docker in every state, Podman, systemd, Proxmox: from tool answers and from files alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { detectHost } from "../../src/hardware/detect.ts";
import { parseCdiDevices } from "../../src/hardware/parse-cdi.ts";
import { QUESTIONS } from "../../src/hardware/tool-answers.ts";
import { type Detection, type DockerFacts, presentOrNull } from "../../src/model/inventory.ts";
import { type HostTools, NO_TOOLS, type ToolResult } from "../../src/model/ports.ts";
import { type FakeFile, fakeMachine } from "./fake-files.ts";

/** Answers by the start of the command line. */
function tools(answers: Readonly<Record<string, ToolResult>>): HostTools {
  return {
    run: async (command, args) => {
      const line = [command, ...args].join(" ");
      const key = Object.keys(answers).find((start) => line.startsWith(start));
      return key === undefined ? { kind: "missing" } : (answers[key] as ToolResult);
    },
  };
}

const ran = (stdout: string, exitCode = 0, stderr = ""): ToolResult => ({
  kind: "ran",
  exitCode,
  stdout,
  stderr,
});
const info = (fields: object): ToolResult => ran(JSON.stringify(fields));

async function detect(files: Record<string, FakeFile>, asked: HostTools): Promise<Detection> {
  return detectHost(fakeMachine(files), asked);
}

async function dockerOf(
  files: Record<string, FakeFile>,
  answers: Record<string, ToolResult>,
): Promise<DockerFacts | null> {
  return presentOrNull((await detect(files, tools(answers))).inventory.docker);
}

test("a running engine with its plugins", async () => {
  const docker = await dockerOf(
    { "/var/run/docker.sock": { node: true, gid: 988 } },
    {
      "docker info": info({
        ServerVersion: "28.3.3",
        CgroupDriver: "systemd",
        Driver: "overlay2",
        DefaultRuntime: "runc",
        Runtimes: { runc: {}, nvidia: {}, "bad name\u001b": {} },
        SecurityOptions: ["name=rootless", "name=seccomp,profile=builtin"],
        CDISpecDirs: ["/etc/cdi", "/var/run/cdi"],
      }),
      "docker compose": ran("v2.40.3-desktop.1\n"),
      "docker buildx": ran("github.com/docker/buildx v0.29.1 a32761a\n"),
    },
  );
  assert.deepEqual(docker, {
    engine: "28.3.3",
    compose: "2.40.3-desktop.1",
    buildx: "0.29.1",
    runtimes: ["nvidia", "runc"],
    defaultRuntime: "runc",
    cdi: { enabled: true, devices: [] },
    cgroupDriver: "systemd",
    rootless: true,
    storageDriver: "overlay2",
    socketGid: 988,
    problem: null,
  });
});

test("a stopped engine is seen whatever the exit code, by the empty version", async () => {
  const down = { ServerVersion: "", NCPU: 0 };
  const said =
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n";
  for (const exitCode of [0, 1]) {
    const docker = await dockerOf({}, { "docker info": ran(JSON.stringify(down), exitCode, said) });
    assert.equal(docker?.engine, null);
    assert.equal(docker?.problem, `no engine answers: ${said.trim()}`);
    assert.equal(docker?.cdi, null);
  }
});

test("a client that hangs is cut off and says so", async () => {
  const docker = await dockerOf({}, { "docker info": { kind: "timeout", afterMs: 10_000 } });
  assert.equal(docker?.problem, "docker gave no answer within 10 s");
});

test("a missing plugin is none, a failing one unknown", async () => {
  const engine = { "docker info": info({ ServerVersion: "27.0.0" }) };
  const refused = await dockerOf(
    {},
    { ...engine, "docker compose": ran("", 1, "docker: 'compose' is not a docker command.") },
  );
  assert.equal(refused?.compose, "none");
  const hung = await dockerOf({}, { ...engine, "docker compose": { kind: "timeout", afterMs: 1 } });
  assert.equal(hung?.compose, null);
  const broken = await dockerOf(
    { "/usr/libexec/docker/cli-plugins/docker-compose": "" },
    { ...engine, "docker compose": ran("", 1, "exec format error") },
  );
  assert.equal(broken?.compose, null);
});

test("no client and no socket is no Docker; a socket alone is one that cannot be asked", async () => {
  assert.equal((await detect({}, tools({}))).inventory.docker, "none");
  const docker = await dockerOf({ "/var/run/docker.sock": { node: true, gid: 5 } }, {});
  assert.deepEqual(
    [docker?.engine, docker?.problem, docker?.socketGid],
    [null, "docker is not installed", 5],
  );
});

test("about another root nothing is claimed that only tools know", async () => {
  const there = await detect({ "/usr/bin/docker": "", "/usr/bin/podman": "" }, NO_TOOLS);
  const docker = presentOrNull(there.inventory.docker);
  assert.deepEqual(
    [docker?.engine, docker?.problem],
    [null, "tools are not asked about another root (docker)"],
  );
  assert.equal(there.inventory.podman, null);
  const gone = await detect({ "/usr/bin/env": "" }, NO_TOOLS);
  assert.deepEqual(
    [gone.inventory.docker, gone.inventory.podman, gone.inventory.systemd],
    ["none", "none", "none"],
  );
  const empty = await detect({}, NO_TOOLS);
  assert.deepEqual(
    [empty.inventory.docker, empty.inventory.podman, empty.inventory.systemd],
    [null, null, null],
  );
});

test("an engine that calls itself otherwise is remarked", async () => {
  const files = { "/proc/sys/kernel/hostname": "forge\n" };
  const other = await detect(
    files,
    tools({ "docker info": info({ ServerVersion: "28.0.0", Name: "elsewhere" }) }),
  );
  assert.equal(other.remarks.filter((remark) => remark.includes("elsewhere")).length, 1);
  const same = await detect(
    files,
    tools({ "docker info": info({ ServerVersion: "28.0.0", Name: "forge.lan" }) }),
  );
  assert.deepEqual(same.remarks, []);
});

const SPEC =
  'cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices:\n- name: "0"\n  containerEdits: {}\n- name: all\n';

test("CDI is usable when the engine looks for it and a specification is there", async () => {
  const engine = (dirs: unknown): Record<string, ToolResult> => ({
    "docker info": info({ ServerVersion: "28.3.0", CDISpecDirs: dirs }),
  });
  const files = { "/etc/cdi/nvidia.yaml": SPEC };
  assert.deepEqual((await dockerOf(files, engine(["/etc/cdi", "/var/run/cdi"])))?.cdi, {
    enabled: true,
    devices: ["nvidia.com/gpu=0", "nvidia.com/gpu=all"],
  });
  assert.deepEqual((await dockerOf(files, engine(null)))?.cdi, { enabled: false, devices: [] });
  const idle = await detect(files, tools(engine([])));
  assert.equal(idle.remarks.filter((remark) => remark.includes("does not read it")).length, 1);
});

test("CDI specifications in YAML and JSON; rubbish offers nothing", async () => {
  assert.deepEqual(parseCdiDevices(SPEC), ["nvidia.com/gpu=0", "nvidia.com/gpu=all"]);
  assert.deepEqual(parseCdiDevices('{"kind":"amd.com/gpu","devices":[{"name":0}]}'), ["amd.com/gpu=0"]);
  for (const bad of [
    "",
    "[",
    "a: *b",
    "kind: x\ndevices: 3",
    "kind: nvidia.com/gpu\ndevices: [{name: 'a b'}, 1, null]",
  ]) {
    assert.deepEqual(parseCdiDevices(bad), [], bad);
  }
});

test("systemd's version comes from systemctl or from its library's name", async () => {
  const asked = await detect(
    { "/run/systemd/system/x": "" },
    tools({ systemctl: ran("systemd 257 (257.8-1~deb13u2)\n+PAM\n") }),
  );
  assert.deepEqual(asked.inventory.systemd, { version: 257, running: true });
  const files = {
    "/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so": "",
    "/proc/1/comm": "init\n",
  };
  assert.deepEqual((await detect(files, NO_TOOLS)).inventory.systemd, { version: 252, running: false });
});

test("a Proxmox node without tools is still known by its files", async () => {
  const files = {
    "/usr/bin/pveversion": "",
    "/etc/pve/local": { link: "nodes/pve1" },
    "/etc/default/grub": "",
    "/var/lib/dpkg/status":
      "Package: pve-firmware\nVersion: 3.0\n\nPackage: pve-manager\nStatus: install ok installed\nVersion: 8.4.14\n\nPackage: x\nVersion: 1\n",
  };
  assert.deepEqual((await detect(files, NO_TOOLS)).inventory.proxmox, {
    version: "8.4.14",
    node: "pve1",
    bootLoader: "grub",
    bootTool: false,
  });
});

test("proxmox-boot-tool says uefi for systemd-boot, and grub where Secure Boot needs it", async () => {
  const loader = async (status: string): Promise<unknown> => {
    const asked = tools({
      "proxmox-boot-tool": ran(status),
      pvesh: ran('{"release":"9.1","version":"9.1.1"}'),
    });
    const { proxmox } = (await detect({ "/usr/bin/pveversion": "", "/etc/hostname": "pve2.lan\n" }, asked))
      .inventory;
    return presentOrNull(proxmox);
  };
  const facts = { version: "9.1.1", node: "pve2", bootTool: true };
  assert.deepEqual(await loader("A1B2-C3D4 is configured with: uefi (versions: 6.17.2-1-pve)\n"), {
    ...facts,
    bootLoader: "systemd-boot",
  });
  assert.deepEqual(await loader("A1B2-C3D4 is configured with: grub (versions: 6.17.2-1-pve)\n"), {
    ...facts,
    bootLoader: "grub",
  });
});

test("all tools are asked side by side, each with a limit", async () => {
  let running = 0;
  let most = 0;
  const limits: number[] = [];
  const counting: HostTools = {
    run: async (_command, _args, timeoutMs) => {
      running += 1;
      most = Math.max(most, running);
      limits.push(timeoutMs);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return { kind: "missing" };
    },
  };
  await detect({ "/usr/bin/pveversion": "", "/dev/dxg": { node: true } }, counting);
  assert.equal(most, Object.keys(QUESTIONS).length);
  assert.ok(limits.every((limit) => limit > 0 && limit <= 20_000));
});
