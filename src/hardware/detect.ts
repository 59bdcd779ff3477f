// Finds out what one machine really has. In: its files, its tools. Out: a Detection; nothing that a machine can
// say makes it throw, and every fact that could not be learned says why.

import type { Detection, GpuFacts, Inventory, IommuFacts } from "../model/inventory.ts";
import type { HostFiles, HostTools } from "../model/ports.ts";
import { readAmd, readAmdCards } from "./amd.ts";
import { readBinfmt } from "./binfmt.ts";
import { readCgroupVersion } from "./cgroup-caps.ts";
import { readCpu } from "./cpu.ts";
import { readDisks } from "./disks.ts";
import { readDocker } from "./docker.ts";
import { type FactNotes, openFactNotes } from "./fact-notes.ts";
import { isDisplay, nameLeftOut, readPciGpus } from "./gpus.ts";
import { readOffPciGpus } from "./gpus-off-pci.ts";
import { readIdentifiers } from "./identifiers.ts";
import { judgePassthrough, readIommu } from "./iommu.ts";
import { readArch, readKernel } from "./kernel.ts";
import { readKvm } from "./kvm.ts";
import { readMachine } from "./machine.ts";
import { readMemory } from "./memory.ts";
import { readNpus } from "./npus.ts";
import { readNvidia, readNvidiaCards, showsNvidia } from "./nvidia.ts";
import { readOs } from "./os.ts";
import { listPciFunctions, openPciNames, type PciFunction } from "./pci.ts";
import { isProxmox, readProxmox } from "./proxmox.ts";
import { readPodman, readSystemd } from "./software.ts";
import { askTools, type QuestionName, type ToolAnswers } from "./tool-answers.ts";
import { readVirtualization } from "./virtualization.ts";

export interface DetectWishes {
  /** Serial numbers and MAC addresses too. */
  readonly identifiers: boolean;
}

export async function detectHost(
  files: HostFiles,
  tools: HostTools,
  wishes: DetectWishes = { identifiers: false },
): Promise<Detection> {
  const notes = openFactNotes();
  const functions = listPciFunctions(files, notes);
  const nvidia = showsNvidia(files, functions?.some((fn) => fn.vendor === "10de" && isDisplay(fn)) ?? false);
  const proxmox = isProxmox(files);
  // Asked first and awaited late: the files are read while the tools work.
  const asked = askTools(files, tools, (name) => isWorthAsking(name, nvidia, proxmox));
  const arch = readArch(files, notes);
  const cpu = readCpu(files, notes);
  const disks = readDisks(files, notes);
  const os = readOs(files, notes);
  const kernel = readKernel(files, notes);
  const npus = readNpus(files, notes);
  const kvm = readKvm(files, notes);
  const binfmt = readBinfmt(files, notes);
  const cgroup = readCgroupVersion(files, notes);
  const answers = await asked;
  const { gpus, iommu } = readGpus(files, functions, answers, notes);
  const inventory: Inventory = {
    version: 1,
    arch,
    machine: readMachine(files, gpus, notes),
    os,
    kernel,
    cpu,
    memory: readMemory(files, gpus, notes),
    disks,
    virtualization: readVirtualization(files, answers, notes),
    cgroup,
    iommu,
    gpus,
    npus,
    nvidia: readNvidia(files, answers, gpus?.some((gpu) => gpu.vendor === "nvidia") ?? null, notes),
    amd: readAmd(files, gpus, notes),
    kvm,
    binfmt,
    docker: await readDocker(files, answers, notes),
    podman: readPodman(files, answers, notes),
    systemd: readSystemd(files, answers, notes),
    proxmox: readProxmox(files, answers, notes),
    identifiers: wishes.identifiers ? readIdentifiers(files, disks, notes) : null,
  };
  return { inventory, sources: notes.sources, remarks: notes.remarks };
}

function isWorthAsking(name: QuestionName, nvidia: boolean, proxmox: boolean): boolean {
  if (name.startsWith("smi")) return nvidia;
  return name.startsWith("pve") ? proxmox : true;
}

function readGpus(
  files: HostFiles,
  functions: readonly PciFunction[] | null,
  answers: ToolAnswers,
  notes: FactNotes,
): { readonly gpus: readonly GpuFacts[] | null; readonly iommu: IommuFacts } {
  const nameOf = openPciNames(files);
  const nvidiaCards = readNvidiaCards(files, answers);
  const sources = { functions: functions ?? [], nvidia: nvidiaCards, amd: readAmdCards(files), nameOf };
  const onPci = readPciGpus(files, sources);
  const ofCards = new Set(onPci.flatMap((gpu) => gpu.functions.map(({ address }) => address)));
  const iommu = readIommu(files, functions, ofCards, nameOf, notes);
  const offPci = readOffPciGpus(files, nvidiaCards, onPci);
  const all = [...onPci.map((gpu) => ({ ...gpu, passthrough: judgePassthrough(iommu, gpu) })), ...offPci];
  const leftOut = nameLeftOut(files, functions ?? []);
  if (leftOut.length > 0) notes.remark(`Not counted as GPUs: ${leftOut.join("; ")}.`);
  if (functions === null && all.length === 0) return { gpus: null, iommu };
  notes.learned("gpus", functions === null ? answers.smiCore.line : "/sys/bus/pci/devices");
  all.forEach((gpu, i) => {
    explainGpu(gpu, i, answers, notes);
  });
  return { gpus: all, iommu };
}

/** Why a card's facts that its vendor should know are missing. */
function explainGpu(gpu: GpuFacts, index: number, answers: ToolAnswers, notes: FactNotes): void {
  const at = (fact: keyof GpuFacts): string => `gpus.${index}.${fact}`;
  if (gpu.vendor === "nvidia" && gpu.uuid === null) {
    const listed =
      gpu.index === null ? "nvidia-smi does not list this card" : "nvidia-smi gives this GPU no UUID";
    const why = gpu.driver === "vfio-pci" ? "the card is bound to vfio-pci" : listed;
    notes.unknown(at("uuid"), answers.smiCore.line, why);
  }
  if (gpu.memoryMiB !== null) return;
  if (gpu.integrated === true) notes.unknown(at("memoryMiB"), null, "shared with the processor, see memory");
  else if (gpu.vendor === "intel") notes.unknown(at("memoryMiB"), null, "i915 and xe publish no memory size");
  else notes.unknown(at("memoryMiB"), null, "no driver told it");
}
