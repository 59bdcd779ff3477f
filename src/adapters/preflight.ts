// Looks at what a job of one slot will need, each thing within a time limit: a sick card or engine answers never.
// In: the slot, files and tools of this machine. Out: facts; what they mean is judged in mint.

import type { SlotGpu } from "../model/plan.ts";
import type { HostFiles, HostTools } from "../model/ports.ts";
import type { CardAnswer, CdiFacts, MachineFacts, SlotPlace } from "../model/slot-start.ts";
import { readCdiFiles } from "./cdi-files.ts";
import { explainDocker } from "./observe-containers.ts";
import type { DiskReader } from "./observe-disk.ts";

export interface PreflightPorts {
  readonly files: HostFiles;
  readonly tools: HostTools;
  readonly readDisk: DiskReader;
}

/** A driver without persistence mode starts up for each question, card after card. */
const CARD_TIMEOUT_MS = 20_000;
const ENGINE_TIMEOUT_MS = 20_000;

export async function lookAtMachine(place: SlotPlace, ports: PreflightPorts): Promise<MachineFacts> {
  const { placement, slot, places, plan } = place;
  const [engine, answers] = await Promise.all([
    askEngine(place, ports.tools),
    Promise.all(slot.gpus.map((gpu) => askCard(gpu, ports.tools))),
  ]);
  const runner = `${places.runner}/${plan.runner.version}`;
  const isInstalled = placement.run === "container" || ports.files.stat(`${runner}/bin/Runner.Listener`).ok;
  return {
    disks: listDisks(place, engine.folder).map((path) => ports.readDisk(path)),
    engineFault: engine.fault,
    cards: new Map(slot.gpus.map(({ id }, at) => [id, answers[at] as CardAnswer])),
    cdi: usesCdi(place) ? readCdi(ports.files) : null,
    runnerMissing: isInstalled ? null : runner,
  };
}

/** Of a container without a folder of its own the job's files lie where the engine keeps its layers. */
function listDisks({ places, slot, placement }: SlotPlace, engineFolder: string | null): readonly string[] {
  const engine = placement.run === "container" && engineFolder !== null ? [engineFolder] : [];
  return [`${places.state}/${slot.name}`, ...engine];
}

interface EngineAnswer {
  readonly fault: string | null;
  readonly folder: string | null;
}

async function askEngine({ placement }: SlotPlace, tools: HostTools): Promise<EngineAnswer> {
  // A rootless engine is a unit that starts beside the slots; the runner itself waits for it.
  const isNeeded = placement.run === "container" || placement.docker === "socket";
  if (!isNeeded) return { fault: null, folder: null };
  const answer = await tools.run("docker", ["info", "--format", "{{.DockerRootDir}}"], ENGINE_TIMEOUT_MS);
  const said = explainDocker(answer);
  const folder = answer.kind === "ran" ? answer.stdout.trim() : "";
  // A client that cannot reach the engine prints its template with nothing in it, and some exit 0 all the same.
  if (said === null && !folder.startsWith("/"))
    return { fault: "it said nothing about itself", folder: null };
  return { fault: said, folder: said === null ? folder : null };
}

async function askCard(gpu: SlotGpu, tools: HostTools): Promise<CardAnswer> {
  return gpu.vendor === "nvidia" ? askNvidia(gpu, tools) : openNode(gpu, tools);
}

/** A question that the card itself must answer; of a MIG device only the list tells. */
async function askNvidia({ selector }: SlotGpu, tools: HostTools): Promise<CardAnswer> {
  const isMig = selector.startsWith("MIG-");
  const args = isMig ? ["-L"] : [`--id=${selector}`, "--query-gpu=uuid,memory.used", "--format=csv,noheader"];
  const answer = await tools.run("nvidia-smi", args, CARD_TIMEOUT_MS);
  if (answer.kind === "timeout") return { kind: "silent", afterMs: answer.afterMs };
  if (answer.kind === "missing") return { kind: "failed", why: "nvidia-smi is not installed" };
  if (answer.kind === "failed") return { kind: "failed", why: answer.cause };
  if (answer.exitCode !== 0)
    return { kind: "failed", why: firstLine(answer.stdout + answer.stderr, answer.exitCode) };
  if (isMig && !answer.stdout.includes(`(UUID: ${selector})`)) {
    return { kind: "failed", why: "nvidia-smi -L does not list it" };
  }
  return { kind: "answered" };
}

/** Opening a device node can wait in the kernel for ever, so another process does it. */
async function openNode({ renderNode }: SlotGpu, tools: HostTools): Promise<CardAnswer> {
  if (renderNode === null) return { kind: "answered" };
  const answer = await tools.run("head", ["-c", "0", "--", renderNode], CARD_TIMEOUT_MS);
  if (answer.kind === "timeout") return { kind: "silent", afterMs: answer.afterMs };
  if (answer.kind !== "ran") return { kind: "answered" };
  return answer.exitCode === 0
    ? { kind: "answered" }
    : { kind: "failed", why: firstLine(answer.stderr, answer.exitCode) };
}

function firstLine(text: string, exitCode: number): string {
  const line = text.split("\n").find((each) => each.trim() !== "");
  return line?.trim().slice(0, 200) ?? `exit code ${exitCode}`;
}

function usesCdi({ placement }: SlotPlace): boolean {
  const { gpu } = placement;
  return gpu?.kind === "cdi" || (gpu?.kind === "reservation" && gpu.driver === "cdi");
}

function readCdi(files: HostFiles): CdiFacts {
  const isNvidias = ([, text]: readonly [string, string]) => text.includes("nvidia.com/gpu");
  const driver = files.readText("/sys/module/nvidia/version");
  return {
    specs: new Map([...readCdiFiles(files)].filter(isNvidias)),
    driver: driver.ok ? driver.value.trim() || null : null,
  };
}
