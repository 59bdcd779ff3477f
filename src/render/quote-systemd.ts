// Values in systemd unit files. systemd has several ways to read a line, by setting; each function below
// serves one of them and says which. In: any text. Out: the part of the line after `Setting=`.

import { ENV_NAME_PATTERN } from "../base/text-policy.ts";
import { refuseText, requireMatch, requireText } from "../base/unwritable-text.ts";

/** Absolute, no space, no quote, no `%`: so that no prefix (`@ - : + !`) and no specifier can come from data. */
const EXECUTABLE = /^(?:\/[A-Za-z0-9][A-Za-z0-9._+@-]*)+$/;
/** Settings that know neither quotes nor specifiers: `User=`, `Slice=`, sizes, times, `CPUQuota=400%`. */
const WORD = /^[A-Za-z0-9_](?:[A-Za-z0-9@:._/+,=-]*[A-Za-z0-9_%])?$/;

/** A noncharacter makes systemd refuse the unit: unichar_is_valid() in its utf8.c takes none. */
export const NOT_FOR_SYSTEMD = /\p{Noncharacter_Code_Point}/u;

const C_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * `Environment=`: one quoted assignment with C escapes (systemd.syntax(7), "Quoting"); `%` is doubled
 * against specifiers; `$` "has no special meaning" there (systemd.exec(5)).
 */
export function quoteUnitEnv(key: string, value: string): string {
  requireMatch("the name of a variable", key, ENV_NAME_PATTERN);
  requireText("a value in Environment=", value, NOT_FOR_SYSTEMD);
  return `"${key}=${escapeInQuotes(value)}"`;
}

/**
 * One argument of `ExecStart=` and its kin: as `Environment=`, and `$` is doubled against expansion of
 * variables (systemd.service(5), "COMMAND LINES"). Not for lines whose program has the prefix `:`, and not
 * for the program itself: see `writeUnitExecutable`.
 */
export function quoteUnitArgument(text: string): string {
  requireText("an argument in ExecStart=", text, NOT_FOR_SYSTEMD);
  return `"${escapeInQuotes(text).replaceAll("$", "$$$$")}"`;
}

/** The program of `ExecStart=`: from an allow-list, for its first characters are syntax. */
export function writeUnitExecutable(path: string): string {
  return requireMatch("the program in ExecStart=", path, EXECUTABLE);
}

/** A whole command: the program and its quoted arguments. */
export function writeUnitCommand(argv: readonly string[]): string {
  const [program, ...rest] = argv;
  if (program === undefined) throw new TypeError("a command has at least a program");
  return [writeUnitExecutable(program), ...rest.map(quoteUnitArgument)].join(" ");
}

/**
 * The rest of a line in settings without quoting: `Description=`, `Documentation=`, `LoadCredential=`. `%` is
 * doubled. What cannot be said there: line breaks and other control characters, a backslash at the end (it
 * joins the next line), space at either end (trimmed), nothing at all (it resets the setting).
 */
export function writeUnitValue(text: string): string {
  requireText("a value in a unit", text, /[\0-\x08\x0a-\x1f\x7f\p{Noncharacter_Code_Point}]|^\s|\s$|\\$/u);
  if (text === "") refuseText("a value in a unit", text, "is empty, which resets the setting");
  return text.replaceAll("%", "%%");
}

/** `WorkingDirectory=`, `EnvironmentFile=`: as `writeUnitValue`; a `-` or `~` at the start would be syntax. */
export function writeUnitPath(path: string): string {
  if (!path.startsWith("/")) refuseText("a path in a unit", path, "is not absolute");
  return writeUnitValue(path);
}

/**
 * One item of a list of paths: `ReadWritePaths=`, `BindReadOnlyPaths=` without a colon in it. These lists
 * know quotes but not C escapes: a backslash makes the next character literal, nothing can stand for a control
 * character, and paths with `..` are ignored with a warning. `ifPresent` writes the `-` prefix: no failure when the path is missing.
 */
export function quoteUnitListPath(path: string, options?: { readonly ifPresent?: boolean }): string {
  requireText("a path in a list in a unit", path, /[\0-\x1f\x7f:\p{Noncharacter_Code_Point}]/u);
  if (!path.startsWith("/")) refuseText("a path in a list in a unit", path, "is not absolute");
  if (path.split("/").includes("..")) refuseText("a path in a list in a unit", path, 'has a part ".."');
  const escaped = path.replace(/[\\"]/g, "\\$&").replaceAll("%", "%%");
  return `"${options?.ifPresent === true ? "-" : ""}${escaped}"`;
}

/** A word where neither quotes nor specifiers are known; a `%` may only end it (`CPUQuota=`). */
export function writeUnitWord(text: string): string {
  return requireMatch("a bare word in a unit", text, WORD);
}

/**
 * A field of a tmpfiles.d(5) line but the last: quoted, with C escapes and specifiers. Modes are text in
 * octal, fixed in code; the last field of a line (argument) is not quoted: give it by `writeUnitValue`. `-`
 * means "not set" even in quotes, and so does nothing.
 */
export function quoteTmpfilesField(text: string): string {
  requireText("a field in tmpfiles.d", text, NOT_FOR_SYSTEMD);
  refuseUnset("a field in tmpfiles.d", text);
  return `"${escapeInQuotes(text)}"`;
}

/** A field of a sysusers.d(5) line: quoted, specifiers, no C escapes; `:` would split /etc/passwd; `-` as above. */
export function quoteSysusersField(text: string): string {
  requireText("a field in sysusers.d", text, /[\0-\x1f\x7f-\x9f:\p{Noncharacter_Code_Point}]/u);
  refuseUnset("a field in sysusers.d", text);
  return `"${text.replace(/[\\"]/g, "\\$&").replaceAll("%", "%%")}"`;
}

function refuseUnset(context: string, text: string): void {
  if (text === "" || text === "-") refuseText(context, text, "means that the field is not set");
}

function escapeInQuotes(text: string): string {
  return text
    .replace(/[\\"]/g, "\\$&")
    .replaceAll("%", "%%")
    .replace(
      /[\x01-\x1f\x7f]/g,
      (c) => C_ESCAPES[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
    );
}
