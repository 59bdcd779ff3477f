// Which script of the binary holds which part.

import assert from "node:assert/strict";
import { test } from "node:test";
import { placeParts } from "../../src/cli/place-parts.ts";

const eager = (...paths: string[]) => paths.map((path) => ({ path, kind: "import-statement" }));
const lazy = (...paths: string[]) => paths.map((path) => ({ path, kind: "dynamic-import" }));

/** What esbuild says of seven parts and the pieces that they share. */
const OUTPUTS = {
  body: {
    entryPoint: "src/cli/run.ts",
    imports: [...eager("errors"), ...lazy("recall", "validate", "status")],
  },
  errors: { imports: [] },
  recall: {
    entryPoint: "src/cli/commands/render.ts",
    imports: [...eager("print", "hash"), ...lazy("whole")],
  },
  validate: { entryPoint: "src/cli/commands/validate.ts", imports: eager("print", "yaml", "node:path") },
  whole: {
    entryPoint: "src/cli/render-fleet.ts",
    imports: [...eager("yaml", "hash", "fill"), ...lazy("lock")],
  },
  lock: { entryPoint: "src/adapters/lock.ts", imports: eager("errors", "socket") },
  status: { entryPoint: "src/cli/commands/status.ts", imports: eager("yaml", "network") },
  print: { imports: [] },
  hash: { imports: eager("errors") },
  yaml: { imports: eager("print") },
  fill: { imports: eager("yaml") },
  socket: { imports: [] },
  network: { imports: [] },
};

test("each command reads its own parts and those that it shares with smaller ones", () => {
  const scriptOf = placeParts(OUTPUTS, "body");
  assert.deepEqual(Object.fromEntries(Object.keys(OUTPUTS).map((path) => [path, scriptOf(path)])), {
    body: "start",
    errors: "start",
    recall: "recall",
    validate: "validate",
    whole: "render",
    lock: "render",
    status: "rest",
    print: "start",
    hash: "recall",
    yaml: "validate",
    fill: "render",
    socket: "render",
    network: "rest",
  });
});

test("a part that was renamed is missed at build time, not by users", () => {
  const { validate: _, ...others } = OUTPUTS;
  assert.throws(() => placeParts(others, "body"), /no part of src\/cli\/commands\/validate\.ts/);
});
