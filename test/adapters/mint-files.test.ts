// What mint keeps beside a slot, on a real disk: whole, readable by all, and nothing for what is none of ours.

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openMintFiles } from "../../src/adapters/mint-files.ts";
import { EMPTY_JOURNAL, type MintJournal, readMintJournal } from "../../src/model/mint-journal.ts";
import { readMintState } from "../../src/model/slot-state.ts";
import { makeFolder } from "./folder.ts";

const journal: MintJournal = {
  version: 1,
  names: [{ name: "acme-ci-forge-1-abcdefg", url: "https://github.com/acme", id: 7, at: 1 }],
  started: { at: 2, boot: "x" },
  clock: { offset: -3.5, at: 4 },
  gone: { agentId: 5, at: 6 },
};

test("what was written is read again, and others may read it too", (t) => {
  const folder = join(makeFolder(t), "state/slot");
  const files = openMintFiles(folder);
  assert.deepEqual([files.readJournal(), files.readSetbacks()], [EMPTY_JOURNAL, null]);
  files.writeJournal(journal);
  files.writeState({ state: "red", reason: "disk-full", message: "m", at: 1, nextTryAt: null, failures: 2 });
  assert.deepEqual(files.readJournal(), journal);
  assert.deepEqual(readdirSync(folder).sort(), ["mint.json", "starts.json"]);
  assert.equal(statSync(join(folder, "mint.json")).mode & 0o777, 0o644);
  files.writeSetbacks(null);
});

test("the word for status is one that status reads", (t) => {
  const folder = makeFolder(t);
  const state = {
    state: "waiting",
    reason: "rate-limited",
    message: "m",
    at: 1,
    nextTryAt: 2,
    failures: 3,
  } as const;
  openMintFiles(folder).writeState(state);
  assert.deepEqual(readMintState(readFileSync(join(folder, "mint.json"), "utf8")), state);
});

test("a journal that is damaged, foreign, a link or a folder counts as none", (t) => {
  const folder = makeFolder(t);
  const path = join(folder, "starts.json");
  for (const text of [
    "",
    "{",
    "[]",
    '{"version":2}',
    "null",
    '{"version":1,"names":[{"name":7},null,{"name":"a","url":"b","at":-1}]}',
  ]) {
    assert.deepEqual(readMintJournal(text), EMPTY_JOURNAL);
  }
  writeFileSync(join(folder, "elsewhere"), JSON.stringify(journal));
  symlinkSync(join(folder, "elsewhere"), path);
  assert.deepEqual(openMintFiles(folder).readJournal(), EMPTY_JOURNAL);
  const other = makeFolder(t);
  mkdirSync(join(other, "starts.json"));
  assert.deepEqual(openMintFiles(other).readJournal(), EMPTY_JOURNAL);
});
