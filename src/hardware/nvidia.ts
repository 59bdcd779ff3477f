// The NVIDIA driver and what it says about each card: first the kernel's files, which are there when the tools are
// not, then nvidia-smi. In: /proc/driver/nvidia, tool answers. Out: NvidiaFacts, and per-card facts by PCI address.

import type { MigDevice, None, NvidiaFacts } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { cleanLabel, cleanWord } from "./clean-text.ts";
import type { FactNotes } from "./fact-notes.ts";
import { exists, parsePairs } from "./kernel-formats.ts";
import {
  nameSmiExit,
  normalizeBusId,
  parseSmiCore,
  parseSmiExtra,
  parseSmiList,
  readGpuUuid,
  type SmiGpu,
} from "./nvidia-smi.ts";
import {
  explainSilence,
  isInstalled,
  NOT_ASKED,
  readOutput,
  type ToolAnswer,
  type ToolAnswers,
} from "./tool-answers.ts";

const PROC_DIR = "/proc/driver/nvidia";

/** What is known of one card beside its PCI facts. */
export interface NvidiaCard {
  readonly address: string | null;
  readonly uuid: string | null;
  readonly name: string | null;
  readonly index: number | null;
  readonly memoryMiB: number | null;
  readonly computeCapability: string | null;
  readonly mig: readonly MigDevice[] | null;
}

/** Is there any sign of NVIDIA hardware or driver, so that its tools are worth a call? */
export function showsNvidia(files: HostFiles, hasNvidiaFunction: boolean): boolean {
  return (
    hasNvidiaFunction || isTegra(files) || exists(files, `${PROC_DIR}/version`) || exists(files, "/dev/dxg")
  );
}

/** NVIDIA's own rule for its integrated platforms (go-nvlib, pkg/nvlib/info). */
export function isTegra(files: HostFiles): boolean {
  const release = files.stat("/etc/nv_tegra_release");
  if (release.ok && release.value.kind === "file") return true;
  const family = files.readText("/sys/devices/soc0/family");
  return family.ok && family.value.trim().toLowerCase().startsWith("tegra");
}

export function readNvidiaCards(files: HostFiles, answers: ToolAnswers): readonly NvidiaCard[] {
  const fromProc = readProcCards(files);
  const core = parseSmiCore(readOutput(answers.smiCore) ?? "");
  const extra = parseSmiExtra(readOutput(answers.smiExtra) ?? "");
  const listed = readOutput(answers.smiList);
  const migOf = parseSmiList(listed ?? "");
  const cards: NvidiaCard[] = core.map((gpu) => {
    const more = gpu.uuid === null ? undefined : extra.get(gpu.uuid);
    const mig = gpu.uuid === null ? undefined : migOf.get(gpu.uuid);
    return {
      address: gpu.address,
      uuid: gpu.uuid,
      name: gpu.name,
      index: gpu.index,
      memoryMiB: readMemory(gpu),
      computeCapability: more?.computeCapability ?? null,
      mig: mig ?? (more?.migEnabled === false ? [] : null),
    };
  });
  const known = new Set(cards.map((card) => card.address));
  return [...cards, ...fromProc.filter((card) => !known.has(card.address))];
}

/** 0 is what some integrated parts report instead of "not supported". */
function readMemory(gpu: SmiGpu): number | null {
  return gpu.memoryMiB === 0 ? null : gpu.memoryMiB;
}

/** Lines of `gpus/<address>/information`, split at the first colon (kernel-open/nvidia/nv-procfs.c). */
function readProcCards(files: HostFiles): readonly NvidiaCard[] {
  const names = files.list(`${PROC_DIR}/gpus`);
  if (!names.ok) return [];
  return names.value.flatMap((name) => {
    const address = normalizeBusId(name);
    const text = address === null ? null : files.readText(`${PROC_DIR}/gpus/${name}/information`);
    if (text === null || !text.ok) return [];
    const pairs = parsePairs(text.value, ":");
    return [
      {
        address,
        uuid: readGpuUuid(pairs.get("GPU UUID") ?? ""),
        name: cleanLabel(pairs.get("Model") ?? ""),
        index: null,
        memoryMiB: null,
        computeCapability: null,
        mig: null,
      },
    ];
  });
}

export function readNvidia(
  files: HostFiles,
  answers: ToolAnswers,
  present: boolean | null,
  notes: FactNotes,
): NvidiaFacts | None | null {
  const toolkit = readToolkit(files, answers.toolkit);
  const versionText = files.readText(`${PROC_DIR}/version`);
  if (!versionText.ok && present === null && !toolkit.installed) {
    notes.unknown("nvidia", PROC_DIR, "the PCI devices are not readable");
    return null;
  }
  if (!versionText.ok && present !== true && !toolkit.installed) {
    notes.learned("nvidia", PROC_DIR);
    return "none";
  }
  const loaded = versionText.ok ? parseDriverVersion(versionText.value) : null;
  const asked = parseSmiCore(readOutput(answers.smiCore) ?? "").find((gpu) => gpu.driver !== null)?.driver;
  const driver = loaded?.version ?? asked ?? null;
  notes.learned("nvidia", loaded === null ? answers.smiCore.line : `${PROC_DIR}/version`);
  if (driver === null) notes.unknown("nvidia.driver", `${PROC_DIR}/version`, "no NVIDIA driver is loaded");
  if (toolkit.version === null)
    notes.unknown("nvidia.toolkit", answers.toolkit.line, explainToolkit(answers.toolkit));
  if (driver === null && exists(files, "/dev/nvidiactl")) {
    notes.remark(
      "/dev/nvidiactl exists without a driver: nvidia-smi makes it when root runs it, it proves nothing.",
    );
  }
  return {
    driver,
    openModule: loaded?.open ?? null,
    toolkit: toolkit.version,
    toolkitInstalled: toolkit.installed,
    problem:
      present === true && answers.smiCore.result !== NOT_ASKED ? describeProblem(answers.smiCore) : null,
  };
}

/** Both spellings: `Kernel Module  384.98` and, for the open one, `Open Kernel Module for x86_64  525.60.11`. */
export function parseDriverVersion(
  text: string,
): { readonly version: string; readonly open: boolean } | null {
  const match = /^NVRM version:.*?Kernel Module(?: for \S+)?\s+(\d+(?:\.\d+)+)/m.exec(text.slice(0, 4096));
  return match === null ? null : { version: match[1] as string, open: /Open Kernel Module/.test(text) };
}

function describeProblem(answer: ToolAnswer): string | null {
  const { result } = answer;
  if (result.kind === "ran")
    return result.exitCode === 0 ? null : `nvidia-smi: ${nameSmiExit(result.exitCode)}`;
  return explainSilence(answer);
}

function readToolkit(
  files: HostFiles,
  answer: ToolAnswer,
): { readonly version: string | null; readonly installed: boolean } {
  const line = /version:?\s+v?(\d+\.\d+\.\d+[0-9A-Za-z.~+-]*)/.exec(readOutput(answer) ?? "")?.[1];
  const installed =
    answer.installed ||
    isInstalled(files, "nvidia-container-runtime") ||
    isInstalled(files, "nvidia-container-cli");
  return { version: line === undefined ? null : cleanWord(line), installed };
}

function explainToolkit(answer: ToolAnswer): string {
  return explainSilence(answer) ?? "nvidia-ctk printed no version";
}
