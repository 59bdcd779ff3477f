// Names of systemd units made from text. In base, because plan chooses the names and render, apply and the
// watchdog use them. In: any text. Out: what systemd-escape(1) would print, or a checked unit name.

import { refuseText, requireText } from "./unwritable-text.ts";

/** systemd.unit(5): "a valid unit name … ASCII letters, digits, ":", "-", "_", ".", and "\"", plus one "@". */
const UNIT_NAME =
  /^[A-Za-z0-9:_.\\-]+(?:@[A-Za-z0-9:_.\\-]*)?\.(?:service|socket|target|timer|path|mount|slice|scope)$/;
/** UNIT_NAME_MAX in systemd's unit-def.h, the suffix included. */
const UNIT_NAME_MAX = 255;

/**
 * `systemd-escape TEXT`: "/" becomes "-", everything but ASCII letters, digits, ":", "_" and "." becomes
 * `\xNN` for each byte, and so does a leading "." (systemd.unit(5), "String Escaping for Inclusion in Unit
 * Names"). `%I` in the unit gives the text back.
 */
export function escapeUnitText(text: string): string {
  requireText("part of a unit name", text);
  let escaped = "";
  for (const [at, byte] of new TextEncoder().encode(text).entries()) {
    const character = String.fromCharCode(byte);
    if (character === "/") escaped += "-";
    else if (/[A-Za-z0-9:_]/.test(character) || (character === "." && at > 0)) escaped += character;
    else escaped += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return escaped;
}

/**
 * `systemd-escape --path PATH`: the path without leading, trailing and doubled slashes and "." parts; the
 * root is "-". Used for mount units, whose name must be their path. Throws where systemd-escape fails.
 */
export function escapeUnitPath(path: string): string {
  requireText("a path in a unit name", path);
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (!path.startsWith("/")) refuseText("a path in a unit name", path, "is not absolute");
  if (parts.includes("..")) refuseText("a path in a unit name", path, 'has a part ".."');
  return parts.length === 0 ? "-" : escapeUnitText(parts.join("/"));
}

/** Gives the name back when systemd would take it; throws otherwise. Checks form and length, not meaning. */
export function requireUnitName(name: string): string {
  requireText("a unit name", name);
  if (!UNIT_NAME.test(name)) refuseText("a unit name", name, "has a form that systemd refuses");
  if (name.length > UNIT_NAME_MAX) refuseText("a unit name", name, `is longer than ${UNIT_NAME_MAX}`);
  return name;
}
