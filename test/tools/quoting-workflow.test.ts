// Workflow files as GitHub's own parser reads them. The parser imports JSON in a way that only a bundler
// understands, so it is bundled first.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { quoteExpressionString, requireWorkflowText } from "../../src/render/quote-github.ts";
import { writeYaml } from "../../src/render/write-yaml.ts";
import { corpusNote, sampleTexts } from "../render/hostile-text.ts";

/** The parser's tokens as JSON: text is a string, a map is a list of pairs, a sequence a list. */
type Token = string | { readonly map?: readonly { readonly Key: Token; readonly Value: Token }[] };
interface Parsed {
  readonly value?: { readonly toJSON: () => Token };
  readonly context: { readonly errors: { readonly getErrors: () => readonly Error[] } };
}
type ParseWorkflow = (file: { name: string; content: string }, trace: object) => Parsed;

const trace = { error: () => {}, info: () => {}, verbose: () => {} };

async function loadParser(): Promise<ParseWorkflow> {
  const folder = mkdtempSync(join(tmpdir(), "parser-"));
  try {
    const outfile = join(folder, "parser.cjs");
    await build({
      stdin: {
        contents: 'export { parseWorkflow } from "@actions/workflow-parser";',
        resolveDir: import.meta.dirname,
      },
      outfile,
      bundle: true,
      platform: "node",
      format: "cjs",
      logLevel: "error",
    });
    return (await import(outfile)).parseWorkflow;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The environment of one job, after its workflow was parsed without an error. */
function readEnv(parse: ParseWorkflow, texts: readonly string[]): readonly unknown[] {
  const env = new Map(texts.map((text, at): [string, string] => [`V${at}`, text]));
  const job = { "runs-on": ["self-hosted"], env, steps: [{ run: "true" }] };
  const parsed = parse({ name: "a.yml", content: writeYaml({ on: "push", jobs: { a: job } }) }, trace);
  assert.deepEqual(parsed.context.errors.getErrors(), []);
  const path = ["jobs", "a", "env"];
  const read = path.reduce<Token | undefined>(findValue, JSON.parse(JSON.stringify(parsed.value)));
  return texts.map((_, at) => findValue(read, `V${at}`));
}

function findValue(token: Token | undefined, key: string): Token | undefined {
  return typeof token === "object" ? token.map?.find((pair) => pair.Key === key)?.Value : undefined;
}

test("GitHub's parser reads every text back from a scalar and from a string in an expression", async (t) => {
  t.diagnostic(corpusNote);
  const parse = await loadParser();
  const texts = sampleTexts(400).filter((text) => !text.includes("${{"));
  assert.deepEqual(readEnv(parse, texts.map(requireWorkflowText)), texts);
  const kept = texts.filter((text) => !/\}\}|[\0-\x1f\x7f]/.test(text));
  assert.deepEqual(
    readEnv(
      parse,
      kept.map((text) => `\${{ ${quoteExpressionString(text)} }}`),
    ),
    kept,
  );
});
