// Lets the tests of a pure room run in one process, where what they all need is loaded and warm once: half the cost
// of a process for each file. In: paths of test files. Out: paths to hand to Node's runner.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** Rooms without the world, so that no test of theirs can be in another's way. */
const PURE = /^(?:apply|base|doctor|hardware|mint|model|plan|registration|render|spec|status|watchdog)$/;
/** Those that wait for processes or servers would only keep the others waiting. */
const WAITS = /node:child_process|github-lab|watched-host/;

/** Longest first; what is written for it goes with this process. */
export function gatherRooms(files: readonly string[]): readonly string[] {
  const rooms = new Map<string, string[]>();
  const alone: string[] = [];
  for (const file of files) {
    const room = file.split("/")[1] ?? "";
    if (!PURE.test(room) || WAITS.test(readFileSync(file, "utf8"))) alone.push(file);
    else rooms.set(room, [...(rooms.get(room) ?? []), file]);
  }
  const folder = mkdtempSync(join(tmpdir(), "ci-fleet-rooms-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const gathered = [...rooms].map(([room, members]) => {
    const path = join(folder, `${room}.test.mjs`);
    const lines = members.map((file) => `import ${JSON.stringify(pathToFileURL(resolve(file)).href)};\n`);
    writeFileSync(path, `// The tests of one room.\n${lines.join("")}`);
    return path;
  });
  return [...gathered, ...alone];
}
