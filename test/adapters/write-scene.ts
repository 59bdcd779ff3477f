// A small output folder and the ways to write and look at it, for tests of the writer. In: a folder. Out: surveys.

import { join } from "node:path";
import type { TestContext } from "node:test";
import { commitSurvey } from "../../src/adapters/write-files-commit.ts";
import type { Survey, WriteRequest } from "../../src/adapters/write-files-records.ts";
import { surveyFolder } from "../../src/adapters/write-files-survey.ts";
import type { RenderedFile } from "../../src/model/rendered-file.ts";
import { makeFolder } from "./folder.ts";

export const FILES: readonly RenderedFile[] = [
  { path: "hosts/forge/compose.yaml", content: "services: {}\n", mode: 0o644 },
  { path: "hosts/forge/runner/entrypoint.sh", content: "#!/bin/sh\n", mode: 0o755 },
  { path: "hosts/spark/compose.yaml", content: "services: {a: }\n", mode: 0o644 },
  { path: "workflows/runs-on.md", content: "# runs-on\n", mode: 0o644 },
];

export const ask = (root: string, more: Partial<WriteRequest> = {}): WriteRequest => ({
  root,
  files: FILES,
  scope: null,
  ciFleetVersion: "1.2.3",
  prune: false,
  force: false,
  ...more,
});

export function write(root: string, more: Partial<WriteRequest> = {}): Survey {
  const survey = surveyFolder(ask(root, more));
  commitSurvey(survey);
  return survey;
}

export const changesOf = (survey: Survey): readonly string[] =>
  survey.changes.map((c) => `${c.kind} ${c.path}`);
export const refusalsOf = (survey: Survey): readonly string[] =>
  survey.refusals.map((r) => `${r.severity} ${r.code} ${r.path} ${r.message}`);

export function rendered(t: TestContext): string {
  const root = join(makeFolder(t), "rendered");
  write(root);
  return root;
}
