// Single values of an inventory file: texts, numbers, words, the passthrough verdict. In: a YAML node and what it
// should be. Out: the value, or null and a finding.

import { isMap, isScalar, isSeq, type Node } from "yaml";
import type { DocPath } from "../base/diagnostic.ts";
import { cleanForTerminal } from "../base/terminal-text.ts";
import { findForbiddenCharacter, MAX_TEXT_BYTES, nameCodePoint } from "../base/text-policy.ts";
import type { PassthroughVerdict } from "../model/inventory.ts";
import type { Report } from "./inventory-findings.ts";
import type { Shape } from "./inventory-shape.ts";
import { PCI_ADDRESS } from "./kernel-formats.ts";

type ScalarShape = Extract<Shape, { kind: "text" | "number" | "boolean" | "word" }>;

export function readScalar(shape: ScalarShape, node: Node, path: DocPath, report: Report): unknown {
  const value: unknown = isScalar(node) ? node.value : undefined;
  if (shape.kind === "boolean") {
    if (typeof value === "boolean") return value;
    return refuse("CF635", `expected true or false, found ${showNode(node)}`, path, report);
  }
  if (shape.kind === "word") {
    if (shape.words.some((word) => word === value)) return value;
    return refuse("CF637", `expected ${shape.words.join(", ")}, found ${showNode(node)}`, path, report);
  }
  if (shape.kind === "number") return readNumber(shape, value, node, path, report);
  if (typeof value !== "string") {
    return refuse("CF635", `expected a text, found ${showNode(node)}`, path, report, "put it in quotes");
  }
  if (value.length > MAX_TEXT_BYTES) return refuse("CF637", "the text is too long", path, report);
  // An escape may spell what the text itself was searched for.
  const hidden = findForbiddenCharacter(value, { multiline: false });
  if (hidden !== null) {
    return refuse(
      "CF633",
      `the text contains a ${hidden.reason} (${nameCodePoint(hidden.codePoint)})`,
      path,
      report,
    );
  }
  if (shape.pattern === null || shape.pattern.test(value)) return value;
  return refuse("CF637", `expected ${shape.what}, found ${showNode(node)}`, path, report);
}

function readNumber(
  shape: Extract<Shape, { kind: "number" }>,
  value: unknown,
  node: Node,
  path: DocPath,
  report: Report,
): number | null {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    return refuse("CF635", `expected a number, found ${showNode(node)}`, path, report);
  }
  if (value < 0 || Object.is(value, -0) || value > shape.max || (shape.whole && !Number.isInteger(value))) {
    const wanted = `${shape.whole ? "a whole number" : "a number"} from 0 to ${shape.max}`;
    return refuse("CF637", `expected ${wanted}, found ${showNode(node)}`, path, report);
  }
  return value;
}

export function readVerdict(node: Node, path: DocPath, report: Report): PassthroughVerdict | null {
  const word: unknown = isScalar(node) ? node.value : undefined;
  if (word === "isolated" || word === "no-iommu") return { kind: word };
  const shared = isMap(node) && node.items.length === 1 ? node.get("sharedWith", true) : undefined;
  if (!isSeq(shared)) {
    return refuse(
      "CF637",
      `expected isolated, no-iommu or {sharedWith: [addresses]}, found ${showNode(node)}`,
      path,
      report,
    );
  }
  const members = shared.items.map((item) => (isScalar(item) ? item.value : null));
  const addresses = members.filter(
    (item): item is string => typeof item === "string" && PCI_ADDRESS.test(item),
  );
  if (addresses.length === members.length && addresses.length > 0) return { kind: "shared", with: addresses };
  return refuse("CF637", "expected a list of PCI addresses", [...path, "sharedWith"], report);
}

/** What a person wrote, short enough for a message. */
export function showNode(node: unknown): string {
  if (isMap(node)) return "a mapping";
  if (isSeq(node)) return "a list";
  const value: unknown = isScalar(node) ? node.value : node;
  if (value === null || value === undefined) return "nothing";
  const text = cleanForTerminal(String(value));
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return typeof value === "string" ? `"${short}"` : short;
}

function refuse(code: string, message: string, path: DocPath, report: Report, help?: string): null {
  report.add(code, path, message, help === undefined ? {} : { help });
  return null;
}
