// `init` as a person at a terminal meets it: what it asks, what it takes, and that giving up leaves nothing.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeFolder, readTree } from "../adapters/folder.ts";
import { cleanEnv, copyFleet, programLine } from "../cli/run-cli.ts";
import { CTRL_C, CTRL_U, ENTER, type Keys, runAtTerminal, type Seen } from "./terminal-session.ts";
import { hasTools } from "./tool.ts";

const NAME = /Name of this host/;
const URL = /Who gets the runners/;
const AUTH = /How do hosts get registrations/;
const LIFETIME = /How long does a runner live/;
const DOWN = "\u001b[B";

interface Session {
  readonly flags?: string;
  readonly keys?: readonly Keys[];
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
}

function emptyRepo(t: TestContext): string {
  const cwd = makeFolder(t);
  mkdirSync(join(cwd, ".git"));
  return cwd;
}

function init(cwd: string, { flags = "", keys = [], env = {}, columns = 100 }: Session): Promise<Seen> {
  return runAtTerminal(`${programLine()} init ${flags}`, keys, {
    cwd,
    env: cleanEnv({ TERM: "xterm", LC_ALL: "C.UTF-8", SHELL: "/bin/sh", ...env }),
    columns,
  });
}

const filesOf = (cwd: string): readonly string[] =>
  Object.keys(readTree(cwd)).filter((path) => !path.endsWith("/"));

test("four questions, and what was answered is in the spec", async (t) => {
  if (!hasTools(t, "script")) return;
  const cwd = emptyRepo(t);
  const { code, screen } = await init(cwd, {
    keys: [
      { after: NAME, text: `${CTRL_U}forge${ENTER}` },
      { after: URL, text: `acme/tools${ENTER}` },
      { after: AUTH, text: `${DOWN}${DOWN}${ENTER}` },
      { after: /The file on the host/, text: ENTER },
      { after: LIFETIME, text: `${DOWN}${DOWN}${ENTER}` },
    ],
  });
  assert.equal(code, 0, screen);
  assert.deepEqual(filesOf(cwd), [".gitignore", "fleet.schema.json", "fleet.yaml", "hosts/forge.yaml"]);
  const spec = readFileSync(join(cwd, "fleet.yaml"), "utf8");
  assert.match(spec, /^ {2}url: https:\/\/github\.com\/acme\/tools$/m);
  assert.match(spec, /^ {4}token: "\/etc\/ci-fleet\/token"$/m);
  assert.match(spec, /^ {2}forge:$/m);
  assert.match(spec, /^ {4}lifetime: persistent$/m);
  assert.doesNotMatch(spec, /CHANGE THIS/);
  assert.match(screen, /\nnew +fleet\.yaml\n/);
  assert.match(screen, /\nNext\n {2}- ci-fleet validate\n {2}- ci-fleet render\n$/);
});

test("a wrong answer is said at once, and asked again", async (t) => {
  if (!hasTools(t, "script")) return;
  const cwd = emptyRepo(t);
  const { code, screen } = await init(cwd, {
    flags: "--auth-token /etc/ci-fleet/token --lifetime ephemeral",
    keys: [
      { after: NAME, text: `${CTRL_U}My Box${ENTER}` },
      { after: /a name has lower-case letters/, text: `${CTRL_U}box${ENTER}` },
      { after: URL, text: `${CTRL_U}ftp://x${ENTER}` },
      { after: /expected an https/, text: `${CTRL_U}https://github.com/acme${ENTER}` },
    ],
  });
  assert.equal(code, 0, screen);
  assert.doesNotMatch(screen, AUTH, "what a flag says is not asked");
  assert.doesNotMatch(screen, LIFETIME);
  assert.match(readFileSync(join(cwd, "fleet.yaml"), "utf8"), /^ {2}box:$/m);
});

test("Ctrl-C at any question ends with 130 and leaves nothing", async (t) => {
  if (!hasTools(t, "script")) return;
  const answers: readonly Keys[] = [
    { after: NAME, text: ENTER },
    { after: URL, text: `acme${ENTER}` },
    { after: AUTH, text: ENTER },
    { after: LIFETIME, text: ENTER },
  ];
  for (const [i, { after }] of answers.entries()) {
    const cwd = emptyRepo(t);
    const { code, screen } = await init(cwd, { keys: [...answers.slice(0, i), { after, text: CTRL_C }] });
    assert.equal(code, 130, screen);
    assert.match(screen, /nothing was written/);
    assert.deepEqual(filesOf(cwd), []);
  }
});

test("in a repository that has a fleet only the host is asked for", async (t) => {
  if (!hasTools(t, "script")) return;
  const cwd = copyFleet(t);
  mkdirSync(join(cwd, ".git"));
  const { code, screen } = await init(cwd, { keys: [{ after: NAME, text: `${CTRL_U}third${ENTER}` }] });
  assert.equal(code, 0, screen);
  assert.doesNotMatch(screen, URL);
  assert.ok(filesOf(cwd).includes("hosts/third.yaml"));
});

test("--yes, a terminal that cannot move its cursor, and CI ask nothing", async (t) => {
  if (!hasTools(t, "script")) return;
  const yes = await init(emptyRepo(t), { flags: "--yes" });
  assert.equal(yes.code, 0, yes.screen);
  assert.doesNotMatch(yes.screen, NAME);
  for (const env of [{ TERM: "dumb" }, { CI: "true" }]) {
    const cwd = emptyRepo(t);
    const { code, screen } = await init(cwd, { env });
    assert.equal(code, 2);
    assert.match(screen, /^error: init needs to know who gets the runners\n/);
    assert.deepEqual(filesOf(cwd), []);
  }
});

test("a line that does not know its width gets whole words", async (t) => {
  if (!hasTools(t, "script")) return;
  const { code, screen } = await init(emptyRepo(t), {
    columns: 0,
    flags: "--url https://github.com/acme --auth-token /etc/ci-fleet/token --lifetime ephemeral",
    keys: [{ after: NAME, text: ENTER }],
  });
  assert.equal(code, 0, screen);
  assert.match(screen, /Name of this host \(--name\)/);
});
