// Text in GitHub workflow files. Every scalar there may hold expressions, and what an expression makes is
// not quoted again. In: any text. Out: text that GitHub reads as itself, still to be quoted for YAML.

import { requireText } from "../base/unwritable-text.ts";

/**
 * A scalar of a workflow: `${{` starts an expression anywhere in it and readers disagree on how to escape
 * it, so such text is refused. Give the result to `quoteYaml`. Never place it in `run:`: put it in `env:`
 * and let the shell read the variable (docs.github.com, "Secure use reference", script injections).
 */
export function requireWorkflowText(text: string): string {
  requireText("text in a workflow", text, /\$\{\{/);
  return text;
}

/** A string literal inside `${{ }}`: single quotes, a quote is doubled (docs.github.com, "Evaluate expressions", literals). */
export function quoteExpressionString(text: string): string {
  requireText("a string in an expression", text, /\$\{\{|\}\}|[\0-\x1f\x7f]/);
  return `'${text.replaceAll("'", "''")}'`;
}
