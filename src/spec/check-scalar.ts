// Checks one scalar: texts by their format, numbers by their range, sizes and durations by their units.
// In: the shape and the node. Out: the value, or undefined after a report.

import type { DocPath } from "../base/diagnostic.ts";
import { suggest } from "../base/did-you-mean.ts";
import {
  countUtf8Bytes,
  findForbiddenCharacter,
  MAX_TEXT_BYTES,
  nameCodePoint,
} from "../base/text-policy.ts";
import { guessMeasure, parseDuration, parseSize } from "../base/units.ts";
import { type Format, formatOf } from "./formats.ts";
import type { Report } from "./report.ts";
import type { Shape } from "./rule.ts";
import { describeNode, quoteShort, type ScalarNode, type SpecNode } from "./spec-node.ts";

type ScalarShape = Extract<
  Shape,
  { kind: "text" | "size" | "duration" | "integer" | "number" | "flag" | "choice" }
>;

export function checkScalar(shape: ScalarShape, node: SpecNode, path: DocPath, report: Report): unknown {
  if (node.kind !== "scalar" || node.value === null) {
    report.add("CF610", path, { message: `expected ${expectedOf(shape)}, found ${describeNode(node)}` });
    return undefined;
  }
  switch (shape.kind) {
    case "text":
      return checkText(shape, node, path, report);
    case "size":
    case "duration":
      return checkMeasure(shape, node, path, report);
    case "integer":
    case "number":
      return checkNumber(shape, node, path, report);
    case "flag":
      return checkFlag(node, path, report);
    case "choice":
      return checkChoice(shape.options, node, path, report);
  }
}

function checkText(
  shape: Extract<Shape, { kind: "text" }>,
  node: ScalarNode,
  path: DocPath,
  report: Report,
): string | undefined {
  const format: Format = formatOf(shape.format);
  if (typeof node.value !== "string" && !(shape.orScalar && node.plain)) {
    if (format.version === true && typeof node.value === "number") {
      report.add("CF614", path, {
        message: `YAML read the version ${quoteShort(node.source, false)} as a number`,
        help: new RegExp(format.pattern).test(node.source)
          ? `write "${quoteShort(node.source, false)}" in quotes`
          : `write the whole version in quotes, such as "${quoteShort(node.source, false)}.0"`,
      });
    } else {
      report.add("CF610", path, {
        message: `expected ${format.expected}, found ${describeNode(node)}`,
        help: `if text is meant, put it in quotes: "${quoteShort(node.source, false)}"`,
      });
    }
    return undefined;
  }
  const text = typeof node.value === "string" ? node.value : node.source;
  const bytes = countUtf8Bytes(text);
  if (bytes > MAX_TEXT_BYTES) {
    report.add("CF612", path, {
      message: `the text has ${bytes} bytes, at most ${MAX_TEXT_BYTES} are taken`,
    });
    return undefined;
  }
  const forbidden = findForbiddenCharacter(text, { multiline: shape.format === "anyText" });
  // Whatever is refused everywhere was reported for the whole tree.
  if (forbidden !== null && forbidden.codePoint !== 0x0a) return undefined;
  const problem = judgeText(format, text);
  if (problem === null) return text;
  report.add(format.code ?? "CF613", path, {
    message: `expected ${format.expected}, found ${describeForbidden(forbidden) ?? quoteShort(text)}${problem}`,
  });
  return undefined;
}

/** null: fine; else an addition to "expected …, found …". */
function judgeText(format: Format, text: string): string | null {
  if (!new RegExp(format.pattern).test(text)) return "";
  const judged = format.judge?.(text) ?? null;
  return judged === null ? null : `: ${judged}`;
}

function describeForbidden(forbidden: ReturnType<typeof findForbiddenCharacter>): string | null {
  return forbidden === null ? null : `a ${forbidden.reason} (${nameCodePoint(forbidden.codePoint)})`;
}

function checkMeasure(
  shape: Extract<Shape, { kind: "size" | "duration" }>,
  node: ScalarNode,
  path: DocPath,
  report: Report,
): number | undefined {
  const parse = shape.kind === "size" ? parseSize : parseDuration;
  const value = typeof node.value === "string" ? parse(node.value) : null;
  if (value === null) {
    const bare = typeof node.value === "number";
    const meant = typeof node.value === "string" ? guessMeasure(node.value, shape.kind) : null;
    report.add(bare ? "CF610" : "CF613", path, {
      message: `expected ${expectedOf(shape)}, found ${describeNode(node)}`,
      help: bare
        ? `add a unit: ${quoteShort(node.source, false)}${shape.kind === "size" ? "GiB" : "m"}`
        : meant === null
          ? undefined
          : `did you mean ${JSON.stringify(meant)}?`,
    });
    return undefined;
  }
  const [min, max] = [parse(shape.min) as number, parse(shape.max) as number];
  if (value >= min && value <= max) return value;
  report.add("CF612", path, {
    message: `expected ${shape.min} to ${shape.max}, found ${describeNode(node)}`,
  });
  return undefined;
}

function checkNumber(
  shape: Extract<Shape, { kind: "integer" | "number" }>,
  node: ScalarNode,
  path: DocPath,
  report: Report,
): number | undefined {
  const { value } = node;
  const whole = shape.kind === "integer";
  if (typeof value !== "number" || !Number.isFinite(value)) {
    report.add("CF610", path, {
      message: `expected ${expectedOf(shape)}, found ${describeNode(node)}`,
      help: typeof value === "string" && /^[0-9.]+$/.test(value) ? "remove the quotes" : undefined,
    });
    return undefined;
  }
  if (whole && !Number.isSafeInteger(value)) {
    report.add("CF612", path, { message: `expected ${expectedOf(shape)}, found ${describeNode(node)}` });
    return undefined;
  }
  if (value >= shape.min && value <= shape.max) return value === 0 ? 0 : value;
  report.add("CF612", path, {
    message: `expected ${shape.min} to ${shape.max}, found ${describeNode(node)}`,
  });
  return undefined;
}

function checkFlag(node: ScalarNode, path: DocPath, report: Report): boolean | undefined {
  if (typeof node.value === "boolean") return node.value;
  const meant = /^(?:yes|on)$/i.test(node.source)
    ? "true"
    : /^(?:no|off)$/i.test(node.source)
      ? "false"
      : null;
  report.add("CF610", path, {
    message: `expected true or false, found ${describeNode(node)}`,
    help: meant === null ? undefined : `write ${meant}`,
  });
  return undefined;
}

function checkChoice(
  options: readonly string[],
  node: ScalarNode,
  path: DocPath,
  report: Report,
): string | undefined {
  if (typeof node.value === "string" && options.includes(node.value)) return node.value;
  const near = suggest(node.source, options);
  report.add(typeof node.value === "string" ? "CF613" : "CF610", path, {
    message: `expected ${joinWords(options)}, found ${describeNode(node)}`,
    help: near === null ? undefined : `did you mean "${near}"?`,
  });
  return undefined;
}

function expectedOf(shape: ScalarShape): string {
  switch (shape.kind) {
    case "text":
      return formatOf(shape.format).expected;
    case "size":
      return "a size such as 512MiB, 32GiB or 200GB";
    case "duration":
      return "a duration such as 30s, 10m, 6h or 5d";
    case "integer":
      return `a whole number from ${shape.min} to ${shape.max}`;
    case "number":
      return `a number from ${shape.min} to ${shape.max}`;
    case "flag":
      return "true or false";
    case "choice":
      return joinWords(shape.options);
  }
}

export function joinWords(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
