// Every row of the fault table, and every disaster that others told of, has a test by name: here is which. In: the
// tests' own texts, the scenes' folders. A row without one fails, and so does a name that is no test's.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const SCENES = "fixtures/watchdog/scenes";
const FILES = {
  act: "test/watchdog/act.test.ts",
  app: "test/adapters/credentials-app.test.ts",
  brake: "test/registration/back-off.test.ts",
  daemon: "test/cli/run-daemon.test.ts",
  client: "test/adapters/github-faults.test.ts",
  files: "test/adapters/watchdog-files.test.ts",
  ephemeral: "test/registration/register-ephemeral.test.ts",
  lab: "test/lab/watchdog.test.ts",
  pages: "test/adapters/github-client.test.ts",
  requests: "test/watchdog/requests.test.ts",
} as const;

/** `file: name of a test`, or a scene in words. */
type Named = `${keyof typeof FILES}: ${string}` | string;

const FAULTS: Readonly<Record<string, readonly Named[]>> = {
  "401": [
    "requests: an App whose token GitHub suddenly refuses gets one new token within the pass",
    "requests: an App that is refused with a new token too changes nothing and is told as refused",
    "a refused credential changes nothing",
  ],
  "clock skew": [
    "client: the clock's offset is read from every answer",
    "a clock that is five minutes off is told and breaks no window",
  ],
  "token expiry mid-pass": [
    "app: an App's token is replaced when less than ten minutes are left",
    "app: a token that ended in the middle of a pass is minted anew, once",
  ],
  "403 permission": [
    "client: a refusal names the permission that would do",
    "a missing permission does not count as unregistered",
  ],
  "403/429 rate": [
    "client: a limit holds for all that follows, until its time has come",
    "client: a limit without a time is a minute; a reset counts on GitHub's clock, and no longer than an hour",
    "pages: mutations keep a second between them, reads do not wait",
    "requests: a share that is spent leaves GitHub alone until some of it has come back",
    "a rate limit waits",
  ],
  "404 on a runner": ["one 404 by number is not enough"],
  "404 on the list": ["a 404 of the list means lost access"],
  "422 delete": [
    "act: 422 on the deletion means busy: the slot is let go and nothing is tried again at once",
    "a full group is a failure of the start and no reason to remove",
    "ephemeral: a full group and a refused credential are told as they are",
  ],
  "5xx, 502 bursts": [
    "act: 5xx on the deletion leaves the runner running and asks again in the next pass",
    "client: what fails a few times is read all the same, with growing pauses",
    "a burst of 502 leaves no orphan and stops nothing",
    "lab: GitHub answering 502 changes nothing; what is down is started all the same",
  ],
  "hang, slow drip": [
    "requests: [hang]",
    "requests: [hang-body]",
    "requests: [drip]",
    "daemon: what did not answer in time is given up when its pass is over, and the next one asks anew",
  ],
  "truncated body": [
    "requests: [truncate]",
    "requests: [short]",
    "requests: [broken-chunk]",
    "requests: [empty-200]",
    "client: a registration whose answer got lost is not repeated, and can be found",
  ],
  "redirect 301/302/307": [
    "requests: a renamed organization is followed: 301 for what is read, 307 for a deletion",
    "client: the credential does not go to another server",
  ],
  "DNS, refused, reset": [
    "client: a name that does not resolve and a port where nobody listens are unknown, with the cause in words",
    "requests: [reset]",
    "no route to github changes nothing and dead slots still start",
  ],
  "pagination shifting": [
    "pages: pages that shift are read once more; if they go on the list says that it is not whole",
    "a row that the pages lost proves nothing",
    "a list that does not add up removes nothing",
  ],
  "docker daemon down": [
    "docker that does not answer makes the host unknown",
    "lab: while the engine is stopped its slots are unknown and left alone",
  ],
  "two watchdogs": [
    "two watchdogs leave one anothers slots alone",
    "lab: of several at once one works, and the others say so",
  ],
  "crash between deregister and remove": [
    "a crash between deregistration and stop is finished",
    "act: a death at any step of a retirement is finished by later passes",
    "lab: killed at each step of a retirement it finishes it, and no job notices",
  ],
  "crash between register and record": [
    "ephemeral: an answer that got lost leaves a name that may be registered, and no second try",
    "ghosts of earlier starts go after the limit",
  ],
  "stuck busy, offline": ["offline and busy waits for the lease to end"],
  "offline, local listener alive": [
    "offline at github with a worker is never touched",
    "a hung listener is made anew after its window",
  ],
  "session conflict after crash": ["a session conflict after kill 9 waits and then begins anew"],
  "version deprecated": [
    "a deprecated version is left down and told",
    "brake: a deprecated version stops the slot until another version is in force",
  ],
  flapping: [
    "flapping starts are spaced out and told",
    "a start that fails again and again is left to its back off",
    "brake: pauses double five times, then the breaker lets one try through in a while",
    "brake: an hour of a failing slot registers a dozen times at most",
  ],
  "mass deletion": ["not more than half of a pool goes in a pass"],
  "disk full": [
    "act: a full disk forbids every change, for nothing can be written down before it",
    "files: a disk that takes only a part of the lines has none of them, and half a line of a crash ends there",
    "a rogue listener and a full disk are told",
  ],
  "suspend, time jump": ["a clock that jumps makes every window begin anew"],
};

const DISASTERS: Readonly<Record<string, readonly Named[]>> = {
  "busy false 60 s into a job, flipping after 12 minutes": [
    "busy is false a minute into a job and flips after twelve",
  ],
  "117 orphans after a burst of 502": ["a burst of 502 leaves no orphan and stops nothing"],
  "expired-token restart loop": [
    "a start that fails again and again is left to its back off",
    "brake: an hour of a failing slot registers a dozen times at most",
  ],
  "session conflict after kill -9": ["a session conflict after kill 9 waits and then begins anew"],
  "registration deleted while polling, new generation": [
    "a registration that was deleted ends a new runner by itself",
  ],
  "registration deleted while polling, old generation": [
    "a registration that was deleted while an old runner polls is renewed",
    "lab: a registration that GitHub has deleted under a runner that polls on is made anew, and a death amid it is finished",
  ],
  "page shift hiding a runner": ["a row that the pages lost proves nothing"],
  "group full at 10,000": ["a full group is a failure of the start and no reason to remove"],
  "deprecated version loop": ["a deprecated version is left down and told"],
  "ephemeral ghost polling for ever": ["an ephemeral ghost that polls for ever is made anew"],
  "two watchdogs at once": [
    "two watchdogs leave one anothers slots alone",
    "lab: of several at once one works, and the others say so",
  ],
  "clock five minutes off": ["a clock that is five minutes off is told and breaks no window"],
  "spoofed job name": ["a job whose name looks like an error changes nothing"],
};

const texts = new Map<string, string>();
function read(path: string): string {
  const text = texts.get(path) ?? readFileSync(path, "utf8");
  texts.set(path, text);
  return text;
}

function isTest(name: Named): boolean {
  const [, file, title] = /^([a-z]+): (.*)$/.exec(name) ?? [];
  const path = FILES[file as keyof typeof FILES];
  if (path === undefined || title === undefined) return existsSync(`${SCENES}/${name.replaceAll(" ", "-")}`);
  const row = /^\[(.*)\]$/.exec(title)?.[1];
  if (row !== undefined) return read(path).includes(`  ["${row}", `);
  return (
    read(path).includes(`test("${title}"`) || new RegExp(`scene\\(\\s*"${quote(title)}"`).test(read(path))
  );
}

function quote(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

for (const [what, rows] of Object.entries({ fault: FAULTS, disaster: DISASTERS })) {
  test(`each ${what} has tests by name`, () => {
    for (const [row, names] of Object.entries(rows)) {
      assert.notEqual(names.length, 0, row);
      for (const name of names) assert.ok(isTest(name), `${row}: there is no test "${name}"`);
    }
  });
}

test("a name that is no test's is found out, and each scene decides something", () => {
  for (const name of ["no such scene", "act: no such test", "requests: [no-such-fault]", "lab: nothing"]) {
    assert.equal(isTest(name), false, name);
  }
  for (const scene of readdirSync(SCENES)) assert.ok(existsSync(`${SCENES}/${scene}/decisions.txt`), scene);
});
