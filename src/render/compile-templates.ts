// Turns templates into code while the program is built; nothing that runs imports this file, so Handlebars'
// compiler does not ship. In: the templates' sources and the words that quote. Out: the text of
// templates.generated.ts, or every fault with its place.

import Handlebars from "handlebars";

export interface TemplateSource {
  /** Path below templates/, with its `.hbs`. */
  readonly path: string;
  readonly text: string;
}

/** A template that must not be built; the message has one fault a line. */
export class TemplateError extends Error {}

/** Blocks that a template may use: ask yes or no, loop, step into a record. */
const blockNames = ["if", "unless", "each", "with"];

/** Helpers that print only what an allow-list has, harmless in any quotes. */
const bareNames = ["int", "kernelToken", "name", "plain"];

export function compileTemplates(sources: readonly TemplateSource[], helperNames: readonly string[]): string {
  const parts = new Map(sources.filter(isPart).map(({ path, text }) => [path, text]));
  const knownHelpers = Object.fromEntries([...blockNames, ...helperNames].map((name) => [name, true]));
  const options = { strict: true, knownHelpersOnly: true, preventIndent: true, knownHelpers };
  const faults: string[] = [];
  const specs: string[] = [];
  for (const source of sources.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const { path, text } = source;
    try {
      faults.push(...lintTemplate(text, helperNames).map((fault) => `templates/${path}:${fault}`));
      const whole = putPartsIn(source, parts);
      faults.push(...whole.faults);
      if (isPart(source)) continue;
      const name = JSON.stringify(path.replace(/\.hbs$/, ""));
      specs.push(`  ${name}: ${Handlebars.precompile(whole.text, options)},`);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      faults.push(`templates/${path}:${/line (\d+)/.exec(message)?.[1] ?? 1}:1 ${message}`);
    }
  }
  if (faults.length > 0) throw new TemplateError(faults.join("\n"));
  return [
    "// @ts-nocheck",
    "// Made by build.mjs from templates/; not kept in git. In: nothing. Out: the compiled templates by name.",
    "",
    "export const templateSpecs: Readonly<Record<string, TemplateSpecification>> = {",
    ...specs,
    "};",
    "",
  ].join("\n");
}

/** A piece of a template that would be too long in one file; it is checked like any other, and renders nothing alone. */
const isPart = ({ path }: TemplateSource): boolean => /\.part(\.[a-z]+)?\.hbs$/.test(path);

const partLine = /^\{\{> ([a-z0-9.-]+)\}\}$/;

/** Puts each part, which lies beside its template, where `{{> its-name}}` has a line of its own. Parts have no parts. */
function putPartsIn(source: TemplateSource, parts: ReadonlyMap<string, string>) {
  const folder = source.path.slice(0, source.path.lastIndexOf("/") + 1);
  const faults: string[] = [];
  const lines = source.text.split("\n").map((line, at) => {
    const name = partLine.exec(line)?.[1];
    if (name === undefined) return line;
    const text = isPart(source) ? undefined : parts.get(`${folder}${name}.hbs`);
    if (text === undefined)
      faults.push(`templates/${source.path}:${at + 1}:1 there is no part '${name}' to put here`);
    return text?.replace(/\n$/, "") ?? "";
  });
  return { faults, text: lines.join("\n") };
}

/**
 * Finds what would put text into a file without saying how it is quoted, or would decide what the plan has to
 * decide. Out: `line:column what is wrong`.
 */
export function lintTemplate(text: string, helperNames: readonly string[]): string[] {
  const found: string[] = [];
  const lines = text.split("\n");
  if (text.includes("\r")) found.push("1:1 carriage return: lines end with LF");
  if (text.startsWith("\ufeff")) found.push("1:1 byte order mark");
  if (text !== "" && !text.endsWith("\n")) found.push(`${lines.length}:1 no LF at the end`);
  const report = (node: hbs.AST.Node, message: string) =>
    found.push(`${node.loc.start.line}:${node.loc.start.column + 1} ${message}`);
  new TemplateLint(helperNames, lines, report).accept(Handlebars.parse(text));
  return found;
}

const isPathExpression = (node: hbs.AST.Node): node is hbs.AST.PathExpression =>
  node.type === "PathExpression";

class TemplateLint extends Handlebars.Visitor {
  readonly #helperNames: readonly string[];
  readonly #lines: readonly string[];
  readonly #report: (node: hbs.AST.Node, message: string) => void;

  constructor(
    helperNames: readonly string[],
    lines: readonly string[],
    report: (node: hbs.AST.Node, message: string) => void,
  ) {
    super();
    this.#helperNames = helperNames;
    this.#lines = lines;
    this.#report = report;
  }

  override MustacheStatement(node: hbs.AST.MustacheStatement): void {
    const { line, column } = node.loc.start;
    const name = nameOf(node.path);
    if (this.#lines[line - 1]?.[column - 1] === "$") {
      this.#report(node, "'${{' would lose its braces: write '$\\{{'");
    } else if (!node.escaped) {
      this.#report(node, "'{{{' and '{{&' print without quoting: use a quoting helper");
    } else if (name === null || !this.#helperNames.includes(name)) {
      const written = isPathExpression(node.path) ? node.path.original : "this";
      this.#report(node, `'${written}' is not a quoting helper (${this.#helperNames.join(", ")})`);
    } else if (node.params.length === 0) {
      this.#report(node, `'${name}' is a quoting helper and needs a value`);
    } else if (!bareNames.includes(name) && isInQuotes(this.#lines[line - 1]?.slice(0, column) ?? "")) {
      this.#report(node, `'${name}' brings its own quotes and stands inside double quotes: end those first`);
    }
    this.#checkArguments(node);
  }

  override BlockStatement(node: hbs.AST.BlockStatement): void {
    const name = nameOf(node.path);
    if (name === null || !blockNames.includes(name)) {
      this.#report(node, `'#${node.path.original}' is not one of #${blockNames.join(", #")}`);
    } else if (node.params.length !== 1) {
      this.#report(node, `'#${name}' takes one value`);
    }
    this.#checkArguments(node);
    if (node.program !== undefined) this.accept(node.program);
    if (node.inverse !== undefined) this.accept(node.inverse);
  }

  override PartialStatement(node: hbs.AST.PartialStatement): void {
    if (partLine.test(this.#lines[node.loc.start.line - 1] ?? "")) return;
    this.#report(node, "a part has a line of its own, a plain name and no arguments");
  }

  override PartialBlockStatement(node: hbs.AST.PartialBlockStatement): void {
    this.#report(node, "a partial is not allowed in a template");
  }

  override Decorator(node: hbs.AST.Decorator): void {
    this.#report(node, "a decorator is not allowed in a template");
  }

  override DecoratorBlock(node: hbs.AST.DecoratorBlock): void {
    this.#report(node, "a decorator is not allowed in a template");
  }

  #checkArguments(node: hbs.AST.MustacheStatement | hbs.AST.BlockStatement): void {
    for (const value of [...node.params, ...(node.hash?.pairs ?? []).map((pair) => pair.value)]) {
      if (value.type !== "SubExpression") continue;
      this.#report(value, "a call inside a call: let the view carry the value");
    }
  }
}

/** The word that is called: not a path, not `this`, not `../x`, not `@index`, not a literal. */
function nameOf(path: hbs.AST.Expression): string | null {
  if (!isPathExpression(path) || path.parts.length !== 1 || path.depth !== 0 || path.data) return null;
  return path.original === path.parts[0] ? path.original : null;
}

/** Does a line that begins so leave a double quote open? What stands in single quotes, or escaped, opens none. */
function isInQuotes(before: string): boolean {
  const quotes = before
    .replace(/\\./g, "")
    .replace(/'[^']*'/g, "")
    .match(/"/g);
  return (quotes?.length ?? 0) % 2 === 1;
}
