// Adds a host to a spec that people wrote, and leaves every other byte as it is. The document is parsed only to
// find the place; the change is an insertion into the text, and is tried before it is believed.
// In: the spec's text, the host, perhaps a pool that lists its hosts. Out: the new text, null where the place
// cannot be found for sure: then the person is told what to write.

import { isScalar, isSeq } from "yaml";
import { quoteYamlKey } from "../../render/quote-yaml.ts";
import {
  endOf,
  findPair,
  indentOf,
  insertInto,
  insertLine,
  isEmpty,
  keepLineEnds,
  parseYaml,
} from "../edit-yaml.ts";

export function addHost(text: string, host: string, pool: string | null): string | null {
  return keepLineEnds(text, (lines) => addInLines(lines, host, pool));
}

function addInLines(text: string, host: string, pool: string | null): string | null {
  const added = addHostEntry(text, host);
  if (added === null || pool === null) return added;
  return addToPool(added, host, pool);
}

function addHostEntry(text: string, host: string): string | null {
  const pair = findPair(parseYaml(text), ["hosts"]);
  if (pair === null) return null;
  const entry = `${quoteYamlKey(host)}:`;
  const after = isEmpty(pair.value)
    ? insertLine(text, endOf(pair.key), `${indentOf(text, pair.key)}  ${entry}`)
    : insertInto(text, pair.value, entry, `${entry} `);
  return after !== null && findPair(parseYaml(after), ["hosts", host]) !== null ? after : null;
}

/** A pool without a list takes every host that can hold it: nothing to do. */
function addToPool(text: string, host: string, pool: string): string | null {
  const pair = findPair(parseYaml(text), ["pools", pool, "hosts"]);
  if (pair === null || isEmpty(pair.value)) return text;
  if (!isSeq(pair.value)) return null;
  const name = quoteYamlKey(host);
  const after = insertInto(text, pair.value, `- ${name}`, name);
  if (after === null) return null;
  const list = findPair(parseYaml(after), ["pools", pool, "hosts"])?.value;
  const found = isSeq(list) && list.items.some((item) => isScalar(item) && item.value === host);
  return found ? after : null;
}
