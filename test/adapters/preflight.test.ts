// What is looked at before a registration, and what it is judged as: each fault of a host by its name.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { openHostFiles } from "../../src/adapters/host-files.ts";
import { lookAtMachine } from "../../src/adapters/preflight.ts";
import { placeForSystem } from "../../src/apply/places.ts";
import { findSlot } from "../../src/mint/find-slot.ts";
import { judgePreflight, tellFaults } from "../../src/mint/judge-preflight.ts";
import { type DiskSpace, type Seen, seen, unseen } from "../../src/model/host-observation.ts";
import { placesOf } from "../../src/model/names.ts";
import type { Placement, SlotGpu } from "../../src/model/plan.ts";
import type { ToolResult } from "../../src/model/ports.ts";
import { makeGpu, makeHost, makePlacement, makePlan, makeSlot } from "../render/compose-plan.ts";
import { makeTools, ran } from "./fake-tools.ts";

const MIB = 1024 * 1024;
const FINE: ToolResult = ran("/var/lib/docker\n");
const UUID = makeGpu("nvidia", 0).selector;
const CDI: Placement["gpu"] = { kind: "cdi", vendor: "nvidia", why: "" };

interface Scene {
  readonly placement?: Partial<Placement>;
  readonly gpus?: readonly SlotGpu[];
  readonly files?: Readonly<Record<string, string>>;
  readonly tools?: Readonly<Record<string, ToolResult>>;
  readonly disk?: (path: string) => Seen<DiskSpace>;
}

const roomy = (path: string): Seen<DiskSpace> =>
  seen({ path, freeBytes: 50_000 * MIB, totalBytes: 100_000 * MIB, freeInodes: null });

async function judge(t: TestContext, scene: Scene): Promise<readonly (readonly [string, string])[]> {
  const root = mkdtempSync(join(tmpdir(), "ci-fleet-preflight-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(scene.files ?? {})) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const slot = makeSlot("ci", 1, { gpus: scene.gpus ?? [] });
  const plan = makePlan(makeHost([makePlacement({ ...scene.placement, slots: [slot] })]));
  const place = findSlot(plan, slot.name, () => placeForSystem(placesOf("acme")));
  assert.ok(place);
  const tools = makeTools({ "docker info": FINE, ...scene.tools });
  const facts = await lookAtMachine(place, {
    files: openHostFiles(root),
    tools,
    readDisk: scene.disk ?? roomy,
  });
  return judgePreflight(place, facts).map((found) => [found.reason, tellFaults([found])] as const);
}

const NVIDIA = { gpus: [makeGpu("nvidia", 0)], placement: { gpu: CDI } } as const;
const spec = (driver: string, name = UUID) => `kind: nvidia.com/gpu
devices:
- name: "0"
- name: ${name}
containerEdits:
  mounts:
  - hostPath: /usr/lib/x86_64-linux-gnu/libcuda.so.${driver}
`;
const HEALTHY = {
  files: { "/sys/module/nvidia/version": "550.163.01\n", "/etc/cdi/nvidia.yaml": spec("550.163.01") },
  tools: { "nvidia-smi": ran(`${UUID}, 1 MiB\n`) },
};

test("a machine with room, an engine and an answering card is fit", async (t) => {
  assert.deepEqual(await judge(t, { ...NVIDIA, ...HEALTHY }), []);
  const mig = { ...makeGpu("nvidia", 0), id: "MIG-1", selector: "MIG-1" };
  const files = { ...HEALTHY.files, "/etc/cdi/nvidia.yaml": spec("550.163.01", "MIG-1") };
  const list = ran(`GPU 0: NVIDIA A100 (UUID: ${UUID})\n  MIG 1g.5gb Device 0: (UUID: MIG-1)\n`);
  assert.deepEqual(await judge(t, { ...NVIDIA, gpus: [mig], files, tools: { "nvidia-smi -L": list } }), []);
});

const faults: readonly (readonly [string, Scene, string, RegExp])[] = [
  [
    "a disk that is nearly full, the engine's too",
    {
      disk: (path) =>
        path === "/var/lib/docker"
          ? seen({ path, freeBytes: 2100 * MIB, totalBytes: 1, freeInodes: null })
          : roomy(path),
    },
    "disk-full",
    /^\/var\/lib\/docker has 2100 MiB free, and a runner needs 2304 MiB\. Remove/,
  ],
  [
    "no inodes",
    { disk: (path) => seen({ path, freeBytes: 5000 * MIB, totalBytes: 1, freeInodes: 12 }) },
    "inodes-used-up",
    /has 12 inodes free/,
  ],
  [
    "an engine that hangs",
    { tools: { "docker info": { kind: "timeout", afterMs: 20_000 } } },
    "docker-silent",
    /did not answer within 20 s/,
  ],
  [
    "an old client that prints nothing and exits 0 when the engine is down",
    { tools: { "docker info": ran("\n") } },
    "docker-silent",
    /said nothing about itself/,
  ],
  [
    "a card that hangs",
    { ...NVIDIA, ...HEALTHY, tools: { "nvidia-smi": { kind: "timeout", afterMs: 20_000 } } },
    "gpu-silent",
    /did not answer within 20 s/,
  ],
  [
    "a card that fell off the bus",
    {
      ...NVIDIA,
      ...HEALTHY,
      tools: {
        "nvidia-smi": ran("Unable to determine the device handle for GPU0000:01:00.0: GPU is lost.\n", 15),
      },
    },
    "gpu-silent",
    /GPU is lost/,
  ],
  [
    "a MIG device that is not there any more",
    {
      ...NVIDIA,
      ...HEALTHY,
      gpus: [{ ...makeGpu("nvidia", 0), selector: "MIG-9" }],
      tools: { "nvidia-smi": ran("GPU 0\n") },
    },
    "gpu-silent",
    /does not list it/,
  ],
  [
    "a CDI specification for the driver before",
    { ...NVIDIA, ...HEALTHY, files: { ...HEALTHY.files, "/etc/cdi/nvidia.yaml": spec("535.1.2") } },
    "cdi-stale",
    /is for driver 535\.1\.2, and 550\.163\.01 is loaded\. Run `nvidia-ctk cdi generate/,
  ],
  [
    "no CDI specification",
    { ...NVIDIA, ...HEALTHY, files: {} },
    "cdi-missing",
    /there is no CDI specification/,
  ],
  [
    "a CDI specification without this card",
    {
      ...NVIDIA,
      ...HEALTHY,
      files: { ...HEALTHY.files, "/etc/cdi/nvidia.yaml": spec("550.163.01", "GPU-other") },
    },
    "cdi-missing",
    /has the device nvidia\.com\/gpu=GPU-/,
  ],
  [
    "a node that cannot be opened",
    {
      gpus: [makeGpu("amd", 0)],
      tools: { head: ran("", 1, "head: cannot open '/dev/dri/renderD128': No such device\n") },
    },
    "gpu-silent",
    /No such device/,
  ],
  [
    "a process slot without its runner",
    { placement: { run: "process", image: null, user: "ci-fleet", uid: null, work: "same-as-host" } },
    "runner-missing",
    /runner 2\.338\.1 is not installed in \/opt\/ci-fleet\/runner\/2\.338\.1\. Run `ci-fleet apply`/,
  ],
];
for (const [name, scene, reason, message] of faults) {
  test(`not fit: ${name}`, async (t) => {
    const found = (await judge(t, scene))[0];
    assert.equal(found?.[0], reason);
    assert.match(found?.[1] ?? "", message);
  });
}

test("what cannot be seen is no fault", async (t) => {
  assert.deepEqual(await judge(t, { disk: () => unseen("permission denied") }), []);
  const files = { "/etc/cdi/nvidia.yaml": spec("535.1.2") };
  assert.deepEqual(await judge(t, { ...NVIDIA, ...HEALTHY, files }), []);
});
