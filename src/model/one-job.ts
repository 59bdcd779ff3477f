// The word by which a Proxmox node tells a guest of one job that it is clean: set by the watchdog just before it starts
// the guest, gone with the next rollback. In: nothing. Out: what both sides have to agree on.

/** `family` in the guest's `smbios1` (qm.conf(5)); the guest reads it in /sys/class/dmi/id/product_family. */
export const SERVE_WORD = "ci-fleet-serve";

/** The snapshot of a guest that is set up and has had no job. */
export const CLEAN_SNAPSHOT = "ci-fleet-clean";

/** Below the node's folder of state: by VM id, the `smbios1` of a guest as it was when we made it. */
export const MADE_FOLDER = "made";

/** The text of `family`, which smbios1 carries in base64 where it says so. */
export function readSmbios(smbios1: string | undefined): ReadonlyMap<string, string> {
  const parts = (smbios1 ?? "").split(",").flatMap((part): [string, string][] => {
    const cut = part.indexOf("=");
    return cut < 1 ? [] : [[part.slice(0, cut), part.slice(cut + 1)]];
  });
  return new Map(parts);
}

/** null: it says of no guest which one it is. */
export function readGuestUuid(smbios1: string | undefined): string | null {
  return readSmbios(smbios1).get("uuid")?.toLowerCase() ?? null;
}

export function hasServeWord(smbios1: string | undefined): boolean {
  const parts = readSmbios(smbios1);
  const family = parts.get("family") ?? "";
  return (parts.get("base64") === "1" ? decode(family) : family) === SERVE_WORD;
}

/** What else is said of the guest stays. */
export function addServeWord(smbios1: string | undefined): string {
  const parts = readSmbios(smbios1);
  const isEncoded = parts.get("base64") === "1";
  const next = new Map<string, string>();
  for (const [key, value] of parts) {
    if (key === "base64") continue;
    next.set(key, key === "uuid" || isEncoded ? value : encode(value));
  }
  next.set("base64", "1");
  next.set("family", encode(SERVE_WORD));
  return [...next].map(([key, value]) => `${key}=${value}`).join(",");
}

/** ASCII as qm.conf(5) has it: it takes no other text here. */
function encode(text: string): string {
  return btoa(text.replaceAll(/[^\x20-\x7e]/g, "?"));
}

function decode(text: string): string {
  try {
    return atob(text);
  } catch {
    return "";
  }
}
