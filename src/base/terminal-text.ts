// Text from strangers on its way to a terminal: no escape sequence, no reordering, no broken line, and
// the caret below must stand under the right letter. In: a string. Out: a safe string, its width in cells.

/** Control, bidi, zero-width and line-separating characters become U+FFFD, a tab becomes one space. */
export function cleanForTerminal(text: string): string {
  return text
    .toWellFormed()
    .replace(/\t/g, " ")
    .replace(
      /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb\ufffe\uffff]/g,
      "\ufffd",
    );
}

/** Terminal cells that `text` fills: wide East Asian and emoji two, combining marks none (UAX #11). */
export function measureWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/^\p{M}$|^\ufe0f$/u.test(character)) continue;
    width += isWide(character.codePointAt(0) as number) ? 2 : 1;
  }
  return width;
}

function isWide(c: number): boolean {
  if (c < 0x1100) return false;
  return (
    c <= 0x115f ||
    (c >= 0x2e80 && c <= 0xa4cf && c !== 0x303f) ||
    (c >= 0xac00 && c <= 0xd7a3) ||
    (c >= 0xf900 && c <= 0xfaff) ||
    (c >= 0xfe30 && c <= 0xfe6f) ||
    (c >= 0xff00 && c <= 0xff60) ||
    (c >= 0xffe0 && c <= 0xffe6) ||
    (c >= 0x1f300 && c <= 0x1f64f) ||
    (c >= 0x1f900 && c <= 0x1f9ff) ||
    (c >= 0x20000 && c <= 0x3fffd)
  );
}
