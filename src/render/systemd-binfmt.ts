// How the kernel knows a program of another platform: the first 20 bytes of its ELF header (elf(5)), as rules for
// binfmt_misc. In: platforms. Out: what binfmt.sh registers.

import type { PlannedHost } from "../model/plan.ts";
import { familyOf } from "../model/platforms.ts";

/** QEMU's name of the processor, and from the ELF header: class (bits), byte order, e_machine. */
const MACHINES: Readonly<
  Record<string, readonly [qemu: string, bits: 32 | 64, order: "little" | "big", machine: number]>
> = {
  "linux/386": ["i386", 32, "little", 3],
  "linux/amd64": ["x86_64", 64, "little", 62],
  "linux/arm": ["arm", 32, "little", 40],
  "linux/arm64": ["aarch64", 64, "little", 183],
  "linux/loong64": ["loongarch64", 64, "little", 258],
  "linux/ppc64le": ["ppc64le", 64, "little", 21],
  "linux/riscv64": ["riscv64", 64, "little", 243],
  "linux/s390x": ["s390x", 64, "big", 22],
};

/** A type, for views take no interfaces. */
export type Handler = {
  readonly platform: string;
  readonly qemu: string;
  /** Of the entry in /proc/sys/fs/binfmt_misc. */
  readonly name: string;
  readonly flags: "F" | "CF";
  readonly magic: string;
  readonly mask: string;
};

export function describeHandlers(fleet: string, host: PlannedHost): readonly Handler[] {
  const families = [...new Set(host.emulate.map(familyOf))];
  const isRunner = (family: string) =>
    host.placements.some(({ emulated, platform }) => emulated && familyOf(platform) === family);
  return families.map((family) => {
    const machine = Object.hasOwn(MACHINES, family) ? MACHINES[family] : undefined;
    if (machine === undefined) throw new Error(`there is no rule for ${family}`);
    const [qemu] = machine;
    const flags = isRunner(family) ? "CF" : "F";
    return { platform: family, qemu, name: `${fleet}-${qemu}`, flags, ...writeRule(machine) };
  });
}

/**
 * Compared are magic number, class, byte order, version, e_type (2 or 3: program or position-independent
 * program, hence the cleared bit) and e_machine; the ABI and what pads it are not.
 */
function writeRule([, bits, order, machine]: (typeof MACHINES)[string]): { magic: string; mask: string } {
  const two = (low: number, high: number) => (order === "little" ? [low, high] : [high, low]);
  const identity = [0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, order === "little" ? 1 : 2, 1, 0, 0];
  const padding = Array.from({ length: 7 }, () => 0);
  const magic = [...identity, ...padding, ...two(2, 0), ...two(machine & 0xff, machine >> 8)];
  const mask = [
    ...Array.from({ length: 7 }, () => 0xff),
    0x00,
    ...Array.from({ length: 8 }, () => 0xff),
    ...two(0xfe, 0xff),
    0xff,
    0xff,
  ];
  return { magic: writeBytes(magic), mask: writeBytes(mask) };
}

function writeBytes(bytes: readonly number[]): string {
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}
