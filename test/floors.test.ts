// The house rules, on this repository, and on examples that break each of them.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as rules from "./house-rules.ts";

const root = join(import.meta.dirname, "..");

/** Not `recursive`, which follows the links of a copied /sys round and round. */
function readTree(folder: string): rules.SourceFile[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return readTree(path);
    return entry.isFile() ? [{ path, text: readFileSync(join(root, path), "utf8") }] : [];
  });
}
const readTop = () =>
  readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => ({ path: entry.name, text: readFileSync(join(root, entry.name), "utf8") }));

const code = [...readTree("src"), ...readTree("test"), ...readTree("templates"), ...readTop()];
const everything = [...code, ...readTree("docs"), ...readTree(".ci"), ...readTree("fixtures")];

const file = (path: string, text = "// Why.\n"): rules.SourceFile => ({ path, text });
const importing = (path: string, name: string) => file(path, `// Why.\nimport { a } from "${name}";\n`);

/** A rule, what it is run on, and files that it must find at fault, one offence each. */
const table: readonly (readonly [
  string,
  rules.HouseRule,
  readonly rules.SourceFile[],
  readonly rules.SourceFile[],
])[] = [
  [
    "every source file is in a room of the table",
    rules.roomsAreKnown,
    code,
    [file("src/main.ts"), file("src/attic/a.ts")],
  ],
  [
    "rooms import only what stands on lower floors, types included",
    rules.importsGoDown,
    code,
    [
      importing("src/base/a.ts", "../model/b.ts"),
      importing("src/plan/a.ts", "../spec/b.ts"),
      importing("src/render/a.ts", "../cli/b.ts"),
      importing("src/plan/a.ts", "../../test/b.ts"),
      file("src/plan/a.ts", '// Why.\nimport type { A } from "../adapters/b.ts";\n'),
      file("src/plan/a.ts", '// Why.\nconst { a } = await import("../spec/b.ts");\n'),
      file("src/plan/a.ts", '// Why.\nimport {\n  a,\n} from "../spec/b.ts";\n'),
      file("src/plan/a.ts", '// Why.\nexport { a } from "../spec/b.ts";\n'),
      file("src/plan/a.ts", '// Why.\nimport "../spec/b.ts";\n'),
    ],
  ],
  ["no file gathers what others export", rules.noBarrels, code, [file("src/plan/index.ts")]],
  [
    "no file is longer than 350 lines",
    rules.filesAreShort,
    code,
    ["src/plan/a.ts", "build.mjs", "templates/a.sh.hbs"].map((path) => file(path, "// a\n".repeat(351))),
  ],
  [
    "every file opens with why it exists",
    rules.filesSayWhy,
    code,
    [file("src/plan/a.ts", "const a = 1;\n"), file("test/a.test.ts", "\n// Why.\n")],
  ],
  [
    "files are named by their noun or verb",
    rules.namesSayWhat,
    code,
    [file("src/plan/planUtils.ts"), file("src/plan/plan-utils.ts"), file("src/plan/helpers.ts")],
  ],
  [
    "time, chance, environment, processes, network and files come in by adapters and cli alone",
    rules.worldIsBehindPorts,
    code,
    [
      file("src/plan/a.ts", "const a = process.env.A;\n"),
      file("src/plan/a.ts", "const a = Date.now();\n"),
      file("src/plan/a.ts", "const a = new Date();\n"),
      file("src/plan/a.ts", "const a = Math.random();\n"),
      file("src/plan/a.ts", "await fetch(url);\n"),
      file("src/plan/a.ts", 'import { spawn } from "node:child_process";\n'),
      file("src/plan/a.ts", 'import { readFile } from "node:fs/promises";\n'),
    ],
  ],
  [
    "nothing is left unfinished",
    rules.nothingUnfinished,
    code,
    [
      file("src/plan/a.ts", "// TODO: b\n"),
      file("templates/a.hbs", "# for now\n"),
      file("build.mjs", "// A stub.\n"),
    ],
  ],
  [
    "no file knows the machine it was written on",
    rules.noLocalPlaces,
    everything,
    [file("docs/a.md", "see /work/shared/b\n"), file("package-lock.json", '"resolved": "http://a/b.tgz"\n')],
  ],
];

for (const [name, rule, files, broken] of table) {
  test(name, () => {
    assert.notEqual(files.length, 0);
    assert.deepEqual(rule(files), []);
    for (const example of broken) assert.equal(rule([example]).length, 1, `${example.path}: ${example.text}`);
  });
}

test("words in comments do not count as the world", () => {
  const text = "// Why: process.env is not read here.\nconst a = 1; // Date.now()\n/* fetch( */\n";
  assert.deepEqual(rules.worldIsBehindPorts([file("src/plan/a.ts", text)]), []);
});

test("a package that is imported on demand is a module: of any other, the cut program gets no names", () => {
  const wanted = readTree("src").flatMap(({ path, text }) =>
    [...text.matchAll(/\bimport\("([^"./][^"]*)"\)/g)].map((found) => [path, found[1] ?? ""] as const),
  );
  const packages = wanted.filter(([, name]) => !name.startsWith("node:"));
  assert.notEqual(packages.length, 0);
  const kindOf = (name: string) =>
    JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).type;
  assert.deepEqual(
    packages.filter(([, name]) => kindOf(name) !== "module"),
    [],
  );
});

test("dependencies have exact versions, so that a lock file is not the only one to know them", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
  assert.deepEqual(
    Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(version))),
    [],
  );
});

test("the lock file names every package with version and checksum, and no address", () => {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const packages = Object.entries<Record<string, unknown>>(lock.packages).filter(([path]) => path !== "");
  assert.ok(packages.length > 100);
  const incomplete = packages.filter(([, entry]) => !entry.version || !entry.integrity || entry.resolved);
  assert.deepEqual(incomplete, []);
  const wanted = packages.flatMap(([, entry]) => Object.keys((entry.optionalDependencies ?? {}) as object));
  assert.deepEqual(
    wanted.filter((name) => !Object.hasOwn(lock.packages, `node_modules/${name}`)),
    [],
  );
});
