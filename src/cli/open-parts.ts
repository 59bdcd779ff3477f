// How the binary gets at its own parts: build.mjs puts the text of this function into the script that starts
// it, so it may use nothing but its arguments. In: which script holds each part, a compiler of scripts, and
// Node's `require` for the rest. Out: a `require` that knows the parts.

type Load = (name: string) => unknown;
type Part = (load: Load, module: { exports: unknown }, exports: unknown) => void;

/** `compile` turns the name of a script into its functions, which stand under the names of the parts. */
export function openParts(
  places: Readonly<Record<string, string>>,
  compile: (script: string) => Readonly<Record<string, Part>>,
  requireOther: Load,
): Load {
  const modules = new Map<string, { exports: unknown }>();
  const scripts = new Map<string, Readonly<Record<string, Part>>>();
  return function load(name) {
    const place = Object.hasOwn(places, name) ? places[name] : undefined;
    if (place === undefined) return requireOther(name);
    const known = modules.get(name);
    if (known !== undefined) return known.exports;
    const parts = scripts.get(place) ?? compile(place);
    scripts.set(place, parts);
    const module = { exports: {} };
    modules.set(name, module);
    parts[name]?.(load, module, module.exports);
    return module.exports;
  };
}
