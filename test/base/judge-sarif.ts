// A judge of SARIF logs that needs no network: the part of OASIS's schema for SARIF 2.1.0 that our logs use (it
// forbids other keys, so this does too), and what GitHub's code scanning refuses or cuts (GitHub docs, SARIF support
// for code scanning: required properties, lengths, numbers). In: the parsed log. Out: offences, each with its place.

type Json = Readonly<Record<string, unknown>>;

const MAX_RESULTS = 25_000;
const MAX_NAME = 255;
const MAX_DESCRIPTION = 1024;

interface Judge {
  readonly offences: string[];
  refuse(where: string, what: string): void;
}

export function judgeSarif(log: unknown): readonly string[] {
  const offences: string[] = [];
  const judge: Judge = { offences, refuse: (where, what) => void offences.push(`${where}: ${what}`) };
  const top = judgeKeys(log, "log", ["$schema", "version", "runs"], [], judge);
  if (top.version !== "2.1.0") judge.refuse("log.version", "is not 2.1.0");
  if (!String(top.$schema).endsWith("sarif-schema-2.1.0.json"))
    judge.refuse("log.$schema", "names no schema");
  const runs = judgeList(top.runs, "runs", judge);
  if (runs.length !== 1) judge.refuse("runs", `${runs.length} runs`);
  runs.forEach((run, i) => {
    judgeRun(run, `runs[${i}]`, judge);
  });
  return offences;
}

function judgeRun(value: unknown, where: string, judge: Judge): void {
  const run = judgeKeys(value, where, ["tool", "columnKind", "results"], [], judge);
  if (run.columnKind !== "utf16CodeUnits") judge.refuse(`${where}.columnKind`, String(run.columnKind));
  const tool = judgeKeys(run.tool, `${where}.tool`, ["driver"], [], judge);
  const driver = judgeKeys(tool.driver, `${where}.driver`, ["name", "version", "rules"], [], judge);
  judgeText(driver.name, `${where}.driver.name`, MAX_NAME, judge);
  judgeText(driver.version, `${where}.driver.version`, MAX_NAME, judge);
  const rules = judgeList(driver.rules, `${where}.rules`, judge);
  const ids = rules.map((rule, i) => judgeRule(rule, `${where}.rules[${i}]`, judge));
  if (new Set(ids).size !== ids.length) judge.refuse(`${where}.rules`, "a rule is there twice");
  const results = judgeList(run.results, `${where}.results`, judge);
  if (results.length > MAX_RESULTS) judge.refuse(`${where}.results`, `${results.length} results`);
  results.forEach((result, i) => {
    judgeResult(result, `${where}.results[${i}]`, ids, judge);
  });
}

function judgeRule(value: unknown, where: string, judge: Judge): unknown {
  const keys = ["id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration"];
  const rule = judgeKeys(value, where, keys, [], judge);
  if (!/^CF\d{3}$/.test(String(rule.id))) judge.refuse(`${where}.id`, String(rule.id));
  if (!/^[A-Za-z0-9]+$/.test(String(rule.name))) judge.refuse(`${where}.name`, String(rule.name));
  judgeText(rule.name, `${where}.name`, MAX_NAME, judge);
  for (const key of ["shortDescription", "fullDescription", "help"]) {
    const message = judgeKeys(rule[key], `${where}.${key}`, ["text"], [], judge);
    judgeText(message.text, `${where}.${key}.text`, MAX_DESCRIPTION, judge);
  }
  const defaults = judgeKeys(
    rule.defaultConfiguration,
    `${where}.defaultConfiguration`,
    ["level"],
    [],
    judge,
  );
  judgeLevel(defaults.level, where, judge);
  return rule.id;
}

function judgeResult(value: unknown, where: string, ids: readonly unknown[], judge: Judge): void {
  const required = ["ruleId", "ruleIndex", "level", "message", "locations", "relatedLocations"];
  const result = judgeKeys(value, where, required, [], judge);
  if (ids[result.ruleIndex as number] !== result.ruleId) judge.refuse(`${where}.ruleIndex`, "another rule's");
  judgeLevel(result.level, where, judge);
  const message = judgeKeys(result.message, `${where}.message`, ["text"], [], judge);
  judgeText(message.text, `${where}.message.text`, Number.POSITIVE_INFINITY, judge);
  const locations = judgeList(result.locations, `${where}.locations`, judge);
  if (locations.length !== 1) judge.refuse(`${where}.locations`, "GitHub shows one location, and needs one");
  locations.forEach((location, i) => {
    const place = judgeKeys(location, `${where}.locations[${i}]`, ["physicalLocation"], [], judge);
    judgePlace(place.physicalLocation, `${where}.locations[${i}]`, judge);
  });
  const related = judgeList(result.relatedLocations, `${where}.relatedLocations`, judge);
  related.forEach((location, i) => {
    const at = `${where}.relatedLocations[${i}]`;
    const place = judgeKeys(location, at, ["id", "physicalLocation", "message"], [], judge);
    if (place.id !== i) judge.refuse(`${at}.id`, "ids are not unique in order");
    judgeText(judgeKeys(place.message, at, ["text"], [], judge).text, `${at}.message`, 4096, judge);
    judgePlace(place.physicalLocation, at, judge);
  });
}

function judgePlace(value: unknown, where: string, judge: Judge): void {
  const place = judgeKeys(value, where, ["artifactLocation", "region"], [], judge);
  const artifact = judgeKeys(place.artifactLocation, `${where}.artifactLocation`, ["uri"], [], judge);
  judgeUri(artifact.uri, `${where}.uri`, judge);
  const columns = ["startColumn", "endLine", "endColumn"];
  const region = judgeKeys(place.region, `${where}.region`, ["startLine"], columns, judge);
  for (const [key, number] of Object.entries(region)) {
    if (!Number.isSafeInteger(number) || Number(number) < 1)
      judge.refuse(`${where}.region.${key}`, String(number));
  }
  const {
    startLine,
    startColumn,
    endLine = startLine,
    endColumn = startColumn,
  } = region as unknown as Region;
  const backwards = endLine < startLine || (endLine === startLine && (endColumn ?? 1) < (startColumn ?? 1));
  if (backwards) judge.refuse(`${where}.region`, "ends before it begins");
}

interface Region {
  readonly startLine: number;
  readonly startColumn?: number;
  readonly endLine?: number;
  readonly endColumn?: number;
}

/** Relative to the top of the repository, and a URI reference by RFC 3986. */
function judgeUri(uri: unknown, where: string, judge: Judge): void {
  const isReference = typeof uri === "string" && /^(?:[A-Za-z0-9._~!$&'()*+,;=@/-]|%[0-9A-F]{2})+$/.test(uri);
  if (!isReference) judge.refuse(where, `no relative URI: ${String(uri)}`);
  else if (uri.startsWith("/") || uri.split("/").includes(".."))
    judge.refuse(where, `leaves the repository: ${uri}`);
}

function judgeLevel(level: unknown, where: string, judge: Judge): void {
  if (!["error", "warning", "note"].includes(String(level))) judge.refuse(`${where}.level`, String(level));
}

function judgeText(text: unknown, where: string, most: number, judge: Judge): void {
  if (typeof text !== "string" || text.trim() === "") judge.refuse(where, "says nothing");
  else if (text.length > most) judge.refuse(where, `${text.length} characters`);
}

function judgeList(value: unknown, where: string, judge: Judge): readonly unknown[] {
  if (Array.isArray(value)) return value;
  judge.refuse(where, "is no list");
  return [];
}

function judgeKeys(
  value: unknown,
  where: string,
  required: readonly string[],
  optional: readonly string[],
  judge: Judge,
): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    judge.refuse(where, "is no object");
    return {};
  }
  for (const key of required) if (!(key in value)) judge.refuse(where, `lacks ${key}`);
  for (const key of Object.keys(value)) {
    if (!required.includes(key) && !optional.includes(key)) judge.refuse(where, `has ${key}`);
  }
  return value as Json;
}
