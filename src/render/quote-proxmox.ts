// Lines of Proxmox VE configuration (qemu-server/<id>.conf, mapping/*.cfg). The format has no escapes: a
// smuggled line would be a setting, `args:` or `hookscript:`, and so root on the node. In: any text.
// Out: the value after `key: `.

import { refuseText, requireMatch, requireText } from "../base/unwritable-text.ts";

/** PVE::QemuServer's parser: `^([a-z][a-z_\-]*\d*):\s*(.+?)\s*$`. */
const KEY = /^[a-z][a-z_-]*[0-9]*$/;
const SUB_KEY = /^[a-z][a-z0-9_-]*$/i;

/** A plain value: not empty, no space at its ends (both are trimmed away), no control character. */
export function writeProxmoxValue(text: string): string {
  requireText("a Proxmox value", text, /[\0-\x1f\x7f-\x9f]|^\s|\s$/);
  if (text === "") refuseText("a Proxmox value", text, "is empty");
  return text;
}

/** `key: value`. */
export function writeProxmoxLine(key: string, value: string): string {
  return `${requireMatch("a Proxmox key", key, KEY)}: ${writeProxmoxValue(value)}`;
}

/**
 * A property string, `0000:01:00,pcie=1`: PVE::JSONSchema splits at `,`, then at the first `=`, and lists
 * inside at `;`; newer versions also know double quotes. None of these may come from a value.
 */
export function writePropertyString(
  parts: readonly (string | readonly [key: string, value: string])[],
): string {
  return parts
    .map((part) => {
      if (typeof part === "string") return writePropertyValue(part);
      return `${requireMatch("a Proxmox property", part[0], SUB_KEY)}=${writePropertyValue(part[1])}`;
    })
    .join(",");
}

/** One value inside a property string. */
export function writePropertyValue(text: string): string {
  requireText("a Proxmox property value", text, /[,=;"\s]/);
  return writeProxmoxValue(text);
}

/**
 * The description of a guest: comment lines at the top of its file, each percent-encoded as
 * PVE::Tools::encode_text does: every byte outside `\x20-\x24 \x26-\x39 \x3b-\x7e`, so `%` and `:` too.
 */
export function writeProxmoxDescription(text: string): string {
  requireText("a Proxmox description", text);
  return text
    .split("\n")
    .map((line) => `#${encodeProxmoxText(line)}\n`)
    .join("");
}

/** PVE::Tools::encode_text on one line; also for `qm set --description`, which wants it bare, not encoded. */
export function encodeProxmoxText(line: string): string {
  let encoded = "";
  for (const byte of new TextEncoder().encode(line)) {
    const isBare = byte >= 0x20 && byte <= 0x7e && byte !== 0x25 && byte !== 0x3a;
    encoded += isBare ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
