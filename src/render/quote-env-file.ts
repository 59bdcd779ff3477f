// One line `KEY="value"` for the files of variables that systemd, sh, Compose, Docker and the runner read.
// Each has its own rule. In: a POSIX variable name and any text. Out: the line without its line feed.

import { ENV_NAME_PATTERN } from "../base/text-policy.ts";
import { requireMatch, requireText } from "../base/unwritable-text.ts";
import { NOT_FOR_SYSTEMD } from "./quote-systemd.ts";

/**
 * systemd's EnvironmentFile=, and `. file` in sh: inside double quotes a backslash quotes `\`, `"`, `$` and
 * the backtick, all else is literal, line feeds too (systemd.exec(5), "EnvironmentFile="; POSIX Shell
 * Command Language 2.2.3). Single quotes would do for sh, but not for systemd.
 */
export function quoteSystemdEnvLine(key: string, value: string): string {
  requireText("a value in an environment file", value, NOT_FOR_SYSTEMD);
  return `${requireEnvName(key)}="${value.replace(/[\\"$`]/g, "\\$&")}"`;
}

/**
 * Compose's `env_file` (default format): `\`, `"` and `$` take a backslash; line feed, carriage return and
 * tab are written `\n`, `\r`, `\t` (Compose file reference, "env_file format").
 */
export function quoteComposeEnvLine(key: string, value: string): string {
  requireText("a value in a Compose env_file", value);
  const escaped = value.replace(/[\\"$]/g, "\\$&").replace(/[\n\r\t]/g, (c) => ENV_FILE_ESCAPES[c] ?? c);
  return `${requireEnvName(key)}="${escaped}"`;
}

/**
 * A line that systemd, sh and Compose read alike. What they read differently cannot be written: the backtick
 * (Compose has no escape for it, sh runs it) and line breaks (Compose wants `\n`, the others want them bare).
 */
export function quoteSharedEnvLine(key: string, value: string): string {
  requireText("a value in a shared environment file", value, /[`\n\r\p{Noncharacter_Code_Point}]/u);
  return `${requireEnvName(key)}="${value.replace(/[\\"$]/g, "\\$&")}"`;
}

/**
 * `docker run --env-file`, Compose's `format: raw` and the runner's own `.env`: no quoting at all, the value
 * is the rest of the line. Space around it is refused: readers differ on whether they trim.
 */
export function writeRawEnvLine(key: string, value: string): string {
  requireText("a value in a raw environment file", value, /[\n\r]|^\s|\s$/);
  return `${requireEnvName(key)}=${value}`;
}

const ENV_FILE_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function requireEnvName(key: string): string {
  return requireMatch("the name of a variable", key, ENV_NAME_PATTERN);
}
