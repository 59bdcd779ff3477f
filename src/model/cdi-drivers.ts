// Which NVIDIA driver a CDI specification was made for. It names the driver's libraries by path, and their names
// end with the driver's version; after an update of the driver the paths lead nowhere, and no container with a
// card starts. In: texts of specifications. Out: driver versions by file.

/** Where engines look unless they are told otherwise (CDI specification; Docker's `cdi-spec-dirs`). */
export const CDI_FOLDERS = ["/etc/cdi", "/var/run/cdi"] as const;

/** `/usr/lib/x86_64-linux-gnu/libcuda.so.550.163.01` (NVIDIA Container Toolkit, `nvidia-ctk cdi generate`). */
const LIBRARY = /\/lib(?:cuda|nvidia-ml)\.so\.(\d{2,4}\.\d{1,4}(?:\.\d{1,4})?)(?![\d.])/g;

/** Files that name no such library are not NVIDIA's, and are left out. */
export function readCdiDrivers(texts: ReadonlyMap<string, string>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const [path, text] of texts) {
    const versions = new Set([...text.matchAll(LIBRARY)].map((match) => match[1] ?? ""));
    if (versions.size > 0) found.set(path, [...versions].sort());
  }
  return found;
}

export type CdiVerdict =
  | { readonly kind: "current" }
  /** No file says which driver it was made for. */
  | { readonly kind: "unknown" }
  | { readonly kind: "stale"; readonly path: string; readonly made: string };

/** `driver`: as /proc/driver/nvidia/version says it. One file for this driver is enough: the engine merges them. */
export function judgeCdi(drivers: ReadonlyMap<string, readonly string[]>, driver: string): CdiVerdict {
  if (drivers.size === 0) return { kind: "unknown" };
  const entries = [...drivers];
  if (entries.some(([, versions]) => versions.includes(driver))) return { kind: "current" };
  const [path, versions] = entries[0] as [string, readonly string[]];
  return { kind: "stale", path, made: versions.join(", ") };
}
