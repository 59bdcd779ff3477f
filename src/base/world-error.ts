// The world failed: a disk, a network, a tool. Neither the user's mistake (a diagnostic) nor our bug (any
// other throw). In: what was tried, on what, and why it failed. Out: an error that cli prints and exits 3.

export class WorldError extends Error {
  /** What to do about it, one imperative sentence, null where nobody can say. */
  readonly help: string | null;
  override readonly name = "WorldError";

  /** `operation` is a verb phrase with its object: `write rendered/hosts/forge/compose.yaml`. */
  constructor(operation: string, cause: unknown, help: string | null = null) {
    super(`cannot ${operation}: ${describeCause(cause)}`, { cause });
    this.help = help;
  }
}

/** errno(3) in words for the codes that people meet; others keep Node's own text. */
const ERRNO_WORDS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EDQUOT: "disk quota exceeded",
  EEXIST: "it exists already",
  EISDIR: "it is a folder",
  ELOOP: "it is a symbolic link, or there are too many in the path",
  EMFILE: "too many open files",
  ENAMETOOLONG: "the name is too long for this file system",
  ENOENT: "no such file or folder",
  ENOSPC: "no space left on the device",
  ENOTDIR: "a part of the path is not a folder",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
};

/** `permission denied (EACCES)`; a string stays itself. */
export function describeCause(cause: unknown): string {
  if (typeof cause === "string") return cause;
  const code = errnoOf(cause);
  if (code !== null && ERRNO_WORDS[code] !== undefined) return `${ERRNO_WORDS[code]} (${code})`;
  return cause instanceof Error ? cause.message : String(cause);
}

/** `ENOENT` from an error that Node threw, null for anything else. */
export function errnoOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" ? code : null;
}
