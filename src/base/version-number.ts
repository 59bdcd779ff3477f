// Versions of three numbers and the ranges that people write for them. Small on purpose: a spec asks
// `>=1.0`, and loading a full range grammar would cost every start. In: text. Out: numbers, an order, a verdict.

export type VersionNumber = readonly [number, number, number];

/** Comparators joined by spaces: `>=1.0 <2`. Bare `1.2` means that version and its patches; `^` and `~` as in npm. */
export const RANGE_PATTERN =
  "^(>=|<=|>|<|=|\\^|~)?[0-9]{1,6}(\\.[0-9]{1,6}){0,2}( (>=|<=|>|<|=|\\^|~)?[0-9]{1,6}(\\.[0-9]{1,6}){0,2}){0,7}$";

/** `2.338.1` → [2, 338, 1]; a suffix after `-` or `+` is ignored; null for anything else. */
export function parseVersion(text: string): VersionNumber | null {
  const match = /^([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})(?:[-+].*)?$/.exec(text);
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3])];
}

/** Negative where `a` is older. */
export function compareVersions(a: VersionNumber, b: VersionNumber): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** Does `version` satisfy every comparator of `range`? False where `range` has another form. */
export function satisfiesRange(version: VersionNumber, range: string): boolean {
  if (!new RegExp(RANGE_PATTERN).test(range)) return false;
  return range.split(" ").every((comparator) => satisfiesComparator(version, comparator));
}

function satisfiesComparator(version: VersionNumber, comparator: string): boolean {
  const operator = comparator.replace(/[0-9.]+$/, "");
  const parts = comparator.slice(operator.length).split(".").map(Number);
  const low: VersionNumber = [parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0];
  /** First version above all that the written parts cover: `1.2` → 1.3.0. */
  const above = (index: number): VersionNumber =>
    index === 0 ? [low[0] + 1, 0, 0] : index === 1 ? [low[0], low[1] + 1, 0] : [low[0], low[1], low[2] + 1];
  const atLeastLow = compareVersions(version, low) >= 0;
  switch (operator) {
    case ">=":
      return atLeastLow;
    case "<":
      return !atLeastLow;
    case ">":
      return compareVersions(version, above(parts.length - 1)) >= 0;
    case "<=":
      return compareVersions(version, above(parts.length - 1)) < 0;
    case "^": {
      const firstNonZero = low.findIndex((part) => part > 0);
      const index = firstNonZero === -1 ? parts.length - 1 : Math.min(firstNonZero, parts.length - 1);
      return atLeastLow && compareVersions(version, above(index)) < 0;
    }
    case "~":
      return atLeastLow && compareVersions(version, above(Math.min(parts.length - 1, 1))) < 0;
    default:
      return atLeastLow && compareVersions(version, above(parts.length - 1)) < 0;
  }
}
