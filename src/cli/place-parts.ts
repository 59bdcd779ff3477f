// Which script of the binary holds which part: reading a script and its code cache takes time by its size, so those
// who validate do not read what renders, nor those who render what talks to GitHub. Used by build.mjs alone. In:
// what esbuild says of the parts that it cut. Out: the script of each.

interface Output {
  readonly entryPoint?: string;
  readonly imports: readonly { readonly path: string; readonly kind: string }[];
}

export const SCRIPTS = ["start", "recall", "validate", "render", "rest"] as const;
export type ScriptName = (typeof SCRIPTS)[number];

/** `body` is the part that everything starts with. Where nothing has changed, render reads `start` and `recall`. */
export function placeParts(
  outputs: Readonly<Record<string, Output>>,
  body: string,
): (path: string) => ScriptName {
  const start = reach(outputs, body);
  const recall = reach(outputs, findPart(outputs, "src/cli/commands/render.ts"));
  const validate = reach(outputs, findPart(outputs, "src/cli/commands/validate.ts"));
  const whole = reach(outputs, findPart(outputs, "src/cli/render-fleet.ts"));
  const render = new Set([...whole, ...reach(outputs, findPart(outputs, "src/adapters/lock.ts"))]);
  return (path) => {
    if (start.has(path) || (recall.has(path) && validate.has(path))) return "start";
    if (recall.has(path)) return "recall";
    if (validate.has(path)) return "validate";
    return render.has(path) ? "render" : "rest";
  };
}

function findPart(outputs: Readonly<Record<string, Output>>, entry: string): string {
  const found = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === entry);
  if (found === undefined) throw new Error(`esbuild made no part of ${entry}`);
  return found[0];
}

/** The part itself and what it cannot start without; what `import()` asks for later is not among it. */
function reach(outputs: Readonly<Record<string, Output>>, from: string): ReadonlySet<string> {
  const found = new Set([from]);
  for (const path of found) {
    for (const { path: next, kind } of outputs[path]?.imports ?? []) {
      if (kind === "import-statement" && outputs[next] !== undefined) found.add(next);
    }
  }
  return found;
}
