// Collects what plan finds wrong. A fault that a thousand hosts share is one diagnostic that names some of
// them. Severity comes from the code table. In: findings. Out: diagnostics in the order of their first finding.

import type { Diagnostic, DocPath, RelatedPlace } from "../base/diagnostic.ts";
import { SPEC_DOC } from "../base/diagnostic.ts";
import { formatSize } from "../base/units.ts";
import { GUEST_CODES } from "../model/codes-guests.ts";
import { PLAN_CODES } from "../model/codes-plan.ts";
import { TRUST_CODES } from "../model/codes-trust.ts";

export interface Finding {
  readonly code: string;
  /** Into the spec. */
  readonly path: DocPath;
  readonly message: string;
  readonly help?: string;
  readonly related?: readonly RelatedPlace[];
  readonly drawing?: readonly string[];
  readonly onKey?: boolean;
}

interface Fact {
  readonly message: string;
  readonly path: DocPath;
}

/** One fault on one host; those with equal `code`, `path` and `group` become one diagnostic. */
export interface HostFinding {
  readonly code: string;
  readonly path: DocPath;
  readonly host: string;
  /** What else must be equal: numbers that the message names. */
  readonly group?: string;
  /** `hosts` is `forge`, or `a`, `b`, `c` and 7 more, in backquotes. */
  readonly message: (hosts: string, count: number) => string;
  readonly help?: (firstHost: string) => string;
  /** Where it shows in the host's inventory. */
  readonly fact?: Fact;
  readonly related?: readonly RelatedPlace[];
}

export interface Findings {
  add(finding: Finding): void;
  addOnHost(finding: HostFinding): void;
  hasErrors(): boolean;
  list(): readonly Diagnostic[];
}

/** An inventory, or the host's key in the spec where there is none. */
export type Described = "inventory" | { readonly at: DocPath };

/** Hosts named in a message, and inventories named as related places. */
const NAMED = 3;

const GIB = 2 ** 30;

const SEVERITIES = new Map(
  [...PLAN_CODES, ...GUEST_CODES, ...TRUST_CODES].map((entry) => [entry.code, entry.severity]),
);

/** `describedBy`: where a host's facts come from; the spec itself for guests that have not been detected yet. */
export function startFindings(describedBy: (host: string) => Described): Findings {
  const entries: (
    | Finding
    | { readonly first: HostFinding; readonly hosts: string[]; readonly facts: RelatedPlace[] }
  )[] = [];
  const groups = new Map<string, { first: HostFinding; hosts: string[]; facts: RelatedPlace[] }>();
  return {
    add(finding) {
      entries.push(finding);
    },
    addOnHost(finding) {
      const key = JSON.stringify([finding.code, finding.path, finding.group ?? ""]);
      let group = groups.get(key);
      if (group === undefined) {
        group = { first: finding, hosts: [], facts: [] };
        groups.set(key, group);
        entries.push(group);
      }
      group.hosts.push(finding.host);
      if (finding.fact !== undefined && group.facts.length < NAMED) {
        group.facts.push(placeFact(finding.fact, describedBy(finding.host), finding.host));
      }
    },
    hasErrors: () =>
      entries.some((entry) => severityOf("first" in entry ? entry.first.code : entry.code) === "error"),
    list: () => entries.map((entry) => ("first" in entry ? fromGroup(entry) : fromFinding(entry))),
  };
}

/** A place in a file that does not exist would send the reader nowhere. */
function placeFact({ message, path }: Fact, by: Described, host: string): RelatedPlace {
  return by === "inventory"
    ? { message, path, doc: { kind: "inventory", host } }
    : { message, path: by.at, doc: SPEC_DOC, onKey: true };
}

function fromGroup(group: { first: HostFinding; hosts: string[]; facts: RelatedPlace[] }): Diagnostic {
  const { first, hosts } = group;
  return fromFinding({
    code: first.code,
    path: first.path,
    message: first.message(nameSome(hosts), hosts.length),
    ...(first.help === undefined ? {} : { help: first.help(hosts[0] as string) }),
    related: [...(first.related ?? []), ...group.facts],
  });
}

function fromFinding({ code, path, message, help, related, drawing, onKey }: Finding): Diagnostic {
  return {
    severity: severityOf(code),
    code,
    message,
    doc: SPEC_DOC,
    path,
    ...(onKey === true ? { onKey } : {}),
    ...(help === undefined ? {} : { help }),
    ...(drawing === undefined ? {} : { drawing }),
    ...(related === undefined || related.length === 0 ? {} : { related }),
  };
}

function severityOf(code: string): Diagnostic["severity"] {
  const severity = SEVERITIES.get(code);
  if (severity === undefined) throw new Error(`no such code in the table of the plan room: ${code}`);
  return severity;
}

/** `"a"`, `"a" and "b"`, `"a", "b", "c" and 4 more`. */
export function nameSome(names: readonly string[]): string {
  const quoted = names.slice(0, NAMED).map((name) => `\`${name}\``);
  const more = names.length - quoted.length;
  if (more > 0) return `${quoted.join(", ")} and ${more} more`;
  return joinWords(quoted);
}

/** The subject of a sentence whose verb stays singular. */
export function eachOf(hosts: string, count: number): string {
  return count === 1 ? hosts : `each of ${hosts}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function joinWords(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** What a machine has is seldom a whole number of anything: 131785031680 → `122.7GiB`. */
export function nameMemory(bytes: number): string {
  const exact = formatSize(bytes);
  return exact.endsWith("GiB") || bytes < GIB ? exact : `${(bytes / GIB).toFixed(1)}GiB`;
}

/** `1 slot`, `4 slots`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
