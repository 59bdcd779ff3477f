// The rules of the house that a program can check. In: files as path and text. Out: offences, one line each
// with the place. floors.test.ts runs them on this repository and on examples that break them.

import { posix } from "node:path";

export interface SourceFile {
  /** From the top of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

export type HouseRule = (files: readonly SourceFile[]) => string[];

/** Which room stands on which floor; imports only go down, and never across. */
const floors: Readonly<Record<string, number>> = {
  base: 0,
  model: 1,
  spec: 2,
  hardware: 2,
  plan: 2,
  render: 2,
  apply: 2,
  registration: 2,
  watchdog: 2,
  workflows: 2,
  doctor: 2,
  status: 2,
  mint: 2,
  adapters: 2,
  cli: 3,
};
const roomsWithTheWorld = ["adapters", "cli"];
const maxLines = 350;

const inSource = (file: SourceFile) => file.path.startsWith("src/");
const isCode = (file: SourceFile) => /\.(ts|mjs)$/.test(file.path) && !file.path.includes(".generated.");
const roomOf = (path: string) => path.split("/")[1] ?? "";

/** Blanks out comments, keeping lines, so that words in them do not count. */
function withoutComments(text: string): string {
  const blank = (found: string) => found.replace(/[^\n]/g, " ");
  return text.replace(/\/\*[\s\S]*?\*\//g, blank).replace(/(^|[\s;{(,])\/\/.*$/gm, blank);
}

function findAll(file: SourceFile, text: string, pattern: RegExp): string[] {
  const lines = text.split("\n");
  return lines.flatMap((line, index) =>
    [...line.matchAll(pattern)].map((found) => `${file.path}:${index + 1}: ${found[0].trim()}`),
  );
}

/** Every import of a file, with the kind that matters here: a place in src/ or the name of a package. */
function importsOf(file: SourceFile): string[] {
  const pattern = /(?:\bfrom|\bimport)\s*\(?\s*"([^"\n]+)"/g;
  return [...withoutComments(file.text).matchAll(pattern)].map((found) => found[1] ?? "");
}

export const roomsAreKnown: HouseRule = (files) =>
  files
    .filter(inSource)
    .filter((file) => file.path.split("/").length < 3 || floors[roomOf(file.path)] === undefined)
    .map((file) => `${file.path}: is in no room of the table`);

export const importsGoDown: HouseRule = (files) =>
  files.filter(inSource).flatMap((file) => {
    const room = roomOf(file.path);
    return importsOf(file).flatMap((name) => {
      if (!name.startsWith(".")) return [];
      const target = posix.join(posix.dirname(file.path), name);
      if (!target.startsWith("src/")) return [`${file.path}: imports ${name}, which is outside src/`];
      const other = roomOf(target);
      const goesDown = (floors[other] ?? Number.NaN) < (floors[room] ?? Number.NaN);
      return other === room || goesDown ? [] : [`${file.path}: ${room} imports ${other}`];
    });
  });

export const noBarrels: HouseRule = (files) =>
  files.filter((file) => /(^|\/)index\.(ts|mjs|js)$/.test(file.path)).map((file) => `${file.path}: a barrel`);

export const filesAreShort: HouseRule = (files) =>
  files
    .filter((file) => isCode(file) || file.path.startsWith("templates/"))
    .filter((file) => file.text.trimEnd().split("\n").length > maxLines)
    .map((file) => `${file.path}: ${file.text.trimEnd().split("\n").length} lines, at most ${maxLines}`);

export const filesSayWhy: HouseRule = (files) =>
  files
    .filter((file) => isCode(file) && !/^(#!.*\n)?(\/\/ |\/\*\*? |\/\*\*?\n)/.test(file.text))
    .map((file) => `${file.path}: does not open with a comment`);

export const namesSayWhat: HouseRule = (files) =>
  files
    .filter((file) => isCode(file))
    .flatMap((file) => {
      const name = posix.basename(file.path).replace(/(\.generated|\.test)?\.\w+$/, "");
      if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) return [`${file.path}: not kebab-case`];
      const empty = name.split("-").find((word) => /^(utils?|misc|common|manager|handler)$/.test(word));
      return empty !== undefined || name === "helpers" ? [`${file.path}: a name that says nothing`] : [];
    });

/** Where time, chance, environment, processes, network and files come in. */
const world =
  /(?<![./\w"-])process\.[a-z]+\b(?!")|\bconsole\.|\bglobalThis\.|(?<![.\w])fetch\(|\bDate\.now\b|\bnew Date\(\)|\bperformance\.|\bMath\.random\b|\brandom(UUID|Bytes|Int)\b|\bset(Timeout|Interval|Immediate)\(|"node:(fs|child_process|net|tls|dgram|http|https|http2|dns|os|worker_threads|timers|readline|process)(\/[\w/]+)?"/g;

export const worldIsBehindPorts: HouseRule = (files) =>
  files
    .filter((file) => inSource(file) && isCode(file) && !roomsWithTheWorld.includes(roomOf(file.path)))
    .flatMap((file) => findAll(file, withoutComments(file.text), world));

const unfinished =
  /\b(TODO|FIXME|XXX)\b|\b([Pp]laceholders?(?!:)|[Ss]tubs?|[Ff]or now|[Nn]ot (yet )?implemented)\b/g;

export const nothingUnfinished: HouseRule = (files) =>
  files
    .filter((file) => inSource(file) || file.path.startsWith("templates/") || file.path === "build.mjs")
    .flatMap((file) => findAll(file, file.text, unfinished));

/** Addresses and folders that exist where a file was written and not where it is read. */
const localPlaces = /\/work\/(main|shared)\b|registry\.npmjs\.org|"resolved": "http/g;

export const noLocalPlaces: HouseRule = (files) =>
  files
    .filter((file) => file.path !== "test/house-rules.ts" && file.path !== "test/floors.test.ts")
    .flatMap((file) => findAll(file, file.text, localPlaces));
