// Scenes of disasters that happened to others, and of each row of the fault table: what is decided in each pass, whole.
// UPDATE_GOLDENS=1 writes what is decided now; the difference is for a person to read.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { playScene } from "./scene.ts";

const FOLDER = "fixtures/watchdog/scenes";

for (const name of readdirSync(FOLDER).sort()) {
  test(name.replaceAll("-", " "), () => {
    const page = playScene(readFileSync(join(FOLDER, name, "scene.yaml"), "utf8"));
    const golden = join(FOLDER, name, "decisions.txt");
    if (process.env.UPDATE_GOLDENS === "1") writeFileSync(golden, page);
    assert.equal(page, readFileSync(golden, "utf8"));
  });
}
