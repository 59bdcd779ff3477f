// Names of ARM cores: /proc/cpuinfo on arm64 has no model name, only the implementer and part numbers of MIDR_EL1.
// The table is the server, desktop and board part of util-linux's sys-utils/lscpu-arm.c.
// In: cpuinfo pairs. Out: `Cortex-X925 + Cortex-A725`, or null.

const PARTS: Readonly<Record<string, string>> = {
  "41:c07": "Cortex-A7",
  "41:c09": "Cortex-A9",
  "41:c0f": "Cortex-A15",
  "41:d03": "Cortex-A53",
  "41:d05": "Cortex-A55",
  "41:d07": "Cortex-A57",
  "41:d08": "Cortex-A72",
  "41:d09": "Cortex-A73",
  "41:d0a": "Cortex-A75",
  "41:d0b": "Cortex-A76",
  "41:d0c": "Neoverse-N1",
  "41:d0d": "Cortex-A77",
  "41:d40": "Neoverse-V1",
  "41:d41": "Cortex-A78",
  "41:d42": "Cortex-A78AE",
  "41:d44": "Cortex-X1",
  "41:d46": "Cortex-A510",
  "41:d47": "Cortex-A710",
  "41:d48": "Cortex-X2",
  "41:d49": "Neoverse-N2",
  "41:d4a": "Neoverse-E1",
  "41:d4b": "Cortex-A78C",
  "41:d4d": "Cortex-A715",
  "41:d4e": "Cortex-X3",
  "41:d4f": "Neoverse-V2",
  "41:d80": "Cortex-A520",
  "41:d81": "Cortex-A720",
  "41:d82": "Cortex-X4",
  "41:d83": "Neoverse-V3AE",
  "41:d84": "Neoverse-V3",
  "41:d85": "Cortex-X925",
  "41:d87": "Cortex-A725",
  "41:d8e": "Neoverse-N3",
  "46:001": "A64FX",
  "48:d01": "Kunpeng-920",
  "4e:003": "Denver 2",
  "4e:004": "Carmel",
  "4e:010": "Olympus",
  "51:001": "Oryon",
  "c0:ac3": "Ampere-1",
  "c0:ac4": "Ampere-1a",
};

/** `41:d87`, null where this CPU does not identify itself the ARM way. */
export function readArmPart(pairs: ReadonlyMap<string, string>): string | null {
  const implementer = /^0x([0-9a-f]{2})$/i.exec(pairs.get("CPU implementer") ?? "");
  const part = /^0x([0-9a-f]{3})$/i.exec(pairs.get("CPU part") ?? "");
  return implementer === null || part === null ? null : `${implementer[1]}:${part[1]}`.toLowerCase();
}

export function nameArmPart(part: string): string {
  return PARTS[part] ?? `ARM ${part}`;
}

/** The kinds of core of a machine, those of the higher part number (as a rule the larger) first. */
export function nameArmCores(cpus: readonly ReadonlyMap<string, string>[]): string | null {
  const parts = new Set(cpus.map(readArmPart).filter((part) => part !== null));
  if (parts.size === 0) return null;
  return [...parts].sort().map(nameArmPart).join(" + ");
}
