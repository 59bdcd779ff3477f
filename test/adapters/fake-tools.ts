// Programs of a machine that is not there. In: answers by the start of the command line. Out: the port, and what was
// asked of it.

import type { HostTools, ToolResult } from "../../src/model/ports.ts";

export interface FakeTools extends HostTools {
  /** Command lines, in order. */
  readonly asked: string[];
}

export const ran = (stdout = "", exitCode = 0, stderr = ""): ToolResult => ({
  kind: "ran",
  exitCode,
  stdout,
  stderr,
});

/** The first key that the command line begins with answers; an array answers one call each, the last for ever. */
export function makeTools(answers: Readonly<Record<string, ToolResult | ToolResult[]>>): FakeTools {
  const asked: string[] = [];
  return {
    asked,
    run: async (command, args) => {
      const line = [command, ...args].join(" ");
      asked.push(line);
      const key = Object.keys(answers).find((start) => line.startsWith(start));
      const answer = key === undefined ? undefined : answers[key];
      if (Array.isArray(answer)) return (answer.length > 1 ? answer.shift() : answer[0]) as ToolResult;
      return answer ?? { kind: "missing" };
    },
  };
}
