// The platforms that jobs may build and run under QEMU, in the words of OCI images. In: nothing. Out: a list that
// the spec admits and for which render has a rule each.

/** What `tonistiigi/binfmt` and Debian's qemu-user-static both provide, and the kernel can tell apart. */
export const EMULATED_PLATFORMS = [
  "linux/amd64",
  "linux/arm64",
  "linux/riscv64",
  "linux/arm/v7",
  "linux/arm/v6",
  "linux/386",
  "linux/ppc64le",
  "linux/s390x",
  "linux/loong64",
] as const;

/** `linux/arm/v6` → `linux/arm`: a variant is a matter of QEMU, the kernel sees only the family. */
export function familyOf(platform: string): string {
  return platform.split("/").slice(0, 2).join("/");
}
