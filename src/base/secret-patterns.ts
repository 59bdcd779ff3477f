// What a secret looks like, so that one in the spec is found and never printed again. Shapes are the
// issuers' published prefixes. No upper bounds: GitHub's installation tokens grew from 40 to about 520
// characters in 2026 (GitHub changelog, 15 May 2026). In: text. Out: where the secrets are; the text masked.

import type { Span } from "./diagnostic.ts";

export interface SecretMatch extends Span {
  /** Completes "looks like …": `a GitHub token`. */
  readonly what: string;
}

const SHAPES: readonly { readonly what: string; readonly pattern: string }[] = [
  { what: "a GitHub token", pattern: "\\bgh[pousr]_[A-Za-z0-9_.-]{20,}" },
  { what: "a GitHub token", pattern: "\\bgithub_pat_[A-Za-z0-9_]{20,}" },
  {
    what: "a private key",
    pattern: "-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY-----[^]*?(?:-----END [^-]{0,60}-----|$)",
  },
  { what: "a GitLab token", pattern: "\\bglpat-[A-Za-z0-9_-]{20,}" },
  { what: "a Slack token", pattern: "\\bxox[abeprs]-[A-Za-z0-9-]{10,}" },
  { what: "an AWS access key", pattern: "\\b(?:AKIA|ASIA)[A-Z0-9]{16}\\b" },
  { what: "an npm token", pattern: "\\bnpm_[A-Za-z0-9]{30,}" },
  { what: "an API key", pattern: "(?<![A-Za-z0-9_-])sk-[A-Za-z0-9_-]{20,}" },
  {
    what: "a JSON Web Token",
    pattern: "(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\\.eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}",
  },
  { what: "a password in a URL", pattern: "(?<=://[^/\\s:@]{0,64}:)[^/\\s:@]{1,200}(?=@)" },
];

/** Every match in order of place; overlapping ones are reported once. */
export function findSecrets(text: string): readonly SecretMatch[] {
  const found: SecretMatch[] = [];
  for (const { what, pattern } of SHAPES) {
    for (const match of text.matchAll(new RegExp(pattern, "g"))) {
      found.push({ what, start: match.index, end: match.index + match[0].length });
    }
  }
  found.sort((a, b) => a.start - b.start || b.end - a.end);
  const distinct: SecretMatch[] = [];
  for (const match of found) {
    const previous = distinct.at(-1);
    if (previous === undefined || match.start >= previous.end) distinct.push(match);
  }
  return distinct;
}

/** The same text, what is in the secrets and in `others` replaced by asterisks; lines and columns stay true. */
export function maskSecrets(text: string, others: readonly Span[] = []): string {
  const spans = [...findSecrets(text), ...others].toSorted((a, b) => a.start - b.start);
  let masked = "";
  let from = 0;
  for (const { start, end } of spans) {
    if (end <= from) continue;
    const begin = Math.max(start, from);
    masked += text.slice(from, begin) + text.slice(begin, end).replace(/[^\r\n]/g, "*");
    from = end;
  }
  return masked + text.slice(from);
}

/** A key whose value is usually secret: `password`, `API_KEY`. Paths and short words are let pass. */
export function isSecretKeyName(key: string): boolean {
  return /(?:token|secret|passw(?:or)?d|passphrase|api_?key|private_?key|credential)/i.test(key);
}

/** Bits per character by Shannon; random base64 has about 5, English prose about 4 over long texts. */
export function measureEntropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) {
    const share = count / text.length;
    bits -= share * Math.log2(share);
  }
  return bits;
}
