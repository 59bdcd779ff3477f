// How busy the cards of this host's slots are: NVIDIA's by its own tool, AMD's by the kernel's driver; Intel's tell
// nobody without a tool of their own. In: the slots' cards, files and tools. Out: what could be read; a sick card
// answers never, so the question has an end.

import type { CardLoad } from "../model/host-observation.ts";
import type { PlannedHost, SlotGpu } from "../model/plan.ts";
import type { HostFiles, HostTools } from "../model/ports.ts";

const TIMEOUT_MS = 10_000;
const MIB = 1024 * 1024;
const QUERY = "--query-gpu=uuid,utilization.gpu,memory.used,memory.total";
/** A machine has at most 32 cards; more lines are no answer of nvidia-smi's. */
const MOST_CARDS = 64;

export async function observeCards(
  host: PlannedHost,
  files: HostFiles,
  tools: HostTools,
): Promise<readonly CardLoad[]> {
  const cards = host.placements.flatMap(({ slots }) => slots.flatMap(({ gpus }) => gpus));
  const hasNvidia = cards.some(({ vendor }) => vendor === "nvidia");
  const nvidia = hasNvidia ? await askNvidia(tools) : [];
  return [...nvidia, ...readAmd(cards, files)];
}

async function askNvidia(tools: HostTools): Promise<readonly CardLoad[]> {
  const answer = await tools.run("nvidia-smi", [QUERY, "--format=csv,noheader,nounits"], TIMEOUT_MS);
  if (answer.kind !== "ran" || answer.exitCode !== 0) return [];
  return answer.stdout.split("\n").slice(0, MOST_CARDS).flatMap(readLine);
}

/** `GPU-3a23…, 35, 1024, 24564`; `[N/A]` where a card does not say. */
function readLine(line: string): readonly CardLoad[] {
  const [id = "", busy = "", used = "", total = ""] = line.split(",").map((word) => word.trim());
  if (!/^GPU-[0-9a-f-]{36}$/.test(id)) return [];
  const percent = readNumber(busy);
  const bytes = (word: string) => {
    const read = readNumber(word);
    return read === null ? null : read * MIB;
  };
  return [
    {
      id,
      vendor: "nvidia",
      busy: percent === null ? null : percent / 100,
      memoryUsed: bytes(used),
      memoryTotal: bytes(total),
    },
  ];
}

/** amdgpu's files (Linux, Documentation/gpu/amdgpu/thermal.rst and driver-misc.rst). */
function readAmd(cards: readonly SlotGpu[], files: HostFiles): readonly CardLoad[] {
  const addresses = new Set(
    cards.flatMap(({ vendor, address }) => (vendor === "amd" && address !== null ? [address] : [])),
  );
  return [...addresses].toSorted().flatMap((address): readonly CardLoad[] => {
    const read = (name: string) => {
      const text = files.readText(`/sys/bus/pci/devices/${address}/${name}`);
      return text.ok ? readNumber(text.value.trim()) : null;
    };
    const percent = read("gpu_busy_percent");
    const memoryUsed = read("mem_info_vram_used");
    const memoryTotal = read("mem_info_vram_total");
    if (percent === null && memoryUsed === null && memoryTotal === null) return [];
    const busy = percent === null ? null : percent / 100;
    return [{ id: address, vendor: "amd", busy, memoryUsed, memoryTotal }];
  });
}

function readNumber(word: string): number | null {
  return /^\d{1,15}$/.test(word) ? Number(word) : null;
}
