// Looks for what has no place in any spec, wherever it stands, comments and free keys included: characters
// that hide text, and secrets. In: the text, later the tree (for escapes in quotes). Out: findings.

import { findSecrets, isSecretKeyName, measureEntropy } from "../base/secret-patterns.ts";
import { findForbiddenCharacter, nameCodePoint } from "../base/text-policy.ts";
import type { Report } from "./report.ts";
import { quoteShort, type ScalarNode, type SpecNode } from "./spec-node.ts";

/** A binary file has thousands; the first ones say it all. */
const MAX_CHARACTER_FINDINGS = 20;

export function inspectText(text: string, report: Report): void {
  reportEncoding(text, report);
  reportCharacters(text, report);
  for (const { what, start, end } of findSecrets(text)) {
    report.add("CF401", [], {
      message: `this looks like ${what}`,
      help: SECRET_HELP,
      secret: true,
      span: { start, end },
    });
  }
}

const SECRET_HELP = "revoke it, and keep the new one in a file on the host";

/** What only decoding shows: escapes in double quotes, and values of keys with secret names. */
export function inspectTree(tree: SpecNode, text: string, report: Report): void {
  const seen = new Set<SpecNode>();
  const pending: { node: SpecNode; key: string | null }[] = [{ node: tree, key: null }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node, key } = next;
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === "map") {
      for (const [name, entry] of node.entries) {
        inspectDecoded(name, entry.keySpan, text, report);
        pending.push({ node: entry.node, key: name });
      }
    } else if (node.kind === "list") for (const item of node.items) pending.push({ node: item, key });
    else {
      if (typeof node.value === "string") inspectDecoded(node.value, node.span, text, report);
      inspectSecretKey(node, key, report);
    }
  }
}

function reportEncoding(text: string, report: Report): void {
  if (text.startsWith("\ufeff")) {
    report.add("CF609", [], {
      message: "the file begins with a byte order mark",
      help: "save it as UTF-8 without one",
      span: { start: 0, end: 1 },
    });
  }
  const crlf = text.indexOf("\r\n");
  if (crlf !== -1) {
    report.add("CF609", [], {
      message: "lines end in CRLF",
      help: "save it with LF line ends",
      span: { start: crlf, end: crlf + 1 },
    });
  }
}

function reportCharacters(text: string, report: Report): void {
  // Same length, so that offsets stay true.
  const body = text
    .replace(/^\ufeff/, " ")
    .replaceAll("\r\n", " \n")
    .replaceAll("\r", "\u0000");
  let from = 0;
  for (let found = 0; found < MAX_CHARACTER_FINDINGS; found++) {
    const forbidden = findForbiddenCharacter(from === 0 ? body : body.slice(from), { multiline: true });
    if (forbidden === null) break;
    const start = from + forbidden.index;
    const isReturn = text.charCodeAt(start) === 0x0d;
    const name = isReturn ? "U+000D, carriage return" : nameCodePoint(forbidden.codePoint);
    const end = start + (forbidden.codePoint > 0xffff ? 2 : 1);
    report.add("CF601", [], {
      message: `a ${forbidden.reason} (${name})`,
      help: "remove it",
      span: { start, end },
    });
    from = end;
  }
  const replaced = body.indexOf("\ufffd");
  if (replaced !== -1) {
    report.add("CF601", [], {
      message: "a replacement character (U+FFFD): the file is not valid UTF-8",
      help: "save it as UTF-8",
      span: { start: replaced, end: replaced + 1 },
    });
  }
}

function inspectDecoded(
  value: string,
  span: { start: number; end: number },
  text: string,
  report: Report,
): void {
  const raw = text.slice(span.start, span.end);
  if (!raw.includes("\\")) return;
  const forbidden = findForbiddenCharacter(value.replaceAll("\r", "\u0000"), { multiline: true });
  if (forbidden !== null && findForbiddenCharacter(raw, { multiline: true }) === null) {
    const returned = forbidden.codePoint === 0 && !value.includes("\u0000");
    report.add("CF601", [], {
      message: `a ${forbidden.reason} (${returned ? "U+000D, carriage return" : nameCodePoint(forbidden.codePoint)}), written as an escape`,
      help: "remove it",
      span,
    });
  }
  const [secret] = findSecrets(value);
  if (secret !== undefined && findSecrets(raw).length === 0) {
    report.add("CF401", [], {
      message: `this looks like ${secret.what}`,
      help: SECRET_HELP,
      secret: true,
      span,
    });
  }
}

/** Random-looking text under a secret's name. Paths, words and short values are let pass: `token: /etc/…`. */
function inspectSecretKey(node: ScalarNode, key: string | null, report: Report): void {
  const { value } = node;
  if (key === null || typeof value !== "string" || !isSecretKeyName(key)) return;
  if (/[\s/]/.test(value) || value.startsWith("$") || findSecrets(value).length > 0) return;
  const random =
    value.length >= 12 && /[0-9]/.test(value) && /[A-Za-z]/.test(value) && measureEntropy(value) >= 3;
  const password = /passw(?:or)?d|passphrase/i.test(key) && value.length >= 6;
  if (!random && !password) return;
  report.add("CF401", [], {
    message: `the value of ${quoteShort(key)} looks like a secret`,
    help: SECRET_HELP,
    secret: true,
    span: node.span,
  });
}
