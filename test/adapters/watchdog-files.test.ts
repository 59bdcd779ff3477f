// The files by which the watchdog holds slots back, forgets registrations and keeps its log: whole, ours alone, and
// never another's.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openAnswers } from "../../src/adapters/answer-cache.ts";
import { appendAudit } from "../../src/adapters/audit-log.ts";
import { openHostFiles } from "../../src/adapters/host-files.ts";
import { openHostTools } from "../../src/adapters/host-tools.ts";
import {
  assignRepository,
  forgetIdentity,
  holdSlot,
  letSlotGo,
  readHolder,
  readMemoryText,
  saveMemoryText,
} from "../../src/adapters/watchdog-files.ts";
import { placeForSystem } from "../../src/apply/places.ts";
import { WorldError } from "../../src/base/world-error.ts";
import { placesOf } from "../../src/model/names.ts";
import { makeFolder } from "./folder.ts";

const SLOT = "acme-ci-forge-1";

function makePlaces(t: TestContext) {
  const state = makeFolder(t);
  return { ...placeForSystem(placesOf("acme")), state };
}

const FILES = openHostFiles("/");

test("a slot is held back in our name and let go again", (t) => {
  const places = makePlaces(t);
  assert.deepEqual(readHolder(FILES, places, SLOT), { known: true, value: null });
  holdSlot(places, SLOT);
  holdSlot(places, SLOT);
  assert.deepEqual(readHolder(FILES, places, SLOT), { known: true, value: "watchdog" });
  letSlotGo(FILES, places, SLOT);
  letSlotGo(FILES, places, SLOT);
  assert.deepEqual(readHolder(FILES, places, SLOT), { known: true, value: null });
});

test("what a person or apply drained is theirs: it is neither overwritten nor taken away", (t) => {
  const places = makePlaces(t);
  mkdirSync(join(places.state, "drained"));
  for (const [text, holder] of [
    ["by hand: ci-fleet drain\n", "hand"],
    ["", "hand"],
    ["by apply: the slot is not in the plan any more\n", "apply"],
  ]) {
    const path = join(places.state, "drained", SLOT);
    writeFileSync(path, text ?? "");
    holdSlot(places, SLOT);
    letSlotGo(FILES, places, SLOT);
    assert.equal(readFileSync(path, "utf8"), text);
    assert.deepEqual(readHolder(FILES, places, SLOT), { known: true, value: holder });
  }
});

test("a mark that cannot be written is a failure of the world", (t) => {
  const places = makePlaces(t);
  writeFileSync(join(places.state, "drained"), "a file where the folder should be");
  assert.throws(() => holdSlot(places, SLOT), WorldError);
});

test("all generations of an identity are forgotten, and nothing else, links are not followed", async (t) => {
  const places = makePlaces(t);
  const folder = join(places.state, SLOT, "state");
  const outside = join(places.state, "outside");
  for (const each of [join(folder, "generation-Ab12Cd34"), join(folder, "notes"), outside]) {
    mkdirSync(each, { recursive: true });
    writeFileSync(join(each, ".runner"), "{}");
  }
  symlinkSync("generation-Ab12Cd34", join(folder, "current"));
  symlinkSync(outside, join(folder, "previous"));
  writeFileSync(join(folder, "suspect"), "");
  await forgetIdentity(places, SLOT, openHostTools(process.env));
  assert.deepEqual(readdirSync(folder), ["notes"]);
  assert.ok(existsSync(join(outside, ".runner")));
  await forgetIdentity(places, "acme-ci-forge-2", openHostTools(process.env));
});

test("memory and assignments are written whole", (t) => {
  const places = makePlaces(t);
  assert.equal(readMemoryText(FILES, places), null);
  saveMemoryText(places, "one\n");
  saveMemoryText(places, "two\n");
  assert.equal(readMemoryText(FILES, places), "two\n");
  assert.equal(statSync(join(places.state, "watchdog.json")).mode & 0o777, 0o600);
  assignRepository(places, SLOT, "alice/app");
  assert.equal(readFileSync(join(places.state, "assigned", SLOT), "utf8"), "alice/app\n");
  assert.deepEqual(readdirSync(places.state).sort(), ["assigned", "watchdog.json"]);
});

test("the audit log is appended to, turned over when it is long, and four old ones stay", (t) => {
  const path = join(makeFolder(t), "audit.jsonl");
  appendAudit(path, []);
  assert.ok(!existsSync(path));
  for (let each = 0; each < 7; each++) {
    appendAudit(path, [`{"n":${each}}`, "{}"]);
    truncateSync(path, 16 * 1024 * 1024);
  }
  appendAudit(path, ['{"n":7}']);
  assert.equal(readFileSync(path, "utf8"), '{"n":7}\n');
  const first = (name: string) => readFileSync(name).subarray(0, 7).toString();
  assert.deepEqual(
    [1, 2, 3, 4].map((each) => first(`${path}.${each}`)),
    ['{"n":6}', '{"n":5}', '{"n":4}', '{"n":3}'],
  );
  assert.ok(!existsSync(`${path}.5`));
});

test("a disk that takes only a part of the lines has none of them, and half a line of a crash ends there", (t) => {
  const path = join(makeFolder(t), "audit.jsonl");
  appendAudit(path, ['{"n":1}']);
  const lines = Array.from({ length: 10 }, (_, n) => JSON.stringify({ n, evidence: "x".repeat(1000) }));
  // A limit on the length of files cuts a write as a full disk does.
  const code = `import { appendAudit } from ${JSON.stringify(`${import.meta.dirname}/../../src/adapters/audit-log.ts`)};
    try { appendAudit(${JSON.stringify(path)}, ${JSON.stringify(lines)}) } catch ({ name }) { console.log(name) }`;
  const limited = 'ulimit -f 4; exec "$0" --input-type=module --eval "$1"';
  const ran = spawnSync("bash", ["-c", limited, process.execPath, code], { encoding: "utf8" });
  assert.equal(ran.stdout, "WorldError\n", ran.stderr);
  assert.equal(readFileSync(path, "utf8"), '{"n":1}\n');
  appendFileSync(path, '{"n":2,"evi');
  appendAudit(path, ['{"n":3}']);
  assert.equal(readFileSync(path, "utf8"), '{"n":1}\n{"n":2,"evi\n{"n":3}\n');
});

test("answers are kept as long as passes ask for them, and some passes longer; a broken file is none", (t) => {
  const path = join(makeFolder(t), "answers.json");
  const answer = { etag: '"1"', shape: "runners@1", value: [1] };
  const first = openAnswers(path);
  first.set("a", answer);
  first.set("b", answer);
  first.keep();
  const second = openAnswers(path);
  for (let pass = 1; pass <= 11; pass++) {
    assert.deepEqual(second.get("a"), answer);
    second.age();
    second.keep();
    // A pass that could not ask must not make the next one pay.
    if (pass === 10) assert.deepEqual(openAnswers(path).get("b"), answer);
  }
  const third = openAnswers(path);
  assert.deepEqual([third.get("a"), third.get("b")], [answer, null]);
  for (const text of ["", "{}", "[[1]]", '[["a",null]]', '[["a",{"etag":1}]]']) {
    writeFileSync(path, text);
    assert.equal(openAnswers(path).get("a"), null, text);
  }
});
