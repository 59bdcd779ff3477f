// What a host lacks, and what puts it right: each rule on the fixtures and on one change of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openHostFiles } from "../../src/adapters/host-files.ts";
import { detectHost } from "../../src/hardware/detect.ts";
import { findMissingPieces } from "../../src/hardware/missing-pieces.ts";
import {
  type DockerFacts,
  type Inventory,
  type NvidiaFacts,
  presentOrNull,
} from "../../src/model/inventory.ts";
import { NO_TOOLS } from "../../src/model/ports.ts";
import { HOSTS_DIR, openFixtureHost } from "./fixture-host.ts";

async function load(name: string): Promise<Inventory> {
  const { files, tools } = openFixtureHost(name);
  return (await detectHost(files, tools)).inventory;
}

/** `what → fix` of each piece. */
function missing(inventory: Inventory): readonly string[] {
  return findMissingPieces(inventory).map(({ what, fix }) => (fix === null ? what : `${what} → ${fix}`));
}

const spark = await load("dgx-spark");
const whole: Inventory = { ...spark, kvm: { ...spark.kvm, usable: true } };
const withDocker = (changes: Partial<DockerFacts>): Inventory => ({
  ...whole,
  docker: { ...(presentOrNull(whole.docker) as DockerFacts), ...changes },
});
const withNvidia = (changes: Partial<NvidiaFacts>): Inventory => ({
  ...whole,
  nvidia: { ...(presentOrNull(whole.nvidia) as NvidiaFacts), ...changes },
});

test("a host with everything lacks nothing", () => {
  assert.deepEqual(missing(whole), []);
});

test("a host about which nothing is known lacks nothing that anyone could name", async () => {
  assert.deepEqual(missing(await load("nothing-readable")), []);
});

test("an engine that is not installed, does not answer, or may not be asked", () => {
  assert.deepEqual(missing({ ...whole, docker: "none" }), [
    "Docker Engine is not installed: container pools need it → https://docs.docker.com/engine/install/",
  ]);
  assert.deepEqual(missing(withDocker({ engine: null, problem: "no engine answers" })), [
    "Docker: no engine answers → sudo systemctl start docker",
  ]);
  assert.deepEqual(
    missing(withDocker({ engine: null, problem: "permission denied while trying to connect" })),
    ['this user may not talk to the Docker engine → sudo usermod -aG docker "$USER", then log in again'],
  );
});

test("a hypervisor needs neither an engine nor a GPU driver of its own", async () => {
  assert.deepEqual(missing(await load("proxmox-node")), []);
});

test("an engine or a Compose plugin that is too old for any container pool", () => {
  assert.deepEqual(missing(withDocker({ engine: "19.03.15", compose: "2.17.3" })), [
    "Docker Engine 19.03.15 is too old for container pools: they need 20.10.0 → https://docs.docker.com/engine/install/",
    "Docker Compose 2.17.3 is too old: container pools need 2.20.0 → sudo apt-get install docker-compose-plugin",
  ]);
});

test("a copy of a machine's files lacks neither its devices nor the answers of its tools", async () => {
  for (const name of ["rocm-workstation", "arch-two-nvidia"]) {
    const { inventory } = await detectHost(openHostFiles(`${HOSTS_DIR}/${name}/root`), NO_TOOLS);
    assert.deepEqual(missing(inventory), []);
  }
});

test("a Compose plugin that is missing or too old for CDI", () => {
  assert.deepEqual(missing(withDocker({ compose: "none" })), [
    "the Docker Compose plugin is not installed → sudo apt-get install docker-compose-plugin",
  ]);
  assert.deepEqual(missing({ ...withDocker({ compose: "2.26.1-4" }) }), [
    "Docker Compose 2.26.1-4 cannot name GPUs by CDI: that needs 2.30.0 → sudo apt-get install docker-compose-plugin",
  ]);
  assert.deepEqual(missing(withDocker({ compose: "5.5.0" })), []);
  assert.deepEqual(
    missing({
      ...withDocker({ compose: "none" }),
      os: { id: "arch", idLike: [], versionId: null, codename: null, prettyName: null },
    }),
    ["the Docker Compose plugin is not installed → sudo pacman -S docker-compose"],
  );
});

test("a driver that is not loaded or not well", () => {
  assert.deepEqual(missing(withNvidia({ driver: null })), [
    "no NVIDIA driver is loaded, so no job can use the GPU → https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/",
  ]);
  assert.deepEqual(missing(withNvidia({ problem: "nvidia-smi: a GPU has fallen off the bus" })), [
    "nvidia-smi: a GPU has fallen off the bus",
  ]);
});

test("a toolkit that is missing, unconfigured, or stale", async () => {
  assert.deepEqual(missing(withNvidia({ toolkitInstalled: false })), [
    "the NVIDIA Container Toolkit is not installed: containers see no GPU → sudo apt-get install nvidia-container-toolkit",
  ]);
  assert.deepEqual(missing(withDocker({ cdi: { enabled: true, devices: [] }, runtimes: ["runc"] })), [
    "Docker knows neither CDI devices nor a runtime for the NVIDIA GPU → sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
  ]);
  assert.deepEqual(missing(await load("arch-two-nvidia")), [
    "the CDI specification is stale: it does not name GPU-1b9c7e5a-3d2f-4b8a-a6c4-9e8d7f6a5b4c → sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
  ]);
});

test("after a change of MIG devices the CDI specification is stale too", async () => {
  const altra = await load("ampere-server");
  assert.deepEqual(missing(altra), []);
  const [gpu] = altra.gpus ?? [];
  assert.ok(gpu !== undefined);
  const mig = [{ uuid: "MIG-ffffffff-0000-5000-8000-000000000000", profile: "7g.40gb" }];
  const docker = {
    ...(presentOrNull(altra.docker) as DockerFacts),
    cdi: { enabled: true, devices: ["nvidia.com/gpu=0:1"] },
  };
  assert.equal(missing({ ...altra, docker, gpus: [{ ...gpu, mig }] }).length, 1);
});

test("rights, systemd, kfd and the IOMMU", async () => {
  assert.deepEqual(missing(spark), [
    'this user may not open /dev/kvm → sudo usermod -aG kvm "$USER", then log in again',
  ]);
  assert.deepEqual(missing({ ...whole, systemd: { version: 257, running: false } }), [
    "systemd does not run here: only persistent container slots are possible",
  ]);
  assert.deepEqual(missing({ ...whole, systemd: { version: 245, running: true } }), [
    "systemd 245 is too old to supervise slots: that needs 249",
  ]);
  const rocm = await load("rocm-workstation");
  assert.deepEqual(missing({ ...rocm, amd: { kfd: false, renderGid: 1, videoGid: 1 } }), [
    "/dev/kfd is missing, so ROCm cannot use the AMD GPU → sudo modprobe amdgpu",
  ]);
  const node = await load("proxmox-node");
  assert.deepEqual(missing({ ...node, iommu: { ...node.iommu, enabled: false } }), [
    "the IOMMU is off, so no card can be given to a guest → switch on VT-d or AMD-Vi in the firmware setup",
  ]);
});
