// JSON Schema (draft 2020-12) of fleet.yaml for editors, from the same table that validates. It admits
// everything that parseSpec admits; rules between keys are parseSpec's alone. In: the table. Out: a schema.

import { parse } from "yaml";
import { DURATION_PATTERN, SIZE_PATTERN } from "../base/units.ts";
import { formatOf } from "./formats.ts";
import type { Key, RecordShape, Rule, Shape } from "./rule.ts";
import { SPEC } from "./table.ts";

export type JsonSchema = { readonly [key: string]: unknown };

export function buildSchema(): JsonSchema {
  const definitions: Record<string, JsonSchema> = {};
  const root = describeRecord(SPEC.shape as RecordShape, definitions);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "ci-fleet: fleet.yaml, version 1",
    ...root,
    oneOf: [{ required: ["github"] }, { required: ["targets"] }],
    $defs: Object.fromEntries(Object.entries(definitions).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function describe(rule: Rule<unknown>, definitions: Record<string, JsonSchema>): JsonSchema {
  const { shape } = rule;
  switch (shape.kind) {
    case "text":
      return describeText(shape);
    case "size":
      return { type: "string", pattern: SIZE_PATTERN };
    case "duration":
      return { type: "string", pattern: DURATION_PATTERN };
    case "integer":
    case "number":
      return { type: shape.kind, minimum: shape.min, maximum: shape.max };
    case "flag":
      return { type: "boolean" };
    case "choice":
      return { enum: shape.options };
    case "list":
      return {
        type: "array",
        items: describe(shape.of, definitions),
        ...(shape.min > 0 ? { minItems: shape.min } : {}),
        maxItems: shape.max,
      };
    case "dict":
      return describeDict(shape, definitions);
    case "either":
      return { anyOf: [describe(shape.scalar, definitions), describe(shape.map, definitions)] };
    case "kinds":
      return describeKinds(shape, definitions);
    case "record":
      return define(shape, definitions);
  }
}

function describeText({ format, orScalar }: Extract<Shape, { kind: "text" }>): JsonSchema {
  const { pattern } = formatOf(format);
  return { type: orScalar ? ["string", "number", "boolean"] : "string", pattern, maxLength: 4096 };
}

function describeDict(
  shape: Extract<Shape, { kind: "dict" }>,
  definitions: Record<string, JsonSchema>,
): JsonSchema {
  return {
    type: shape.min > 0 ? "object" : ["object", "null"],
    propertyNames: { pattern: formatOf(shape.keys).pattern },
    additionalProperties: describe(shape.of, definitions),
    ...(shape.min > 0 ? { minProperties: shape.min } : {}),
    maxProperties: shape.max,
  };
}

/** Each kind's record with its `kind`; only the fallback may leave it out. */
function describeKinds(
  shape: Extract<Shape, { kind: "kinds" }>,
  definitions: Record<string, JsonSchema>,
): JsonSchema {
  const cases = Object.entries(shape.cases).map(([kind, rule]) => {
    const record = rule.shape as RecordShape;
    const { properties, required, ...rest } = describeRecord(record, definitions);
    const own = (required as string[] | undefined) ?? [];
    const all = kind === shape.fallback ? own : ["kind", ...own];
    return {
      title: record.title,
      ...rest,
      ...(kind === shape.fallback ? {} : { type: "object" }),
      properties: { kind: { const: kind }, ...(properties as object) },
      ...(all.length > 0 ? { required: all } : {}),
    };
  });
  return { oneOf: cases };
}

/** Records stand once under `$defs`, named by their title. */
function define(shape: RecordShape, definitions: Record<string, JsonSchema>): JsonSchema {
  const name = shape.title
    .toLowerCase()
    .replace(/^(?:an?|the) /, "")
    .replaceAll(" ", "-");
  if (definitions[name] === undefined) {
    definitions[name] = {};
    definitions[name] = describeRecord(shape, definitions);
  }
  return { $ref: `#/$defs/${name}` };
}

function describeRecord(shape: RecordShape, definitions: Record<string, JsonSchema>): JsonSchema {
  const keys = Object.entries(shape.keys);
  const required = keys.filter(([, key]) => key.need === "required").map(([name]) => name);
  return {
    type: required.length > 0 ? "object" : ["object", "null"],
    properties: Object.fromEntries(keys.map(([name, key]) => [name, describeKey(key, definitions)])),
    patternProperties: { "^x-": {} },
    additionalProperties: false,
    ...(required.length > 0 ? { required } : {}),
  };
}

function describeKey(key: Key<unknown>, definitions: Record<string, JsonSchema>): JsonSchema {
  return {
    description: key.doc,
    ...describe(key.rule, definitions),
    ...(key.fallback === null ? {} : { default: key.fallback }),
    examples: [parse(key.example)],
  };
}
