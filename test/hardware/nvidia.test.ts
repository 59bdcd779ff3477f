// What the NVIDIA driver and nvidia-smi say in all their versions.

import assert from "node:assert/strict";
import { test } from "node:test";
import { detectHost } from "../../src/hardware/detect.ts";
import { parseDriverVersion } from "../../src/hardware/nvidia.ts";
import { normalizeBusId, parseSmiCore, parseSmiExtra, parseSmiList } from "../../src/hardware/nvidia-smi.ts";
import type { Inventory } from "../../src/model/inventory.ts";
import type { HostTools, ToolResult } from "../../src/model/ports.ts";
import { type FakeFile, fakeMachine, fakePci } from "./fake-files.ts";

const UUID = "GPU-8f2a1c3d-0b4e-4a6f-9c1d-2e3f4a5b6c7d";
const MIG = "MIG-0a4ee1b5-3f0c-5c0a-9f9d-5d2b5a6c7e01";
const CARD = fakePci("0000:01:00.0", "10de:2684", "030000", {
  driver: { link: "../../../bus/pci/drivers/nvidia" },
});

/** Tools of which only nvidia-smi answers; `answers` by a word of its arguments. */
function smi(answers: Readonly<Record<string, ToolResult>>): HostTools {
  return {
    run: async (command, args) => {
      const key = Object.keys(answers).find((word) => args.join(" ").includes(word));
      return command === "nvidia-smi" && key !== undefined
        ? (answers[key] as ToolResult)
        : { kind: "missing" };
    },
  };
}

const ran = (stdout: string, exitCode = 0): ToolResult => ({ kind: "ran", exitCode, stdout, stderr: "" });

async function detect(files: Record<string, FakeFile>, tools: HostTools): Promise<Inventory> {
  return (await detectHost(fakeMachine(files), tools)).inventory;
}

test("both spellings of the driver's version file are read", () => {
  const closed =
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  384.98  Thu Oct 26 15:16:01 PDT 2017\nGCC version: gcc 4.8";
  const open =
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  525.60.11  Release Build  (builder@host)";
  assert.deepEqual(parseDriverVersion(closed), { version: "384.98", open: false });
  assert.deepEqual(parseDriverVersion(open), { version: "525.60.11", open: true });
  assert.equal(parseDriverVersion("nonsense"), null);
});

test("bus ids lose the long domain of nvidia-smi", () => {
  assert.equal(normalizeBusId("00000000:01:00.0"), "0000:01:00.0");
  assert.equal(normalizeBusId("0000000F:01:00.0"), "000f:01:00.0");
  assert.equal(normalizeBusId("00010000:E1:00.0"), "10000:e1:00.0");
  assert.equal(normalizeBusId("[N/A]"), null);
});

test("cells without an answer are unknown and never numbers", () => {
  assert.deepEqual(parseSmiCore(`0, ${UUID}, 0000000F:01:00.0, NVIDIA GB10, 580.95.05, [N/A]\n`), [
    {
      index: 0,
      uuid: UUID,
      address: "000f:01:00.0",
      name: "NVIDIA GB10",
      driver: "580.95.05",
      memoryMiB: null,
    },
  ]);
  assert.deepEqual(parseSmiCore("[N/A], [Not Supported], N/A, [N/A], [N/A], [Not Supported]\n"), [
    { index: null, uuid: null, address: null, name: null, driver: null, memoryMiB: null },
  ]);
});

test("a comma in a name does not move the columns", () => {
  const [gpu] = parseSmiCore(`1, ${UUID}, 00000000:02:00.0, Graphics Device, rev 2, 550.54, 16384\n`);
  assert.deepEqual([gpu?.name, gpu?.driver, gpu?.memoryMiB], ["Graphics Device, rev 2", "550.54", 16384]);
});

test("rows that are no rows are left out", () => {
  assert.deepEqual(parseSmiCore("No devices were found\n"), []);
  assert.deepEqual([...parseSmiExtra("rubbish\n").keys()], []);
});

test("MIG devices belong to the card above them", () => {
  const text = `GPU 0: NVIDIA A100 (UUID: ${UUID})\n  MIG 1g.5gb     Device  0: (UUID: ${MIG})\n`;
  assert.deepEqual([...parseSmiList(text)], [[UUID, [{ uuid: MIG, profile: "1g.5gb" }]]]);
  assert.deepEqual([...parseSmiList(`  MIG 1g.5gb Device 0: (UUID: ${MIG})\n`)], []);
});

test("a card is joined with what nvidia-smi says about its address", async () => {
  const tools = smi({
    "memory.total": ran(`0, ${UUID}, 00000000:01:00.0, NVIDIA GeForce RTX 4090, 550.163.01, 24564\n`),
    compute_cap: ran(`${UUID}, 8.9, [N/A]\n`),
    "-L": ran(`GPU 0: NVIDIA GeForce RTX 4090 (UUID: ${UUID})\n`),
  });
  const { gpus, nvidia } = await detect(CARD, tools);
  const [gpu] = gpus ?? [];
  assert.deepEqual(
    [gpu?.uuid, gpu?.index, gpu?.memoryMiB, gpu?.computeCapability, gpu?.mig, gpu?.integrated],
    [UUID, 0, 24564, "8.9", [], false],
  );
  assert.deepEqual(nvidia, {
    driver: "550.163.01",
    openModule: null,
    toolkit: null,
    toolkitInstalled: false,
    problem: null,
  });
});

test("an old driver that refuses the extra query still gives the core facts", async () => {
  const tools = smi({
    "memory.total": ran(`0, ${UUID}, 00000000:01:00.0, Tesla K80, 390.157, 11441\n`),
    compute_cap: ran('Field "compute_cap" is not a valid field to query.\n', 2),
    "-L": ran(`GPU 0: Tesla K80 (UUID: ${UUID})\n`),
  });
  const [gpu] = (await detect(CARD, tools)).gpus ?? [];
  assert.deepEqual([gpu?.memoryMiB, gpu?.computeCapability, gpu?.mig], [11441, null, []]);
});

test("every failure of nvidia-smi is named", async () => {
  const problem = async (result: ToolResult): Promise<string | null> => {
    const { nvidia } = await detect(CARD, smi({ "--query": result, "-L": result }));
    return nvidia === null || nvidia === "none" ? "no facts" : nvidia.problem;
  };
  assert.equal(
    await problem(ran("NVIDIA-SMI has failed because…", 9)),
    "nvidia-smi: the NVIDIA driver is not loaded",
  );
  assert.equal(await problem(ran("", 12)), "nvidia-smi: libnvidia-ml.so was not found");
  assert.equal(await problem(ran("", 15)), "nvidia-smi: a GPU has fallen off the bus");
  assert.equal(await problem(ran("", 77)), "nvidia-smi: exit code 77");
  assert.equal(await problem({ kind: "missing" }), "nvidia-smi is not installed");
  assert.equal(await problem({ kind: "timeout", afterMs: 20_000 }), "nvidia-smi gave no answer within 20 s");
});

test("without an NVIDIA card nvidia-smi is not even asked", async () => {
  const asked: string[] = [];
  const tools: HostTools = {
    run: async (command) => {
      asked.push(command);
      return { kind: "missing" };
    },
  };
  const { nvidia, gpus } = await detect({}, tools);
  assert.deepEqual([nvidia, gpus], ["none", []]);
  assert.ok(!asked.includes("nvidia-smi"));
});

test("a UUID before the card's first use is unknown", async () => {
  const files = {
    ...CARD,
    "/proc/driver/nvidia/gpus/0000:01:00.0/information":
      "Model: \t\t NVIDIA H100\nGPU UUID: \t GPU-????????-????-????-????-????????????\n",
  };
  const [gpu] = (await detect(files, smi({}))).gpus ?? [];
  assert.deepEqual([gpu?.name, gpu?.uuid], ["NVIDIA H100", null]);
});

test("a device node without driver is remarked and proves nothing", async () => {
  const files = fakeMachine({ ...CARD, "/dev/nvidiactl": { node: true } });
  const { inventory, remarks } = await detectHost(files, smi({}));
  assert.equal(inventory.nvidia !== null && inventory.nvidia !== "none" && inventory.nvidia.driver, null);
  assert.equal(remarks.length, 1);
  assert.match(remarks[0] ?? "", /\/dev\/nvidiactl exists without a driver/);
});

test("the GPU that WSL lends has no address", async () => {
  const files = {
    "/proc/version": "Linux version 6.6.87.2-microsoft-standard-WSL2 (root@build)",
    "/dev/dxg": { node: true },
    ...fakePci("c5d2:00:00.0", "1414:008e", "030200"),
  } as const;
  const tools = smi({
    "memory.total": ran(`0, ${UUID}, 00000000:01:00.0, NVIDIA GeForce RTX 4070, 572.83, 12282\n`),
  });
  const { gpus, machine, virtualization } = await detect(files, tools);
  assert.deepEqual(
    gpus?.map((gpu) => [gpu.address, gpu.uuid, gpu.driver]),
    [[null, UUID, "dxgkrnl"]],
  );
  assert.deepEqual([machine.model, virtualization.container], ["wsl", "wsl"]);
});
