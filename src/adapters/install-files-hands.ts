// Carries out what steps say: commands by tools, files by ourselves. In: tools. Out: hands, as model/apply.ts has
// them but for what asks GitHub and looks at slots. What fails is told with the command and its last words.

import { formatShellCommand } from "../base/quote-shell.ts";
import { WorldError } from "../base/world-error.ts";
import type { ApplyHands, FileAction } from "../model/apply.ts";
import type { HostTools } from "../model/ports.ts";
import {
  copyProgram,
  makeFolder,
  removeEmptyFolder,
  removeFile,
  sweepTemporaries,
  syncPath,
  writeInstalled,
} from "./install-files.ts";

type FileHands = Pick<ApplyHands, "perform" | "writeRecord" | "removeRecord">;

/** `say` hears the last lines of a command that failed: an error has only one. */
export function openFileHands(tools: HostTools, say: (line: string) => void): FileHands {
  const written = new Set<string>();
  return {
    perform: (action) => perform(action, tools, say, written),
    // On the disk before the next step begins: what comes after may need it to be undone.
    writeRecord: async (path, text) => {
      writeInstalled(path, text, 0o644);
      syncPath(path);
    },
    removeRecord: async (path) => removeFile(path),
  };
}

async function perform(
  action: FileAction,
  tools: HostTools,
  say: (line: string) => void,
  written: Set<string>,
): Promise<void> {
  switch (action.kind) {
    case "run":
      return runCommand(action, tools, say);
    case "make-folder":
      return makeFolder(action.folder);
    case "write":
      writeInstalled(action.file.path, action.file.content, action.file.mode);
      written.add(action.file.path);
      return;
    case "remove-file":
      return removeFile(action.path);
    case "remove-folder":
      return removeEmptyFolder(action.path);
    case "copy-program":
      copyProgram(action.from, action.to);
      written.add(action.to);
      return;
    case "sweep":
      return sweepTemporaries(action.folders);
    case "sync":
      for (const path of written) syncPath(path);
      written.clear();
  }
}

/** The last lines of a build say what went wrong. */
const LINES = 20;

async function runCommand(
  { argv, timeoutMs, fine, mayFail, tells }: Extract<FileAction, { kind: "run" }>,
  tools: HostTools,
  say: (line: string) => void,
): Promise<void> {
  const [command = "", ...words] = argv;
  const answer = await tools.run(command, words, timeoutMs);
  if (answer.kind === "ran" && fine.includes(answer.exitCode)) {
    if (tells === true) for (const line of answer.stderr.trim().split("\n")) if (line !== "") say(line);
    return;
  }
  const operation = `run \`${formatShellCommand(argv)}\``;
  const again = "mend it and run the command again; it goes on where this one ended";
  switch (answer.kind) {
    case "ran": {
      const lines = (answer.stderr || answer.stdout).trim().split("\n");
      if (!mayFail) for (const line of lines.slice(-LINES, -1)) say(line);
      throw new WorldError(operation, `it exited ${answer.exitCode}: ${lines.at(-1)?.trim()}`, again);
    }
    case "missing":
      throw new WorldError(operation, `there is no ${command}`, again);
    case "timeout":
      throw new WorldError(operation, `it did not end within ${timeoutMs / 1000} s`, again);
    case "failed":
      throw new WorldError(operation, answer.cause, again);
  }
}
