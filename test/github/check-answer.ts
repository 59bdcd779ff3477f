// Holds the fake GitHub to GitHub's own OpenAPI: every answer with a route is checked against the
// schema of that route and status. In: method, answer. Out: what the schema does not allow, in words.

import { createRequire } from "node:module";
import { Ajv, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import type { Answer } from "./request.ts";

interface Description {
  readonly paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema?: object }> }> }>
  >;
}

const require = createRequire(import.meta.url);
const descriptions = new Map<string, Description>();
const validators = new Map<string, ValidateFunction | null>();
const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
(addFormats as unknown as (given: Ajv) => void)(ajv);

/** Enterprise routes and the ends of runner versions are only in the description of GitHub Enterprise Cloud. */
function describe(name: "api.github.com" | "ghec"): Description {
  let found = descriptions.get(name);
  if (found === undefined) {
    found = require(`@octokit/openapi/generated/${name}.deref.json`) as Description;
    descriptions.set(name, found);
  }
  return found;
}

/** Takes seconds on a busy machine, in which a first answer would come too late. */
export function loadDescriptions(): void {
  for (const name of ["api.github.com", "ghec"] as const) describe(name);
}

interface OpenApiSchema {
  nullable?: boolean;
  type?: string;
  enum?: unknown[];
  anyOf?: unknown[];
  oneOf?: unknown[];
}

/** OpenAPI 3.0 lets `nullable` widen an `enum` and stand without a type; JSON Schema does not. */
function allowNull(schema: unknown): void {
  if (typeof schema !== "object" || schema === null) return;
  const given = schema as OpenApiSchema;
  if (given.nullable === true) {
    const values = given.enum;
    if (Array.isArray(values) && !values.includes(null)) values.push(null);
    if (given.type === undefined) {
      (given.anyOf ?? given.oneOf)?.push({ type: "null" });
      delete given.nullable;
    }
  }
  for (const each of Object.values(schema)) allowNull(each);
}

function validatorOf(
  method: string,
  route: string,
  status: number,
): ValidateFunction | null | "no such route" {
  const key = `${method} ${route} ${status}`;
  const known = validators.get(key);
  if (known !== undefined) return known;
  const isCloud = route.startsWith("/enterprises/") || route.includes("/deprecations/");
  const file = isCloud ? "ghec" : "api.github.com";
  const operation = describe(file).paths[route]?.[method.toLowerCase()];
  if (operation === undefined) return "no such route";
  const response = operation.responses[String(status)];
  if (response === undefined) return "no such route";
  const schema = response.content?.["application/json"]?.schema;
  allowNull(schema);
  const validate = schema === undefined ? null : ajv.compile(schema);
  validators.set(key, validate);
  return validate;
}

/** Errors have one form everywhere; what succeeds must name its route. */
function checkError(method: string, { status, body }: Answer): readonly string[] {
  if (status < 400) return [`${method}: an answer ${status} without a route`];
  const { message, documentation_url: link } = (body ?? {}) as Record<string, unknown>;
  return typeof message === "string" && typeof link === "string" ? [] : [`${method}: no error of GitHub's`];
}

export async function checkAnswer(method: string, answer: Answer): Promise<readonly string[]> {
  if (answer.route === undefined) return checkError(method, answer);
  const validate = validatorOf(method, answer.route, answer.status);
  if (validate === "no such route") return [`${method} ${answer.route} has no answer ${answer.status}`];
  if (validate === null || validate(answer.body)) return [];
  return (validate.errors ?? []).map(
    (fault) => `${method} ${answer.route} ${answer.status}: ${fault.instancePath} ${fault.message}`,
  );
}
