// How busy cards are, from what NVIDIA's tool prints and AMD's driver keeps in files.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openHostFiles } from "../../src/adapters/host-files.ts";
import { observeCards } from "../../src/adapters/observe-cards.ts";
import type { PlannedHost } from "../../src/model/plan.ts";
import type { HostTools, ToolResult } from "../../src/model/ports.ts";
import { makeHost, makePlacement } from "../render/systemd-fleet.ts";
import { makeFolder } from "./folder.ts";

const UUID = "GPU-3a23b6d0-1111-2222-3333-444444444444";

function makeCards(vendor: "nvidia" | "amd" | "intel", address: string): PlannedHost {
  const gpu = { vendor, id: address, selector: address, name: null, address, renderNode: null, index: 0 };
  const placement = makePlacement();
  const slots = placement.slots.map((slot) => ({ ...slot, gpus: [gpu] }));
  return makeHost({ placements: [{ ...placement, slots }] });
}

function tools(answer: ToolResult): HostTools & { readonly asked: string[] } {
  const asked: string[] = [];
  const run = async (command: string) => {
    asked.push(command);
    return answer;
  };
  return { asked, run };
}

const said = (stdout: string, exitCode = 0): ToolResult => ({ kind: "ran", exitCode, stdout, stderr: "" });

test("NVIDIA's numbers become a share of one and bytes; what a card does not say is null", async (t) => {
  const files = openHostFiles(makeFolder(t));
  const text = `${UUID}, 35, 1024, 24564\nGPU-00000000-1111-2222-3333-444444444444, [N/A], [N/A], 100\nwarning: x\n`;
  const found = await observeCards(makeCards("nvidia", "0000:01:00.0"), files, tools(said(text)));
  const MIB = 1024 * 1024;
  assert.deepEqual(found, [
    { id: UUID, vendor: "nvidia", busy: 0.35, memoryUsed: 1024 * MIB, memoryTotal: 24_564 * MIB },
    {
      id: "GPU-00000000-1111-2222-3333-444444444444",
      vendor: "nvidia",
      busy: null,
      memoryUsed: null,
      memoryTotal: 100 * MIB,
    },
  ]);
});

test("a tool that is missing, fails, hangs or babbles tells of no card", async (t) => {
  const files = openHostFiles(makeFolder(t));
  const answers: readonly ToolResult[] = [
    { kind: "missing" },
    { kind: "timeout", afterMs: 1 },
    said(`${UUID}, 1, 1, 1\n`, 9),
    said("Failed to initialize NVML: Driver/library version mismatch\n"),
    said(""),
  ];
  for (const answer of answers)
    assert.deepEqual(await observeCards(makeCards("nvidia", "0000:01:00.0"), files, tools(answer)), []);
});

test("AMD's are read from the driver's files, once for each card; nobody is asked for Intel's", async (t) => {
  const root = makeFolder(t);
  const folder = join(root, "sys/bus/pci/devices/0000:03:00.0");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "gpu_busy_percent"), "7\n");
  writeFileSync(join(folder, "mem_info_vram_used"), "1048576\n");
  writeFileSync(join(folder, "mem_info_vram_total"), "garbage\n");
  const asked = tools(said(""));
  const found = await observeCards(makeCards("amd", "0000:03:00.0"), openHostFiles(root), asked);
  assert.deepEqual(found, [
    { id: "0000:03:00.0", vendor: "amd", busy: 0.07, memoryUsed: 1_048_576, memoryTotal: null },
  ]);
  assert.deepEqual(await observeCards(makeCards("intel", "0000:03:00.0"), openHostFiles(root), asked), []);
  assert.deepEqual(asked.asked, []);
});
