// How SSH is called, and each way in which it gives no answer. A small script stands in for ssh.

import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { listSshArguments, openSshLine } from "../../src/adapters/broker-client.ts";
import { makeFolder } from "./folder.ts";

const ADDRESS = { url: "ssh://mint@control:2222", user: "mint", host: "control", port: 2222 };

/** On a machine that is busy even a shell takes its time. */
const PATIENT = 60_000;

function makeSsh(t: TestContext, script: string, limit = PATIENT, signal: AbortSignal | null = null) {
  const folder = makeFolder(t);
  const path = join(folder, "ssh");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  const options = { command: path, deadlineMs: limit, signal };
  return { folder, ask: openSshLine(["control"], { PATH: process.env.PATH }, options) };
}

test("the broker's key is asked for by name, strangers are not trusted, and nothing is read from a terminal", (t) => {
  const folder = makeFolder(t);
  const plain = listSshArguments({ ...ADDRESS, user: null, port: null }, folder);
  assert.deepEqual(plain.slice(-3), ["--", "control", "ci-fleet mint --stdio"]);
  for (const option of ["BatchMode=yes", "StrictHostKeyChecking=yes"])
    assert.ok(plain.includes(option), option);
  assert.ok(!plain.includes("-i") && !plain.includes("-p") && !plain.includes("-l"));
  writeFileSync(join(folder, "broker.key"), "");
  writeFileSync(join(folder, "broker.known_hosts"), "");
  const full = listSshArguments(ADDRESS, folder).join(" ");
  assert.ok(full.includes(`-i ${folder}/broker.key -p 2222 -l mint -- control`), full);
  assert.ok(full.includes(`UserKnownHostsFile=${folder}/broker.known_hosts`), full);
});

test("one line goes out, one line comes back; a secret is on no command line and in no environment", async (t) => {
  const { folder, ask } = makeSsh(
    t,
    `cat >"$0.in"; env >"$0.env"; echo "$*" >"$0.args"; echo answer; echo more`,
  );
  assert.deepEqual(await ask('{"v":1}\n'), { line: "answer" });
  assert.equal(readFileSync(join(folder, "ssh.in"), "utf8"), '{"v":1}\n');
  assert.equal(readFileSync(join(folder, "ssh.args"), "utf8"), "control\n");
});

const failures: readonly (readonly [string, string, RegExp])[] = [
  [
    "is refused",
    'echo "mint@control: Permission denied (publickey)." >&2; exit 255',
    /^mint@control: Permission denied \(publickey\)\.$/,
  ],
  ["does not know the broker", 'echo "Host key verification failed." >&2; exit 255', /broker\.known_hosts/],
  ["ends without a word", "exit 3", /^ssh ended with 3$/],
  ["never answers", "exec sleep 30", /^no answer within 1 s$/],
  ["never ends its line", "exec cat /dev/zero", /has no end/],
];
for (const [name, script, cause] of failures) {
  test(`an ssh that ${name} is told`, async (t) => {
    const said = await makeSsh(t, script, name === "never answers" ? 1000 : PATIENT).ask("x\n");
    assert.ok("cause" in said);
    assert.match(said.cause, cause);
  });
}

test("an ssh that is not installed is told", async () => {
  const said = await openSshLine([], {}, { command: "/nonexistent/ssh", deadlineMs: 1000 })("x\n");
  assert.ok("cause" in said && /ENOENT/.test(said.cause));
});

test("a question is given up when nobody waits for the answer any more, and none is asked after that", async (t) => {
  const over = new AbortController();
  const { ask } = makeSsh(t, "exec sleep 300", PATIENT, over.signal);
  const asked = ask("x\n");
  over.abort();
  for (const said of [await asked, await ask("x\n")])
    assert.deepEqual(said, { cause: "given up: the time for all of this is over" });
});
