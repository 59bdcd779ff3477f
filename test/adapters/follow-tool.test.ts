// A program whose output is followed: lines as they come, whole characters, every way to end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { followTool, openLines } from "../../src/adapters/follow-tool.ts";

const follow = async (script: string, bothStreams = false) => {
  const lines: string[] = [];
  const request = { command: "sh", args: ["-c", script], env: process.env, bothStreams };
  return { end: await followTool(request, (line) => lines.push(line)), lines };
};

test("lines come one by one, the last without an end too", async () => {
  const { end, lines } = await follow("printf 'a\\nb\\n'; sleep 0.05; printf c");
  assert.deepEqual([end.kind, lines], ["ended", ["a", "b", "c"]]);
});

test("a character that is cut in two by the pipe stays one", () => {
  const lines: string[] = [];
  const open = openLines((line) => lines.push(line));
  const bytes = Buffer.from("grün €\n");
  for (const byte of bytes) open.push(Buffer.from([byte]));
  open.end();
  assert.deepEqual(lines, ["grün €"]);
});

test("a line without an end does not fill the memory", () => {
  const lines: string[] = [];
  const open = openLines((line) => lines.push(line));
  for (let i = 0; i < 10; i++) open.push(Buffer.alloc(40_000, "x"));
  open.end();
  assert.ok(lines.length > 1 && lines.every(({ length }) => length <= 120_000));
  assert.equal(lines.join("").length, 400_000);
});

test("a failure keeps what was said; a missing program is told apart", async () => {
  const { end, lines } = await follow("echo no >&2; exit 3");
  assert.deepEqual([end, lines], [{ kind: "ended", exitCode: 3, stderr: "no\n" }, []]);
  const both = await follow("echo out; echo err >&2", true);
  assert.deepEqual(both.lines.toSorted(), ["err", "out"]);
  const gone = { command: "/nonexistent/program", args: [], env: {}, bothStreams: false };
  assert.deepEqual(await followTool(gone, () => undefined), { kind: "missing" });
});
