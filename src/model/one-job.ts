// The word by which a Proxmox node tells a guest of one job that it is clean: set by the watchdog just before it starts
// the guest, gone with the next rollback. In: nothing. Out: what both sides have to agree on.

/** `family` in the guest's `smbios1` (qm.conf(5)); the guest reads it in /sys/class/dmi/id/product_family. */
export const SERVE_WORD = "ci-fleet-serve";

/** The snapshot of a guest that is set up and has had no job. */
export const CLEAN_SNAPSHOT = "ci-fleet-clean";

/** Below the node's folder of state: by VM id, the `smbios1` of a guest as it was when we made it. */
export const MADE_FOLDER = "made";
