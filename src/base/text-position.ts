// From offsets to lines and columns. In: a text. Out: for an offset its line and column, both from 1;
// columns count UTF-16 code units, as SARIF's default and editors do.

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface LineIndex {
  positionAt(offset: number): Position;
  /** The line's text without its line end. */
  lineText(line: number): string;
  readonly lineCount: number;
}

/** Lines end at LF; a CR before it belongs to the line end. */
export function indexLines(text: string): LineIndex {
  const starts = [0];
  for (let i = text.indexOf("\n"); i !== -1; i = text.indexOf("\n", i + 1)) starts.push(i + 1);

  return {
    lineCount: starts.length,
    positionAt(offset) {
      const bounded = Math.max(0, Math.min(offset, text.length));
      let low = 0;
      let high = starts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((starts[middle] as number) <= bounded) low = middle;
        else high = middle - 1;
      }
      return { line: low + 1, column: bounded - (starts[low] as number) + 1 };
    },
    lineText(line) {
      const start = starts[line - 1];
      if (start === undefined) return "";
      const next = starts[line];
      const end = next === undefined ? text.length : next - 1;
      return text.slice(start, end).replace(/\r$/, "");
    },
  };
}
