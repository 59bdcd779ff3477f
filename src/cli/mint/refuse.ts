// Why GitHub gave no registration, as a fault that is written down and waited for. In: a failed answer. Out: the
// refusal, without a secret.

import type { Refused } from "../../mint/start-ports.ts";
import type { GitHubFailure } from "../../model/github.ts";
import { fault } from "../../model/slot-start.ts";

export function refuse(answer: GitHubFailure): Refused {
  const at = answer.request;
  switch (answer.kind) {
    case "refused": {
      const help = stripStop(answer.help ?? "Run `ci-fleet auth check`");
      // Nobody was asked: there is no file, or it is open to others.
      if (answer.status === null) {
        const message = `the credential cannot be used: ${answer.message}`;
        return { ...refused("credential-unusable", message, help, null, true), isHost: true };
      }
      const missing = answer.missing === null ? "" : `; missing permission: ${answer.missing}`;
      const message = `the credential is refused: ${answer.message} (${at})${missing}`;
      return refused("credential-refused", message, help, null, true);
    }
    case "limited":
      return refused("rate-limited", `GitHub asks to wait: ${answer.message} (${at})`, null, answer.retryAt);
    case "conflict":
      return refused("name-conflict", `the name is taken: ${answer.message} (${at})`, null);
    case "unprocessable":
      return refused("github-refused", `GitHub refuses: ${answer.message} (${at})`, null);
    case "unknown":
      return refused("github-unreachable", `GitHub gave no answer: ${answer.cause} (${at})`, null);
  }
}

export function refused(
  reason: string,
  message: string,
  help: string | null,
  retryAt: number | null = null,
  isCredential = false,
): Refused {
  return { kind: "refused", fault: fault(reason, message, help), retryAt, isCredential, isHost: false };
}

/** Sentences are joined later. */
function stripStop(text: string): string {
  return text.replace(/\.$/, "");
}
