// The one double-quoted form of a text that every YAML reader takes for exactly that text. In: any well-formed
// text. Out: a scalar on one line.

/**
 * What JSON leaves bare and some YAML reader refuses, folds (NEL, LS, PS) or hides: DEL and C1, soft hyphen,
 * zero width and bidi characters, separators, BOM, noncharacters of the basic plane. Measured against PyYAML,
 * ruamel, go-yaml and npm's yaml.
 */
const NOT_BARE =
  /[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufdd0-\ufdef\ufeff\ufff0-\uffff]/g;
/** What nearly every text is: printable ASCII without anything to escape. */
const BARE = /^[ !#-[\]-~]*$/;

/**
 * JSON's escapes are YAML's (YAML 1.2 section 5.7), the rest of the dangerous characters become `\uNNNN`,
 * which JSON reads too. Characters outside the basic plane stay as they are: go-yaml refuses JSON's surrogate pairs.
 * Never folded.
 */
export function quoteYamlText(text: string): string {
  if (BARE.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(NOT_BARE, escapeCodeUnit);
}

function escapeCodeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
