// Whole goldens: what was rendered is compared with a folder of real files, in both directions. In: the
// folder and the files. Out: nothing, or an assertion. `UPDATE_GOLDENS=1` rewrites the folder instead; the
// difference is then for a person to read.

import assert from "node:assert/strict";
import { chmodSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { RenderedFile } from "../src/model/rendered-file.ts";

export function expectGolden(folder: string, files: readonly RenderedFile[]): void {
  if (process.env.UPDATE_GOLDENS === "1") rewrite(folder, files);
  const wanted = new Map<string, string>();
  for (const path of globSync("**/*", { cwd: folder }).sort()) {
    const { mode } = statSync(join(folder, path));
    if (!statSync(join(folder, path)).isFile()) continue;
    wanted.set(path, `${mode & 0o100 ? "executable" : "file"}\n${readFileSync(join(folder, path), "utf8")}`);
  }
  const given = new Map(
    files.map((file) => [file.path, `${file.mode & 0o100 ? "executable" : "file"}\n${file.content}`]),
  );
  assert.deepEqual([...given.keys()].sort(), [...wanted.keys()], `the files of ${folder}`);
  for (const [path, content] of wanted) assert.equal(given.get(path), content, join(folder, path));
}

function rewrite(folder: string, files: readonly RenderedFile[]): void {
  rmSync(folder, { recursive: true, force: true });
  for (const file of files) {
    const path = join(folder, file.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file.content);
    chmodSync(path, file.mode);
  }
}
