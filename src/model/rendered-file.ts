// What render makes: whole files with a path inside the output folder. In: nothing. Out: the record.

export interface RenderedFile {
  /** Relative to the output folder, `/` separated, no `.` or `..`: `hosts/forge/compose.yaml`. */
  readonly path: string;
  readonly content: string;
  /** Permission bits: 0o644 or 0o755. */
  readonly mode: 0o644 | 0o755;
}
