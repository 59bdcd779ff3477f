// A fleet that this ci-fleet must not touch: of another format, or one that asks for another ci-fleet. In: the spec's
// text, the name to show. Out: what is wrong, placed; empty where `init` may go on, other faults or not.

import { type PlacedDiagnostic, placeDiagnostics } from "../../base/place-diagnostics.ts";
import { parseSpec } from "../../spec/parse-spec.ts";
import { productVersion } from "../version.ts";

const FOREIGN = new Set(["CF615", "CF616"]);

export function findForeign(text: string, file: string): readonly PlacedDiagnostic[] {
  const { diagnostics, locate } = parseSpec(text, { productVersion });
  return placeDiagnostics(
    diagnostics.filter(({ code }) => FOREIGN.has(code)),
    [{ doc: { kind: "spec" }, file, text, locate }],
  );
}
