// One value as YAML that YAML 1.1 and 1.2 readers understand alike: plain where it cannot be anything but text,
// else double-quoted with everything escaped that a reader may fold, refuse or a terminal may reorder. Measured
// against PyYAML, go-yaml and ruamel; the `yaml` library's own choice is misread by 1.1 readers (`on`, `12:30`).
// In: a string, number or boolean. Out: its text.

/** Words of letters, each safe within flow collections: no colon, no comma, no bracket, no `#`, no first digit. */
export const PLAIN = /^[A-Za-z/][A-Za-z0-9_./+-]*(?: [A-Za-z][A-Za-z0-9_./+-]*)*$/;
/** What YAML 1.1 takes for a boolean or null. */
export const WORDS_WITH_MEANING = /^(?:y|n|yes|no|on|off|true|false|null)$/i;
/** Not escaped by JSON.stringify, but folded (NEL, LS, PS), refused (C1, noncharacters) or invisible. */
const ESCAPED_TOO =
  /[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufdd0-\ufdef\ufeff\ufff0-\uffff]/g;

export function formatScalar(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  if (PLAIN.test(value) && !WORDS_WITH_MEANING.test(value)) return value;
  return JSON.stringify(value).replace(ESCAPED_TOO, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
