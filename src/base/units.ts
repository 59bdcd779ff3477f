// Sizes and durations as people write them. Sizes keep the two families apart: GiB is 2^30, GB is 10^9
// (IEC 80000-13). In: text. Out: bytes or milliseconds, null where the text is neither.

const SIZE_UNITS: Readonly<Record<string, number>> = {
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Source of the regular expression, for JSON Schema too. */
export const SIZE_PATTERN = "^[0-9]{1,12}(\\.[0-9]{1,3})?(kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$";
/** Days, hours, minutes, seconds in this order: `5d`, `1h30m`. */
export const DURATION_PATTERN = "^(?=[0-9])([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?$";

/** `48GiB` → 51539607552. A number without unit is refused: it is never clear which was meant. */
export function parseSize(text: string): number | null {
  if (!new RegExp(SIZE_PATTERN).test(text)) return null;
  const unit = text.replace(/^[0-9.]+/, "");
  const bytes = Math.round(Number.parseFloat(text) * (SIZE_UNITS[unit] as number));
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** `1h30m` → 5400000. */
export function parseDuration(text: string): number | null {
  const match = new RegExp(DURATION_PATTERN).exec(text);
  if (match === null) return null;
  const [days, hours, minutes, seconds] = [1, 2, 3, 4].map((i) => Number.parseInt(match[i] ?? "0", 10));
  const total =
    ((((days as number) * 24 + (hours as number)) * 60 + (minutes as number)) * 60 + (seconds as number)) *
    1000;
  return Number.isSafeInteger(total) ? total : null;
}

/** What another tool's notation would be here: Docker's `32g` and Kubernetes' `32Gi` are `32GiB`; `90 min` is `90m`. */
export function guessMeasure(text: string, kind: "size" | "duration"): string | null {
  if (kind === "duration") {
    const [, number, ...units] =
      /^([0-9]+) ?(?:(d)(?:ays?)?|(h)(?:ours?|rs?)?|(m)(?:in(?:ute)?s?)?|(s)(?:ec(?:ond)?s?)?)$/i.exec(
        text,
      ) ?? [];
    const guess = `${number}${units.join("").toLowerCase()}`;
    return parseDuration(guess) === null ? null : guess;
  }
  const [, number, prefix = "", binary, byte] = /^([0-9]+(?:\.[0-9]+)?) ?([kmgt])(i?)(b?)$/i.exec(text) ?? [];
  const isDecimal = binary === "" && byte !== "";
  const guess = `${number}${prefix.toUpperCase()}${isDecimal ? "B" : "iB"}`;
  return parseSize(guess) === null ? null : guess;
}

/** 51539607552 → `48GiB`: the largest binary unit that gives a whole number, else the largest decimal one. */
export function formatSize(bytes: number): string {
  for (const unit of ["TiB", "GiB", "MiB", "KiB", "TB", "GB", "MB", "kB"]) {
    const factor = SIZE_UNITS[unit] as number;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  if (bytes >= 2 ** 30) return `${(bytes / 2 ** 30).toFixed(1)}GiB`;
  if (bytes >= 2 ** 20) return `${(bytes / 2 ** 20).toFixed(1)}MiB`;
  return `${bytes}B`;
}

/** 5400000 → `1h30m`; parts below a second are dropped. */
export function formatDuration(milliseconds: number): string {
  let seconds = Math.floor(milliseconds / 1000);
  let text = "";
  for (const [unit, length] of [
    ["d", 86_400],
    ["h", 3_600],
    ["m", 60],
    ["s", 1],
  ] as const) {
    const count = Math.floor(seconds / length);
    if (count > 0) text += `${count}${unit}`;
    seconds -= count * length;
  }
  return text === "" ? "0s" : text;
}
