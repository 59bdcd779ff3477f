// Is this a Proxmox VE node, and who boots it: passthrough options go into GRUB's file or into /etc/kernel/cmdline.
// In: /etc/pve, Proxmox's tools, EFI variables. Out: ProxmoxFacts.
// Source of the boot rules: Proxmox VE Administration Guide, "Host Bootloader".

import type { None, ProxmoxFacts } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { readMounts } from "./cgroup-caps.ts";
import { cleanWord } from "./clean-text.ts";
import type { FactNotes } from "./fact-notes.ts";
import { NODE_NAME } from "./inventory-shape.ts";
import { exists, readLinkName } from "./kernel-formats.ts";
import { readOutput, type ToolAnswers } from "./tool-answers.ts";

/** The boot loader's own note, by systemd's Boot Loader Interface. */
const LOADER_INFO = "/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

export function isProxmox(files: HostFiles): boolean {
  return (
    exists(files, "/usr/bin/pveversion") ||
    readMounts(files).some((mount) => mount.at === "/etc/pve" && mount.type.startsWith("fuse"))
  );
}

export function readProxmox(
  files: HostFiles,
  answers: ToolAnswers,
  notes: FactNotes,
): ProxmoxFacts | None | null {
  if (!isProxmox(files)) {
    if (exists(files, "/usr/bin") || exists(files, "/proc/mounts")) {
      notes.learned("proxmox", "/usr/bin/pveversion");
      return "none";
    }
    notes.unknown("proxmox", "/usr/bin/pveversion", "neither programs nor mounts of this host can be seen");
    return null;
  }
  notes.learned("proxmox", "/usr/bin/pveversion");
  const bootTool = readBootTool(files, answers);
  return {
    version: readVersion(files, answers, notes),
    node: readNode(files, notes),
    bootLoader: readBootLoader(files, answers, bootTool, notes),
    bootTool,
  };
}

function readVersion(files: HostFiles, answers: ToolAnswers, notes: FactNotes): string | null {
  const fromApi = /"version"\s*:\s*"(\d+\.\d+[0-9.]*)"/.exec(readOutput(answers.pveApi) ?? "")?.[1];
  const fromTool = /pve-manager\/(\d+\.\d+[^/\s]*)\//.exec(readOutput(answers.pveVersion) ?? "")?.[1];
  const status = files.readText("/var/lib/dpkg/status");
  const entry = status.ok
    ? /^Package: pve-manager\n(?:.+\n)*?Version: (\S+)/m.exec(status.value)?.[1]
    : undefined;
  for (const [version, from] of [
    [fromApi, answers.pveApi.line],
    [fromTool, answers.pveVersion.line],
    [entry, "/var/lib/dpkg/status"],
  ] as const) {
    const clean = cleanWord(version ?? "");
    if (clean === null) continue;
    notes.learned("proxmox.version", from);
    return clean;
  }
  notes.unknown("proxmox.version", answers.pveVersion.line, "no Proxmox tool answered");
  return null;
}

/** /etc/pve/local points at the folder of this node. */
function readNode(files: HostFiles, notes: FactNotes): string | null {
  const linked = readLinkName(files, "/etc/pve/local");
  if (linked !== null && NODE_NAME.test(linked)) {
    notes.learned("proxmox.node", "/etc/pve/local");
    return linked;
  }
  const hostname = files.readText("/etc/hostname");
  const first = hostname.ok ? (hostname.value.trim().split(".")[0] ?? "") : "";
  const name = NODE_NAME.test(first) ? first : null;
  if (name === null)
    notes.unknown("proxmox.node", "/etc/pve/local", "neither /etc/pve/local nor /etc/hostname");
  else notes.learned("proxmox.node", "/etc/hostname");
  return name;
}

function readBootTool(files: HostFiles, answers: ToolAnswers): boolean | null {
  if (exists(files, "/etc/kernel/proxmox-boot-uuids")) return true;
  if (/ is configured with: /.test(readOutput(answers.pveBootTool) ?? "")) return true;
  return exists(files, "/etc") ? false : null;
}

function readBootLoader(
  files: HostFiles,
  answers: ToolAnswers,
  bootTool: boolean | null,
  notes: FactNotes,
): ProxmoxFacts["bootLoader"] {
  const at = (loader: "grub" | "systemd-boot", from: string): ProxmoxFacts["bootLoader"] => {
    notes.learned("proxmox.bootLoader", from);
    return loader;
  };
  // What it calls "uefi" is systemd-boot; GRUB with Secure Boot is called grub.
  const configured = / is configured with: (uefi|grub)\b/.exec(readOutput(answers.pveBootTool) ?? "")?.[1];
  if (configured !== undefined)
    return at(configured === "uefi" ? "systemd-boot" : "grub", answers.pveBootTool.line);
  const info = files.readBytes(LOADER_INFO, 256);
  const loader = info.ok ? decodeUtf16(info.value.subarray(4)) : "";
  if (loader.startsWith("systemd-boot")) return at("systemd-boot", LOADER_INFO);
  if (loader.startsWith("GRUB")) return at("grub", LOADER_INFO);
  if (bootTool === false && exists(files, "/etc/default/grub")) return at("grub", "/etc/default/grub");
  const efi = exists(files, "/sys/firmware/efi");
  if (bootTool === true && efi && exists(files, "/etc/kernel/cmdline"))
    return at("systemd-boot", "/etc/kernel/cmdline");
  if (bootTool === true && !efi && exists(files, "/sys/firmware")) return at("grub", "/sys/firmware");
  notes.unknown(
    "proxmox.bootLoader",
    answers.pveBootTool.line,
    "neither proxmox-boot-tool nor the firmware tells",
  );
  return null;
}

function decodeUtf16(bytes: Uint8Array): string {
  return new TextDecoder("utf-16le").decode(bytes);
}
