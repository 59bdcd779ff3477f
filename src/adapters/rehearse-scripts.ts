// Asks scripts what they would do, before any of them is installed: in a folder of their own that only we can enter,
// with `--dry-run`. In: files as they will lie, the scripts among them. Out: for each script the lines that it says on
// stdout, or why it would stop. Nothing outside the folder is changed, and that is gone in the end.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { WantedFile } from "../model/apply.ts";
import type { Rehearsal } from "../model/apply-state.ts";
import type { HostTools, ToolResult } from "../model/ports.ts";

/** pvesh starts in a second; a cluster without quorum answers late. */
const LIMIT_MS = 120_000;

export interface Stage {
  rehearse(path: string, words: readonly string[]): Promise<Rehearsal>;
}

export async function withStage<T>(
  files: readonly WantedFile[],
  tools: HostTools,
  use: (stage: Stage) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "ci-fleet-"));
  try {
    for (const { path, content, mode } of files) {
      const target = join(folder, path);
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      writeFileSync(target, content, { flag: "wx", mode: 0o600 });
      chmodSync(target, mode);
    }
    const rehearse = async (path: string, words: readonly string[]): Promise<Rehearsal> =>
      readAnswer(await tools.run("bash", [join(folder, path), "--dry-run", ...words], LIMIT_MS), folder);
    return await use({ rehearse });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Files are named as they will be, not as they lay for the question. */
function readAnswer(answer: ToolResult, folder: string): Rehearsal {
  switch (answer.kind) {
    case "ran": {
      const lines = (text: string) =>
        text
          .replaceAll(folder, "")
          .split("\n")
          .filter((line) => line.trim() !== "");
      if (answer.exitCode === 0) return { kind: "ran", lines: lines(answer.stdout) };
      const last = lines(answer.stderr || answer.stdout).at(-1) ?? "it said nothing";
      return { kind: "stopped", why: `${last} (exit ${answer.exitCode})` };
    }
    case "missing":
      return { kind: "stopped", why: "there is no bash" };
    case "timeout":
      return { kind: "stopped", why: `it did not end within ${answer.afterMs / 1000} s` };
    case "failed":
      return { kind: "stopped", why: answer.cause };
  }
}
