// Runs the compiled templates so that no value gets into a file without saying how it is quoted, and no
// missing value passes as an empty one. In: a quoting function for each helper word, compiled templates.
// Out: a function from template name and view to text.
//
// build.mjs has refused every bare value already; the guards here hold for what a syntax tree cannot show:
// Handlebars' `strict` does not look at the arguments of helpers and blocks.

import type Handlebars from "handlebars";
import runtime from "handlebars/runtime.js";
import { isObject } from "../base/read-json.ts";
import type { QuoteFunction, TemplateHelperName } from "./template-helpers.ts";

// The package describes the types of its whole, and nothing of the part that runs.
const handlebars = runtime as unknown as typeof Handlebars;

export type RenderTemplate = (name: string, view: object) => string;

// Handlebars' compiled code calls this for every mustache; only text from a helper has toHTML.
handlebars.Utils.escapeExpression = (value: unknown): string => {
  if (value instanceof handlebars.SafeString) return value.toString();
  throw new TypeError("a template printed a value without a quoting helper");
};

/** In: how each helper quotes, and the compiled templates by name. Out: the only way to run a template. */
export function loadTemplates(
  quotes: Readonly<Record<TemplateHelperName, QuoteFunction>>,
  specs: Readonly<Record<string, TemplateSpecification>>,
): RenderTemplate {
  const environment = handlebars.create();
  registerBlocks(environment);
  for (const [name, quote] of Object.entries(quotes)) {
    environment.registerHelper(name, (...args: readonly unknown[]) => {
      if (args.length !== 2) throw new TypeError(`{{${name}}} takes one value and got ${args.length - 1}`);
      const [value, options] = args as [unknown, Handlebars.HelperOptions];
      if (value === undefined) throw new TypeError(`{{${name}}} got a value that the view does not have`);
      return new environment.SafeString(quote(value, options.hash));
    });
  }
  const compiled = new Map<string, HandlebarsTemplateDelegate>();
  const find = (name: string): HandlebarsTemplateDelegate => {
    const known = compiled.get(name);
    if (known !== undefined) return known;
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (spec === undefined) throw new Error(`there is no template ${name}`);
    const template: HandlebarsTemplateDelegate = environment.template(spec);
    compiled.set(name, template);
    return template;
  };
  return (name, view) => {
    const template = find(name);
    try {
      return template(view);
    } catch (cause) {
      throw new Error(`template ${name}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
  };
}

/** The blocks, made to throw where Handlebars' own would silently print nothing. */
function registerBlocks(environment: typeof Handlebars): void {
  const own: Record<string, Handlebars.HelperDelegate | undefined> = { ...environment.helpers };
  const guard = (name: string, check: (value: unknown) => boolean, wanted: string) => {
    const original = own[name];
    if (original === undefined) throw new Error(`Handlebars has no block ${name}`);
    environment.registerHelper(
      name,
      function (this: unknown, value: unknown, options: Handlebars.HelperOptions) {
        if (!check(value)) throw new TypeError(`{{#${name}}} wants ${wanted} and got ${describe(value)}`);
        return original.call(this, value, options);
      },
    );
  };
  guard("if", answersYesOrNo, "a boolean, null, a record or a non-empty text");
  guard("unless", answersYesOrNo, "a boolean, null, a record or a non-empty text");
  guard("each", (value) => Array.isArray(value), "a list");
  guard("with", (value) => value === null || isObject(value), "a record or null");
}

/** 0, "" and [] count as no in Handlebars though they are values: the view has to say what it means. */
function answersYesOrNo(value: unknown): boolean {
  if (typeof value === "string") return value !== "";
  return typeof value === "boolean" || value === null || isObject(value);
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return value === "" ? "an empty text" : typeof value;
}
