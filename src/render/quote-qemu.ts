// Values of QEMU's options, `head,key=value,…` (QEMU documentation, "Introduction", "Options syntax"): a comma in a value
// is written twice. In: pairs. Out: one argument, not yet quoted for whoever starts QEMU.

import { requireMatch, requireText } from "../base/unwritable-text.ts";

const KEY = /^[a-z][a-z0-9_.-]*$/;

/** `head` null: the option begins with its first key. */
export function writeQemuOption(
  head: string | null,
  pairs: readonly (readonly [key: string, value: string | number])[] = [],
): string {
  const words = pairs.map(([key, value]) => {
    requireMatch("a key of QEMU's options", key, KEY);
    return `${key}=${quoteQemuValue(String(value))}`;
  });
  return [...(head === null ? [] : [quoteQemuValue(head)]), ...words].join(",");
}

function quoteQemuValue(text: string): string {
  requireText("a value of QEMU's options", text, /[\0-\x1f\x7f]/u);
  return text.replaceAll(",", ",,");
}
