// Fills one of our templates. In: its name (the path in templates/ without `.hbs`) and a view, plain data
// in which everything is decided. Out: the file's text.

import { loadTemplates, type RenderTemplate } from "./load-template.ts";
import { templateHelpers } from "./template-helpers.ts";
import { templateSpecs } from "./templates.generated.ts";

/** What a template may see. No undefined, no functions, no dates: only what has one meaning in text. */
export type TemplateView = { readonly [key: string]: ViewValue };
export type ViewValue = string | number | boolean | null | readonly ViewValue[] | TemplateView;

let renderTemplate: RenderTemplate | null = null;

/** Hosts of a kind have most texts in common. What a view has that JSON does not, `isolateView` refuses. */
const filled = new Map<string, string>();
const MAX_FILLED = 256;

/** Throws when the template does not exist, names what the view has not, or cannot write a value. */
export function fillTemplate(name: string, view: TemplateView): string {
  const key = `${name}\n${JSON.stringify(view)}`;
  const known = filled.get(key);
  if (known !== undefined) return known;
  renderTemplate ??= loadTemplates(templateHelpers, templateSpecs);
  const text = renderTemplate(name, isolateView(view));
  if (filled.size === MAX_FILLED) filled.clear();
  filled.set(key, text);
  return text;
}

/**
 * A deep copy whose records have no prototype, so that a template sees what the code put there and nothing
 * that JavaScript has on every object.
 */
export function isolateView(view: TemplateView): object {
  return copyValue(view, "view") as object;
}

function copyValue(value: unknown, path: string): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((item, at) => copyValue(item, `${path}[${at}]`));
  if (typeof value !== "object" || !isPlain(value)) {
    throw new TypeError(`${path} is ${typeof value}: a view holds plain data only`);
  }
  const copy: Record<string, unknown> = Object.create(null);
  for (const [key, item] of Object.entries(value)) copy[key] = copyValue(item, `${path}.${key}`);
  return copy;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
