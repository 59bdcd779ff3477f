// Scripts that bash 4.2 understands, as their heads promise. No such bash is at hand to ask, so this refuses what came
// later, by the sections "This document details the changes between this version … and the previous version" of
// bash's CHANGES, 4.3 to 5.3. In: the scripts that run beside a runner or on a new
// machine, and their templates; what runs on a Proxmox node has a bash that came with it.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";

interface Newer {
  readonly what: string;
  readonly since: string;
  readonly pattern: RegExp;
  /** A line that has it: the test of the test. */
  readonly example: string;
}

const NEWER: readonly Newer[] = [
  {
    what: "a reference to a variable by name",
    since: "4.3",
    pattern: /\b(?:local|declare|typeset|unset|readonly|export)\s+-[A-Za-z]*n/,
    example: "local -n target=$1",
  },
  { what: "wait -n, -f or -p", since: "4.3", pattern: /\bwait\s+-[nfp]/, example: 'wait -n "$a" "$b"' },
  {
    what: "[[ -R ]] and test -v of an element",
    since: "4.3",
    pattern: /(?:\[|test)\s+(?:!\s+)?(?:-R\s|-v\s+["']?\w+\[)/,
    example: "[[ -v table[key] ]]",
  },
  {
    what: "a negative subscript",
    since: "4.3",
    pattern: /\w\[\s*-\s*\d/,
    example: 'echo "$' + '{list[-1]}"',
  },
  {
    what: "$" + "{x@Q} and its like",
    since: "4.4",
    pattern: /\$\{[^{}]*@[A-Za-z]\}/,
    example: "echo $" + "{x@Q}",
  },
  {
    what: "mapfile -d",
    since: "4.4",
    pattern: /\b(?:mapfile|readarray)\s+(?:-\w+\s+)*-\w*d/,
    example: "mapfile -t -d '' all",
  },
  { what: "local -", since: "4.4", pattern: /\blocal\s+-(?:\s|;|$)/, example: "  local -" },
  { what: "local -I", since: "5.1", pattern: /\b(?:local|declare)\s+-[A-Za-z]*I/, example: "local -I x" },
  {
    what: "a variable of bash's own",
    since: "4.4",
    pattern: /\b(?:EPOCHSECONDS|EPOCHREALTIME|BASH_ARGV0|SRANDOM|BASH_MONOSECONDS|CHILD_MAX|PS0|GLOBSORT)\b/,
    example: "now=$EPOCHSECONDS",
  },
  {
    what: "an option of shopt",
    since: "4.3",
    pattern:
      /\b(?:inherit_errexit|localvar_inherit|localvar_unset|assoc_expand_once|array_expand_once|globasciiranges|globskipdots|patsub_replacement|varredir_close|noexpand_translation|progcomp_alias|direxpand)\b/,
    example: "shopt -s inherit_errexit",
  },
  {
    what: "$" + "{ command; } in this shell",
    since: "5.3",
    pattern: /\$\{(?:\s|\|)/,
    example: "x=$" + "{ date; }",
  },
  {
    what: "read -E and trap -P",
    since: "5.3",
    pattern: /\b(?:read\s+-\w*E|trap\s+-P)/,
    example: "read -E line",
  },
  {
    what: "waiting for a process substitution",
    since: "4.4",
    pattern: /<\([^)]*\)[^\n]*\n\s*wait\b/,
    example: "done < <(list)\nwait $!",
  },
];

/** `a[@]` where `a` may be empty is "unbound variable" under `set -u` before 4.4; these never are. */
const NEVER_EMPTY: Readonly<Record<string, string>> = {
  identity: "five names",
  essential: "three names",
  manager: "begins with systemctl",
  arguments: "begins with --unattended",
  over: "`.` where nothing else is",
  failed: "looked at by its length before",
  missing: "looked at by its length before",
};

/** Comments say what they like. */
const withoutComments = (text: string) => text.replace(/^\s*#.*$/gm, "");

interface Script {
  readonly path: string;
  readonly text: string;
}

function listScripts(): readonly Script[] {
  const files = globSync([
    "fixtures/{containers,fleets,units}/**/runner/*.sh",
    "templates/hosts/host/{runner,cloud-init}/*.sh.hbs",
  ]).sort();
  const scripts = files.map((path) => ({ path, text: readFileSync(path, "utf8") }));
  const seeds = globSync("fixtures/{cloud-init,fleets}/**/user-data").sort();
  return [...scripts, ...seeds.flatMap(listSetups)].map(({ path, text }) => ({
    path,
    text: withoutComments(text),
  }));
}

function listSetups(path: string): readonly Script[] {
  const { write_files: files } = parse(readFileSync(path, "utf8")) as {
    readonly write_files: readonly { readonly path: string; readonly content: string }[];
  };
  return files
    .filter(({ path: place }) => place.endsWith(".sh") && !place.includes("/images/"))
    .map((file) => ({ path: `${path}: ${file.path}`, text: file.content }));
}

const scripts = listScripts();

test("no script has what bash 4.2 does not understand", () => {
  assert.ok(scripts.length > 50 && scripts.some(({ path }) => path.endsWith("setup.sh")));
  for (const { path, text } of scripts) {
    if (!path.includes(".part.")) assert.match(text, /^set -[a-z]*u/m, `${path} is read as a script`);
    for (const { what, since, pattern } of NEWER) {
      assert.doesNotMatch(text, pattern, `${path}: ${what} came with bash ${since}`);
    }
  }
});

test("no list that may be empty is expanded, which bash before 4.4 takes for an unset variable", () => {
  let found = 0;
  for (const { path, text } of scripts) {
    for (const [all, name = ""] of text.matchAll(/\$\{(\w+)\[[@*]\][^}]*\}/g)) {
      found++;
      assert.ok(Object.hasOwn(NEVER_EMPTY, name), `${path}: ${all}: write down why it cannot be empty`);
    }
  }
  assert.ok(found > 10);
  const names = new Set(
    scripts.flatMap(({ text }) => [...text.matchAll(/\$\{(\w+)\[[@*]\]/g)].map(([, name]) => name)),
  );
  assert.deepEqual([...names].toSorted(), Object.keys(NEVER_EMPTY).toSorted());
});

test("each rule sees what it is for", () => {
  for (const { what, pattern, example } of NEWER) assert.match(example, pattern, what);
});
