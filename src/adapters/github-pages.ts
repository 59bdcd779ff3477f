// A list that GitHub gives in pages of a hundred. Rows move between pages while they are read, so that one can
// be missed: what is absent here is evidence of nothing. In: a reader of one page. Out: all rows once each, and
// whether they are as many as GitHub counts.

import { type GitHubAnswer, NO_META } from "../model/github.ts";
import { addMeta } from "./github-calls.ts";
import type { Page } from "./github-shapes.ts";

export const PAGE_SIZE = 100;
/** GitHub's limit is 10,000 runners in a group; a list that goes on for ever ends here, incomplete. */
const MAX_PAGES = 500;

export interface Rows<T> {
  readonly rows: readonly T[];
  readonly total: number | null;
  readonly complete: boolean;
}

type ReadPage<T> = (page: number) => Promise<GitHubAnswer<Page<T>>>;

/** Read once more when the rows are not as many as they should be. */
export async function readPages<T extends { readonly id: number }>(
  readPage: ReadPage<T>,
): Promise<GitHubAnswer<Rows<T>>> {
  const first = await readOnce(readPage);
  if (first.kind !== "ok" || first.value.complete || first.value.total === null) return first;
  const second = await readOnce(readPage);
  return { ...second, meta: addMeta(first.meta, second.meta) };
}

async function readOnce<T extends { readonly id: number }>(
  readPage: ReadPage<T>,
): Promise<GitHubAnswer<Rows<T>>> {
  const rows = new Map<number, T>();
  let meta = NO_META;
  let total: number | null = null;
  let fromCache = true;
  for (let page = 1; page <= MAX_PAGES; page++) {
    const answer = await readPage(page);
    meta = addMeta(meta, answer.meta);
    if (answer.kind !== "ok") return { ...answer, meta };
    fromCache &&= answer.fromCache;
    total = answer.value.total;
    for (const row of answer.value.rows) rows.set(row.id, row);
    if (isLast(page, answer.value)) break;
  }
  const value = { rows: [...rows.values()], total, complete: total !== null && rows.size === total };
  return { kind: "ok", value, fromCache, meta };
}

function isLast(page: number, { total, rows }: Page<unknown>): boolean {
  if (rows.length === 0) return true;
  return total === null ? rows.length < PAGE_SIZE : page * PAGE_SIZE >= total;
}
