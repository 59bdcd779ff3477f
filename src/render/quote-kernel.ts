// Words for files that the kernel's loaders read and that have no escapes worth the name. All come from
// allow-lists. In: a word. Out: the same word, or an error.

import { requireMatch, requireText } from "../base/unwritable-text.ts";

const MODULE = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/;
const MODULE_KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MODULE_VALUE = /^[A-Za-z0-9_.,:/+-]*$/;
const KERNEL_TOKEN = /^[A-Za-z0-9_.][A-Za-z0-9_.,:=/@+-]*$/;
const PLAIN_VALUE = /^[A-Za-z0-9_](?:[A-Za-z0-9 ._:/@+-]*[A-Za-z0-9_./])?$/;

/** A module name in modprobe.d(5) and modules-load.d(5). */
export function writeModuleName(name: string): string {
  return requireMatch("the name of a kernel module", name, MODULE);
}

/**
 * `key=value` after `options MODULE` in modprobe.d(5). No quoting: kmod passes the rest of the line on as it
 * is, a `#` later in a line is no comment, a backslash at the end joins lines.
 */
export function writeModuleOption(key: string, value: string): string {
  requireMatch("the name of a module parameter", key, MODULE_KEY);
  return `${key}=${requireMatch("the value of a module parameter", value, MODULE_VALUE)}`;
}

/**
 * One token of the kernel command line. It passes through /etc/default/grub (sourced by sh), then through
 * grub.cfg (a language of its own), or /etc/kernel/cmdline, so only what is literal in all of them may pass.
 */
export function writeKernelToken(token: string): string {
  return requireMatch("a token of the kernel command line", token, KERNEL_TOKEN);
}

/** A value in INI files and udev rules, where readers share no quoting: letters, digits and a few signs. */
export function writePlainValue(text: string): string {
  return requireMatch("a value without quoting", text, PLAIN_VALUE);
}

/**
 * The command of a crontab(5) line: an unescaped `%` is a line feed there, `\%` a percent sign. Whether a
 * backslash before `%` is kept differs among cron implementations, so backslashes are refused.
 */
export function escapeCronCommand(shellCommand: string): string {
  requireText("a command in a crontab", shellCommand, /[\0-\x08\x0a-\x1f\x7f\\]|^\s|\s$/);
  return shellCommand.replaceAll("%", "\\%");
}
