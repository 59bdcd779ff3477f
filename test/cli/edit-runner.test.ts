// How bump writes into specs that people wrote: each pair of files in fixtures/bump is a spec before and after.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { chooseRelease } from "../../src/cli/bump/choose-release.ts";
import { editRunner, type RunnerEdit, writeRunnerPart } from "../../src/cli/bump/edit-runner.ts";
import { readFleetToBump } from "../../src/cli/bump/read-fleet.ts";
import { parseSpec } from "../../src/spec/parse-spec.ts";
import { compareWithFile } from "../spec/compare-file.ts";

const FOLDER = join(import.meta.dirname, "../../fixtures/bump");
const X64 = `1${"0".repeat(63)}`;
const ARM = `2${"e".repeat(63)}`;
const EDIT: RunnerEdit = {
  version: "2.338.1",
  checksums: { "linux-x64": X64, "linux-arm64": ARM },
  digest: null,
};
const DIGEST = `sha256:${"d".repeat(64)}`;

for (const name of readdirSync(FOLDER)) {
  test(name.replaceAll("-", " "), () => {
    const before = readFileSync(join(FOLDER, name, "before.yaml"), "utf8");
    const edit = /digest:/.test(before) ? { ...EDIT, digest: DIGEST } : EDIT;
    const after = editRunner(before, edit);
    if (!existsSync(join(FOLDER, name, "after.yaml")) && process.env.UPDATE_GOLDENS !== "1") {
      assert.equal(after, null, "where the place is not sure, nothing is edited");
      return;
    }
    if (after === null) return;
    compareWithFile(join(FOLDER, name, "after.yaml"), after);
    assert.notEqual(parseSpec(after).fleet, null, "the result is a valid spec");
    assert.equal(editRunner(after, edit), after, "twice is once");
  });
}

test("a file with the line ends of Windows keeps them", () => {
  const text = readFileSync(join(FOLDER, "a-block-with-comments/before.yaml"), "utf8").replaceAll(
    "\n",
    "\r\n",
  );
  const after = editRunner(text, EDIT);
  assert.ok(after !== null && !/[^\r]\n/.test(after));
});

test("what is told to be written by hand is a spec's part", () => {
  const part = parse(writeRunnerPart({ ...EDIT, digest: DIGEST })) as Record<string, unknown>;
  assert.deepEqual(part, {
    runner: { version: "2.338.1", digest: DIGEST, checksums: { "linux-x64": X64, "linux-arm64": ARM } },
  });
});

test("checksums that nobody told are taken out, for they were those of another version", () => {
  const before = `runner:\n  version: "2.336.0"\n  checksums:\n    linux-x64: "${X64}"\n  image: a/b\n`;
  const none = { ...EDIT, checksums: { "linux-x64": null, "linux-arm64": null } };
  assert.equal(editRunner(before, none), 'runner:\n  version: "2.338.1"\n  image: a/b\n');
});

test("whatever comments and keys surround it, only the runner changes", () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/);
  const comment = fc.option(fc.stringMatching(/^[ -~]{0,20}$/), { nil: null });
  fc.assert(
    fc.property(word, comment, comment, fc.boolean(), (name, above, beside, flow) => {
      const note = (text: string | null): string => (text === null ? "" : ` # ${text}`);
      const runner = flow
        ? `runner: {version: "2.336.0"}${note(beside)}`
        : `runner:${note(beside)}\n  version: "2.336.0"${note(beside)}`;
      const text = `fleet: ${JSON.stringify(name)}${note(above)}\n${runner}\nhosts:\n  a: # why\n`;
      const after = editRunner(text, EDIT);
      assert.ok(after !== null);
      for (const part of [above, beside]) if (part !== null) assert.ok(after.includes(`# ${part}`.trimEnd()));
      assert.deepEqual(
        { ...(parse(after) as object), runner: null },
        { ...(parse(text) as object), runner: null },
      );
    }),
  );
});

const row = (version: string, arch: string, sha256: string) => ({
  ...{ os: "linux", architecture: arch, url: "", downloadToken: null, sha256 },
  filename: `actions-runner-linux-${arch}-${version}.tar.gz`,
});
const rows = [row("2.338.1", "x64", X64), row("2.338.1", "arm64", ARM)];
const NO_SUMS = { "linux-x64": null, "linux-arm64": null };
const SUMS = { "linux-x64": X64, "linux-arm64": ARM };
const current = (version: string | null, checksums: typeof SUMS | typeof NO_SUMS = NO_SUMS) => ({
  version,
  used: version ?? "2.337.0",
  checksums,
});

test("the version goes up, is completed, or stays; never down", () => {
  const decide = (...given: Parameters<typeof chooseRelease>) => {
    const decision = chooseRelease(...given);
    return "why" in decision ? [decision.kind, decision.why] : [decision.kind, decision.to.version];
  };
  assert.deepEqual(decide(current("2.336.0"), rows, null), ["move", "2.338.1"]);
  assert.deepEqual(decide(current(null), rows, null), ["move", "2.338.1"]);
  assert.deepEqual(decide(current("2.338.1"), rows, null), ["complete", "2.338.1"]);
  assert.deepEqual(decide(current("2.338.1", SUMS), rows, null), ["stay", "runner 2.338.1 is the newest"]);
  assert.deepEqual(decide(current("2.340.0"), rows, null), [
    "stay",
    "runner 2.340.0 is in use, and 2.338.1 is older: nothing to do",
  ]);
  assert.deepEqual(decide(current("2.340.0"), rows, "2.338.1"), [
    "refuse",
    "runner 2.340.0 is in use, and 2.338.1 is older: bump never goes down",
  ]);
  assert.deepEqual(decide(current("2.336.0"), rows, "2.337.0"), ["move", "2.337.0"]);
  assert.deepEqual(decide(current("2.336.0"), [], null), ["refuse", "GitHub offers no runner for Linux"]);
});

test("a runner so old that the spec is invalid can still be moved", () => {
  const text = `version: 1\nfleet: home\ngithub: https://github.com/acme\nrunner: {version: "2.300.0"}\nhosts: {forge: }\npools: {ci: }\n`;
  assert.equal(parseSpec(text).fleet, null);
  const { tree, current: now } = readFleetToBump(text, Date.parse("2026-11-21"));
  assert.equal(tree.fleet?.name, "home");
  assert.equal(now.version, "2.300.0");
  const broken = readFleetToBump(text.replace("pools", "polls"), Date.parse("2026-11-21"));
  assert.equal(broken.tree.fleet, null, "other faults are told, not worked around");
});
