// Holds the fake node to Proxmox's own description of its API: every answer is compared with "returns" of its call,
// every privilege that a call wants with "permissions". In: CI_FLEET_DATA. Out: what the description does not allow.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const data = process.env.CI_FLEET_DATA ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));
const file = join(data, "pve-api-subset.json");

interface Shape {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly optional?: number;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
}

interface Description {
  readonly returns?: Shape;
  readonly permissions?: { readonly check?: readonly unknown[] };
}

export interface AnswerJudge {
  judge(method: string, path: string, answer: unknown): readonly string[];
  /** `["perm", "/vms/{vmid}", ["VM.Audit"]]`; null: it says it in words only. */
  permissionsOf(method: string, template: string): readonly unknown[] | null;
}

/** null: the reference data is not here. */
export function openAnswerJudge(): AnswerJudge | null {
  if (!existsSync(file)) return null;
  const api = JSON.parse(readFileSync(file, "utf8")) as Readonly<
    Record<string, Readonly<Record<string, Description>>>
  >;
  const templates = Object.keys(api).map((template) => ({
    template,
    pattern: new RegExp(`^${template.replace(/\{[^}]+\}/g, "[^/]+")}$`),
  }));
  return {
    judge: (method, path, answer) => {
      const found = templates.find(({ pattern }) => pattern.test(path))?.template;
      const returns = api[found ?? ""]?.[method]?.returns;
      return returns === undefined ? [`no call ${method} ${path}`] : check(returns, answer, "data");
    },
    permissionsOf: (method, template) => api[template]?.[method]?.permissions?.check ?? null,
  };
}

function check(shape: Shape, value: unknown, at: string): readonly string[] {
  const wrong = checkType(shape.type, value);
  if (wrong !== null) return [`${at}: ${wrong}`];
  if (shape.enum !== undefined && !shape.enum.includes(value)) return [`${at}: none of ${shape.enum}`];
  if (shape.items !== undefined && Array.isArray(value)) {
    return value.flatMap((each, index) => check(shape.items as Shape, each, `${at}[${index}]`));
  }
  const { properties } = shape;
  if (properties === undefined || typeof value !== "object" || value === null) return [];
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.entries(properties).flatMap(([key, inner]) => {
    // `hostpci[n]` and the like.
    if (key.endsWith("[n]")) return [];
    if (fields[key] !== undefined) return check(inner, fields[key], `${at}.${key}`);
    return inner.optional === 1 ? [] : [`${at}.${key} is missing`];
  });
}

/** Perl writes numbers and texts as they come, and booleans as 0 and 1. */
function checkType(type: string | undefined, value: unknown): string | null {
  switch (type) {
    case "null":
      return value === null ? null : "something where there is nothing";
    case "string":
      return typeof value === "string" || typeof value === "number" ? null : "no text";
    case "integer":
      return Number.isInteger(Number(value)) && typeof value !== "object" ? null : "no whole number";
    case "number":
      return Number.isFinite(Number(value)) && typeof value !== "object" ? null : "no number";
    case "boolean":
      return [0, 1, "0", "1"].includes(value as number) ? null : "no boolean";
    case "array":
      return Array.isArray(value) ? null : "no list";
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value) ? null : "no object";
    default:
      return null;
  }
}
