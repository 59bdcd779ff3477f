// What each setting of a guest wants of a token, by itself. In: a change. Out: nothing, or a Refusal.

import { type Call, demand } from "./call.ts";
import { refusePermission } from "./refusal.ts";
import { isDrive } from "./volumes.ts";

/** PVE::API2::Qemu, check_vm_modify_config_perm: which setting wants what. */
const WANTS: readonly (readonly [RegExp, string])[] = [
  [/^(?:cores|cpu|cpulimit|cpuunits|numa\d*|sockets|vcpus)$/, "VM.Config.CPU"],
  [/^(?:balloon|memory|shares|hugepages)$/, "VM.Config.Memory"],
  [/^(?:hostpci\d+|acpi|kvm|machine|scsihw|smbios1|serial\d+|tablet|vga|rng0)$/, "VM.Config.HWType"],
  [/^(?:agent|bios|description|name|onboot|ostype|protection|tags|template)$/, "VM.Config.Options"],
  [/^(?:boot|bootdisk|scsi\d+|efidisk\d+|unused\d+|virtiofs\d+)$/, "VM.Config.Disk"],
  [/^ide\d+$/, "VM.Config.CDROM"],
  [/^(?:net\d+|ipconfig\d+)$/, "VM.Config.Network"],
  [/^(?:cicustom|citype|ciuser|nameserver|searchdomain|sshkeys|ciupgrade)$/, "VM.Config.Cloudinit"],
];
const ANY_CONFIG = [
  "VM.Config.Disk",
  "VM.Config.CDROM",
  "VM.Config.CPU",
  "VM.Config.Memory",
  "VM.Config.Network",
  "VM.Config.HWType",
  "VM.Config.Options",
  "VM.Config.Cloudinit",
];

export function judgeChange(call: Call, vmId: number): void {
  demand(call, `/vms/${vmId}`, ANY_CONFIG);
  const { delete: gone = "", digest: _, ...set } = call.parameters;
  for (const key of [...Object.keys(set), ...gone.split(",").filter((one) => one !== "")]) {
    const wanted = WANTS.find(([pattern]) => pattern.test(key))?.[1];
    // Sys.Modify on / for the order of start; what is not listed is root's.
    if (wanted === undefined) throw refusePermission("/", ["Sys.Modify"]);
    demand(call, `/vms/${vmId}`, [wanted]);
    const mapping = /(?:^|,)mapping=([^,]+)/.exec(set[key] ?? "")?.[1];
    if (mapping !== undefined) demand(call, `/mapping/pci/${mapping}`, ["Mapping.Use"]);
    const folder = key.startsWith("virtiofs") ? (set[key] ?? "").split(",")[0] : undefined;
    if (folder !== undefined && folder !== "") demand(call, `/mapping/dir/${folder}`, ["Mapping.Use"]);
    const storage = /^([^:,]+):/.exec(set[key] ?? "")?.[1];
    const bridge = key.startsWith("net") ? /(?:^|,)bridge=([^,]+)/.exec(set[key] ?? "")?.[1] : undefined;
    if (bridge !== undefined) demand(call, `/sdn/zones/localnetwork/${bridge}`, ["SDN.Use"]);
    if (isDrive(key) && storage !== undefined)
      demand(
        call,
        `/storage/${storage}`,
        isNewVolume(set[key] ?? "")
          ? ["Datastore.AllocateSpace"]
          : ["Datastore.AllocateSpace", "Datastore.Audit"],
      );
  }
}

function isNewVolume(value: string): boolean {
  return /^[^:,]+:(?:\d+|cloudinit)(?:,|$)/.test(value);
}
