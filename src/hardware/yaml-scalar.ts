// One value as YAML that YAML 1.1 and 1.2 readers understand alike: plain where it cannot be anything but text,
// else double-quoted. The `yaml` library's own choice is misread by 1.1 readers (`on`, `12:30`).
// In: a string, number or boolean. Out: its text.

import { quoteYamlText } from "../base/quote-yaml-text.ts";

/** Words of letters, each safe within flow collections: no colon, no comma, no bracket, no `#`, no first digit. */
export const PLAIN = /^[A-Za-z/][A-Za-z0-9_./+-]*(?: [A-Za-z][A-Za-z0-9_./+-]*)*$/;
/** What YAML 1.1 takes for a boolean or null. */
export const WORDS_WITH_MEANING = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

export function formatScalar(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  if (PLAIN.test(value) && !WORDS_WITH_MEANING.test(value)) return value;
  return quoteYamlText(value);
}
