// Text for the Prometheus text exposition format. In base, because the watchdog writes metrics and cli
// reads them back. Metric and label names are fixed in code. In: any text. Out: the escaped text.

import { requireText } from "./unwritable-text.ts";

/**
 * A label value with its quotes: `\`, `"` and line feed are escaped, all other UTF-8 is literal
 * (prometheus.io/docs/instrumenting/exposition_formats, "Comments, help text, and type information").
 */
export function quoteLabelValue(text: string): string {
  requireText("a Prometheus label value", text);
  return `"${escapeHelp(text).replaceAll('"', '\\"')}"`;
}

/** The text after `# HELP name `: only `\` and line feed are escaped there, quotes are literal. */
export function quoteHelpText(text: string): string {
  requireText("Prometheus help text", text);
  return escapeHelp(text);
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
