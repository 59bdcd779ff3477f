// Which text may enter at all, before any output is quoted. Correct quoting is not enough: some consumers
// have no escape for a character (Proxmox and GRUB for a line feed), some refuse to write it back
// (kustomize and control characters), and a reader of a diff must see what the machine will read (bidi).
// In: a string. Out: the first character that is refused, with the reason, or null.

/** Why a character is refused, in words that complete "contains a …". */
export type ForbiddenReason =
  | "control character"
  | "line break"
  | "line or paragraph separator"
  | "bidirectional control character"
  | "byte order mark"
  | "noncharacter"
  | "lone surrogate";

export interface ForbiddenCharacter {
  /** Offset in UTF-16 code units, so that it can be added to a position in the document. */
  readonly index: number;
  readonly codePoint: number;
  readonly reason: ForbiddenReason;
}

export interface TextRules {
  /** Line feeds are admitted. Carriage returns never are: call `normalizeLineEnds` first. */
  readonly multiline: boolean;
}

/** UTF-8 bytes of one value. Far below the 128 KiB that execve(2) takes for one argument or variable. */
export const MAX_TEXT_BYTES = 4 * 1024;
/** UTF-8 bytes of a script or another body of many lines. */
export const MAX_SCRIPT_BYTES = 64 * 1024;

/** Fleets, hosts, pools, targets, caches: an RFC 1123 label, so that units, containers and hosts can bear it. */
export const NAME_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Runner labels. No comma (it separates labels on the runner's command line), no leading dash (an option). */
export const LABEL_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
/** Environment variables: POSIX XBD 8.1 names, the only ones sh, systemd and Compose all accept. */
export const ENV_NAME_PATTERN = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/**
 * Debian Policy 5.6.1 and 5.6.12, with apt's own `:ARCHITECTURE` and `=VERSION`. A hyphen at the end would be
 * apt's syntax for "remove" (apt-get(8), "install").
 */
export const PACKAGE_PATTERN =
  /^[a-z0-9][a-z0-9+.-]{0,98}[a-z0-9+.](?::[a-z0-9]{1,20})?(?:=[0-9](?:[A-Za-z0-9.+:~-]{0,98}[A-Za-z0-9.~])?)?$/;

export function isName(text: string): boolean {
  return NAME_PATTERN.test(text);
}

export function isLabel(text: string): boolean {
  return LABEL_PATTERN.test(text);
}

export function isEnvName(text: string): boolean {
  return ENV_NAME_PATTERN.test(text);
}

/** The first refused character of `text`, null where all of it may pass. Tab and all printable text may. */
export function findForbiddenCharacter(text: string, rules: TextRules): ForbiddenCharacter | null {
  let index = 0;
  while (index < text.length) {
    const codePoint = text.codePointAt(index) as number;
    const reason = judgeCodePoint(codePoint, rules);
    if (reason !== null) return { index, codePoint, reason };
    index += codePoint > 0xffff ? 2 : 1;
  }
  return null;
}

/** CRLF and lone CR become LF: what an editor on Windows adds is no part of the text. */
export function normalizeLineEnds(text: string): string {
  return text.replace(/\r\n?/g, "\n");
}

/** Length in UTF-8, to compare with `MAX_TEXT_BYTES`: limits of the kernel are limits of bytes. */
export function countUtf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** `U+202E`, the way Unicode writes it: a refused character must never be printed itself. */
export function nameCodePoint(codePoint: number): string {
  return `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}`;
}

function judgeCodePoint(c: number, rules: TextRules): ForbiddenReason | null {
  if (c === 0x0a) return rules.multiline ? null : "line break";
  if (c === 0x0d) return "line break";
  if (c === 0x09) return null;
  // C0, DEL and C1 (C1 holds NEL, a line break to YAML 1.1).
  if (c < 0x20 || (c >= 0x7f && c <= 0x9f)) return "control character";
  if (c < 0x7f) return null;
  if (c === 0x2028 || c === 0x2029) return "line or paragraph separator";
  if (isBidiControl(c)) return "bidirectional control character";
  if (c === 0xfeff) return "byte order mark";
  if (c >= 0xd800 && c <= 0xdfff) return "lone surrogate";
  if ((c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) === 0xfffe) return "noncharacter";
  return null;
}

/** Unicode's Bidi_Control property: the characters of the "Trojan Source" attack (CVE-2021-42574). */
function isBidiControl(c: number): boolean {
  return (
    c === 0x061c ||
    c === 0x200e ||
    c === 0x200f ||
    (c >= 0x202a && c <= 0x202e) ||
    (c >= 0x2066 && c <= 0x2069)
  );
}
