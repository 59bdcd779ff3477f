// The way a card reaches its jobs, for each combination of engine and Compose that decides it.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Inventory } from "../../src/model/inventory.ts";
import type { GpuAccess, PlannedSlot } from "../../src/model/plan.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import {
  makeCard,
  makeDocker,
  makeFleet,
  makeInputs,
  makeInventory,
  makeMachine,
  makeNvidiaInventory,
  makePool,
  makeRequest,
} from "./make-fleet.ts";

const LISTED = { enabled: true, devices: [`nvidia.com/gpu=${makeCard(1).uuid}`, "nvidia.com/gpu=all"] };

function access(
  inventory: Inventory,
  vendor: "nvidia" | "amd" | "intel" = "nvidia",
  run: "container" | "process" = "container",
): { readonly gpu: GpuAccess | null; readonly slots: readonly PlannedSlot[] } {
  const fleet = makeFleet(
    [makeMachine("forge")],
    [
      makePool("gpu", {
        run,
        gpu: makeRequest({ vendor, capabilities: vendor === "nvidia" ? ["compute"] : [] }),
      }),
    ],
  );
  const { value, diagnostics } = planFleet(fleet, makeInputs({ forge: inventory }));
  const placement = value?.hosts[0]?.placements[0];
  assert.ok(placement !== undefined, JSON.stringify(diagnostics));
  return placement;
}

const nvidia = (docker: Parameters<typeof makeDocker>[0]) =>
  access(makeNvidiaInventory([makeCard(1)], { docker: makeDocker(docker) })).gpu;

test("CDI names where engine and Compose know them", () => {
  assert.deepEqual(nvidia({ engine: "28.3.0", compose: "2.30.0", cdi: LISTED }), {
    kind: "cdi",
    vendor: "nvidia",
    why: "Engine 28.3.0 and Compose 2.30.0 take CDI names",
  });
});

test("Compose 5 follows Compose 2 and is newer than 2.30", () => {
  assert.equal(nvidia({ compose: "5.5.0", cdi: LISTED })?.kind, "cdi");
});

test("an older engine whose CDI was switched on counts too", () => {
  assert.equal(nvidia({ engine: "25.0.3", cdi: LISTED })?.kind, "cdi");
});

test("an older Compose takes CDI names in a reservation", () => {
  assert.deepEqual(nvidia({ compose: "2.29.7", cdi: LISTED }), {
    kind: "reservation",
    vendor: "nvidia",
    capabilities: ["compute"],
    driver: "cdi",
    why: "Engine 29.1.0 takes CDI names, Compose 2.29.7 only in reservations",
  });
});

test("an engine without CDI reserves devices", () => {
  assert.deepEqual(nvidia({ engine: "20.10.24+dfsg1", cdi: null }), {
    kind: "reservation",
    vendor: "nvidia",
    capabilities: ["compute"],
    driver: "nvidia",
    why: "Engine 20.10.24+dfsg1 has no CDI devices",
  });
});

test("CDI without a list of NVIDIA devices is of no use", () => {
  const gpu = nvidia({ cdi: { enabled: true, devices: ["amd.com/gpu=all"] } });
  assert.deepEqual(gpu?.kind === "reservation" ? gpu.driver : gpu, "nvidia");
});

test("an engine that did not answer gets what every engine knows", () => {
  assert.equal(
    nvidia({ engine: null, cdi: LISTED })?.why,
    "the engine is unknown; every engine knows this way",
  );
});

test("Jetson's GPU is reached by the NVIDIA runtime", () => {
  const jetson = makeCard(1, { address: null, uuid: null, index: null, driver: "nvgpu", integrated: true });
  const { gpu, slots } = access(
    makeNvidiaInventory([jetson], {
      arch: "arm64",
      machine: {
        vendor: "NVIDIA",
        product: "Orin",
        model: "jetson",
        secureBoot: null,
        firmware: "device-tree",
      },
    }),
  );
  assert.equal(gpu?.kind, "runtime");
  assert.deepEqual(slots[0]?.gpus[0]?.selector, "0");
});

test("AMD cards are /dev/kfd for all, a render node each, and numeric groups", () => {
  const { gpu, slots } = access(
    makeInventory({
      gpus: [makeCard(1, { vendor: "amd", driver: "amdgpu", uuid: "0123456789abcdef", renderGid: 993 })],
      amd: { kfd: true, renderGid: 993, videoGid: 44 },
    }),
    "amd",
  );
  assert.deepEqual(gpu, {
    kind: "nodes",
    vendor: "amd",
    shared: ["/dev/kfd"],
    groups: [44, 993],
    why: "AMD cards are device nodes: /dev/kfd for all, a render node for each",
  });
  assert.equal(slots[0]?.gpus[0]?.renderNode, "/dev/dri/renderD128");
});

test("Intel cards are a render node each", () => {
  const { gpu } = access(
    makeInventory({ gpus: [makeCard(1, { vendor: "intel", driver: "xe", uuid: null, renderGid: 109 })] }),
    "intel",
  );
  assert.deepEqual(gpu?.kind === "nodes" ? [gpu.shared, gpu.groups] : gpu, [[], [109]]);
});

test("a process is told its cards by a variable, each vendor in its own words", () => {
  const amdCard = makeCard(1, {
    vendor: "amd",
    driver: "amdgpu",
    uuid: "0x0123456789ABCDEF",
    renderGid: 993,
  });
  const amd = access(
    makeInventory({ gpus: [amdCard], amd: { kfd: true, renderGid: 993, videoGid: null } }),
    "amd",
    "process",
  );
  const intel = access(
    makeInventory({ gpus: [1, 2].map((n) => makeCard(n, { vendor: "intel", driver: "i915", uuid: null })) }),
    "intel",
    "process",
  );
  const green = access(makeNvidiaInventory([makeCard(1)]), "nvidia", "process");
  assert.deepEqual(
    [green, amd, intel].map(({ gpu, slots }) => [
      gpu?.kind === "environment" ? gpu.variable : null,
      slots[0]?.gpus[0]?.selector,
      gpu?.kind === "environment" ? gpu.groups : null,
      gpu?.kind === "environment" ? gpu.order : undefined,
    ]),
    [
      ["CUDA_VISIBLE_DEVICES", "GPU-00000000-0000-0000-0000-000000000001", [], null],
      ["ROCR_VISIBLE_DEVICES", "GPU-0123456789abcdef", [993], null],
      ["ZE_AFFINITY_MASK", "0", [105], { variable: "ZE_ENABLE_PCI_ID_DEVICE_ORDER", value: "1" }],
    ],
  );
});
