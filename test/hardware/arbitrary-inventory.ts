// Any inventory that the shape admits, made from the shape itself. In: nothing. Out: a fast-check arbitrary.

import fc from "fast-check";
import { findForbiddenCharacter } from "../../src/base/text-policy.ts";
import { type Fields, INVENTORY_FIELDS, type Shape } from "../../src/hardware/inventory-shape.ts";
import type { Inventory } from "../../src/model/inventory.ts";

/** What YAML readers trip over, beside any other text. */
const NASTY = [
  "",
  " ",
  "null",
  "~",
  "yes",
  "No",
  "on",
  "1",
  "1.10",
  "0x1f",
  "1e3",
  "22:22",
  "- a",
  "a: b",
  "a #b",
  "#",
  "'",
  '"',
  "\\",
  "[x",
  "{",
  "*a",
  "&a",
  "!t",
  "%Y",
  "---",
  "...",
  "=",
  "<<",
  "\t",
  "\u00ad\u200b",
  "é",
  "日本",
  "👍",
  "none",
  "[]",
];

export function arbitraryInventory(): fc.Arbitrary<Inventory> {
  return fields(INVENTORY_FIELDS) as unknown as fc.Arbitrary<Inventory>;
}

function fields(of: Fields): fc.Arbitrary<Record<string, unknown>> {
  const parts = Object.entries(of).map(([key, field]) => {
    const value = arbitrary(field.shape);
    return [key, field.nullable ? fc.option(value, { nil: null }) : value] as const;
  });
  return fc.record(Object.fromEntries(parts), { noNullPrototype: true });
}

function arbitrary(shape: Shape): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case "boolean":
      return fc.boolean();
    case "number":
      return shape.whole
        ? fc.integer({ min: 0, max: shape.max })
        : fc.integer({ min: 0, max: 1_000_000 }).map((value) => value / 100);
    case "word":
      return fc.constantFrom(...shape.words);
    case "text":
      return shape.pattern === null
        ? text()
        : fc.stringMatching(shape.pattern).filter((value) => value.length < 200);
    case "or-none":
      return fc.oneof(fc.constant("none"), arbitrary(shape.of));
    case "list":
      return fc.array(arbitrary(shape.of), { maxLength: 3 });
    case "record":
      return fields(shape.fields);
    case "verdict":
      return fc.oneof(
        fc.constantFrom({ kind: "isolated" }, { kind: "no-iommu" }),
        fc.record(
          {
            kind: fc.constant("shared"),
            with: fc.constantFrom(["0000:01:00.0"], ["000f:0a:00.1", "10000:00:1f.7"]),
          },
          { noNullPrototype: true },
        ),
      );
  }
}

function text(): fc.Arbitrary<string> {
  const any = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({ unit: "binary" }),
    fc.constantFrom(...NASTY),
  );
  return any.filter((value) => findForbiddenCharacter(value, { multiline: false }) === null);
}
