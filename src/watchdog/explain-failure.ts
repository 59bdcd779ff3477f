// A failure of GitHub's as the watchdog tells it. In: an answer. Out: what kind of trouble, and why.

import type { GitHubFailure } from "../model/github.ts";
import type { ScopeTrouble } from "../model/watchdog.ts";

export function explainFailure(answer: GitHubFailure): Pick<ScopeTrouble, "kind" | "why"> {
  switch (answer.kind) {
    case "refused": {
      const missing = answer.missing === null ? "" : `; missing permission: ${answer.missing}`;
      return { kind: "refused", why: `${answer.message}${missing}` };
    }
    case "limited":
      return { kind: "limited", why: answer.message };
    case "unknown":
      return { kind: "unknown", why: answer.cause };
    default:
      return { kind: "unknown", why: answer.message };
  }
}
