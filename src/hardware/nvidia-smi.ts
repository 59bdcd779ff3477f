// Reads what nvidia-smi prints. Cells say `[N/A]`, `[Not Supported]` or `N/A` where the driver does not know; GB10
// says so for its memory, which it shares with the processor. In: stdout texts. Out: rows.

import type { MigDevice } from "../model/inventory.ts";
import { cleanLabel, cleanWord } from "./clean-text.ts";
import { PCI_ADDRESS } from "./kernel-formats.ts";

export interface SmiGpu {
  readonly index: number | null;
  readonly uuid: string | null;
  /** In sysfs's spelling: `000f:01:00.0`. */
  readonly address: string | null;
  readonly name: string | null;
  readonly driver: string | null;
  readonly memoryMiB: number | null;
}

export interface SmiExtra {
  readonly computeCapability: string | null;
  readonly migEnabled: boolean | null;
}

const GPU_UUID = /^GPU-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MIG_UUID = /^MIG-[0-9A-Za-z/-]{8,80}$/;

/** Columns of QUESTIONS.smiCore. */
export function parseSmiCore(stdout: string): readonly SmiGpu[] {
  return splitRows(stdout).flatMap((cells) => {
    if (cells.length < 6) return [];
    // Nothing is quoted: a comma can only be part of the name, the one free text among the columns.
    const [index, uuid, address] = cells;
    const [driver, memory] = cells.slice(-2);
    return [
      {
        index: toWholeNumber(index),
        uuid: readGpuUuid(uuid ?? ""),
        address: normalizeBusId(address ?? ""),
        name: cleanLabel(cells.slice(3, -2).join(", ")),
        driver: cleanWord(driver ?? "", /^\d+(?:\.\d+)+$/),
        memoryMiB: toWholeNumber(memory),
      },
    ];
  });
}

/** Columns of QUESTIONS.smiExtra, by UUID. */
export function parseSmiExtra(stdout: string): ReadonlyMap<string, SmiExtra> {
  const rows = new Map<string, SmiExtra>();
  for (const [uuid, capability, mig] of splitRows(stdout)) {
    const key = readGpuUuid(uuid ?? "");
    if (key === null) continue;
    rows.set(key, {
      computeCapability: cleanWord(capability ?? "", /^\d{1,2}\.\d{1,2}$/),
      migEnabled: mig === "Enabled" ? true : mig === "Disabled" ? false : null,
    });
  }
  return rows;
}

/** `nvidia-smi -L`: cards at the margin, their MIG devices indented below them. By the card's UUID. */
export function parseSmiList(stdout: string): ReadonlyMap<string, readonly MigDevice[]> {
  const cards = new Map<string, MigDevice[]>();
  let current: MigDevice[] | null = null;
  for (const line of stdout.split("\n")) {
    const uuid = /\(UUID: ([^)]+)\)\s*$/.exec(line)?.[1];
    if (uuid === undefined) continue;
    const profile = /^\s+MIG (\S+)\s+Device\s+\d+:/.exec(line)?.[1];
    if (profile === undefined) {
      const key = readGpuUuid(uuid);
      current = key === null ? null : [];
      if (key !== null && current !== null) cards.set(key, current);
    } else if (current !== null && MIG_UUID.test(uuid) && /^[0-9a-z.+]{2,40}$/i.test(profile)) {
      current.push({ uuid, profile });
    }
  }
  return cards;
}

/** `00000000:01:00.0`, `0000000F:01:00.0` → the kernel's four digits, lower case. */
export function normalizeBusId(text: string): string | null {
  const match = /^([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/i.exec(text.trim());
  if (match === null) return null;
  const domain = Number.parseInt(match[1] as string, 16)
    .toString(16)
    .padStart(4, "0");
  const address = `${domain}:${match[2]}:${match[3]}.${match[4]}`.toLowerCase();
  return PCI_ADDRESS.test(address) ? address : null;
}

/** Before the card's first use the driver prints `GPU-????????-…`. */
export function readGpuUuid(text: string): string | null {
  const trimmed = text.trim();
  return GPU_UUID.test(trimmed) ? trimmed : null;
}

/** What the exit code says, from the man page nvidia-smi(1), RETURN VALUE. */
export function nameSmiExit(code: number): string {
  return SMI_EXITS[code] ?? `exit code ${code}`;
}

const SMI_EXITS: Readonly<Record<number, string>> = {
  2: "a query that this driver does not know",
  3: "operation not available on the device",
  4: "no permission",
  6: "device not found",
  8: "a power cable is not attached",
  9: "the NVIDIA driver is not loaded",
  10: "the kernel found an interrupt problem with a GPU",
  12: "libnvidia-ml.so was not found",
  13: "libnvidia-ml.so is too old",
  14: "the infoROM is corrupt",
  15: "a GPU has fallen off the bus",
  255: "an error that the driver does not name",
};

function splitRows(stdout: string): readonly (readonly string[])[] {
  return stdout
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(0, 256)
    .map((line) => line.split(",").map((cell) => cell.trim()));
}

/** Never parseInt: of `[N/A]` nothing may become a number. */
function toWholeNumber(cell: string | undefined): number | null {
  return cell !== undefined && /^\d{1,9}$/.test(cell) ? Number(cell) : null;
}
