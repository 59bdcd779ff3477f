// Who is who on this machine, as far as the runners' account is concerned. In: the texts of passwd, group, subuid
// and subgid. Out: the account, who has a uid, which numbers are free (passwd(5), group(5), subuid(5)).

import type { AccountState } from "../model/apply-state.ts";

export interface AccountTexts {
  readonly passwd: string;
  readonly group: string;
  readonly subuid: string;
  readonly subgid: string;
}

/** What rootless engines ask for. */
const RANGE = 65_536;
/** SUB_UID_MIN of login.defs(5). */
const FIRST = 100_000;

export function readAccount(name: string, texts: AccountTexts): AccountState | null {
  const line = listFields(texts.passwd).find(([login]) => login === name);
  const uid = readNumber(line?.[2]);
  if (uid === null) return null;
  const has = (text: string) =>
    readRanges(text).some(({ owner, count }) => (owner === name || owner === String(uid)) && count >= RANGE);
  return { uid, subordinates: has(texts.subuid) && has(texts.subgid) };
}

/** Who else has this number. */
export function findHolder(uid: number, except: string, { passwd }: AccountTexts): string | null {
  const holder = listFields(passwd).find(([login, , number]) => login !== except && number === String(uid));
  return holder?.[0] ?? null;
}

export function listGroups({ group }: AccountTexts): ReadonlySet<string> {
  return new Set(listFields(group).flatMap(([name]) => name ?? []));
}

/** Behind all ranges of both files, so that one range serves as both. */
export function findFreeRange({ subuid, subgid }: AccountTexts): number {
  const ends = [...readRanges(subuid), ...readRanges(subgid)].map(({ first, count }) => first + count);
  return Math.max(FIRST, ...ends);
}

function readRanges(text: string) {
  return listFields(text).flatMap(([owner, first, count]) => {
    const [from, many] = [readNumber(first), readNumber(count)];
    return owner === undefined || from === null || many === null ? [] : [{ owner, first: from, count: many }];
  });
}

function listFields(text: string): readonly (readonly string[])[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"));
}

function readNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : null;
}
