// A credential that cannot be used, as an answer like GitHub's own refusals, so that whoever asks has one kind
// of answer to look at. In: what is wrong and what to do. Out: the answer; an error for commands that end here.

import { CredentialError } from "../base/credential-error.ts";
import { WorldError } from "../base/world-error.ts";
import { type GitHubAnswer, type GitHubFailure, NO_META } from "../model/github.ts";

/** Nobody was asked: the file is missing, open to others, or holds something else. */
export function refuseCredential(request: string, message: string, help: string | null): GitHubFailure {
  return { kind: "refused", status: null, message, missing: null, help, request, meta: NO_META };
}

/** The world stood in the way; nothing is said about the credential. */
export function failCredential(request: string, cause: string): GitHubFailure {
  return { kind: "unknown", cause, request, meta: NO_META };
}

/** `operation` is a verb phrase: `list the runners of https://github.com/acme`. */
export function describeFailure(operation: string, answer: GitHubFailure): WorldError {
  switch (answer.kind) {
    case "refused": {
      const asked = answer.status === null ? "" : `, ${answer.request} answered ${answer.status}`;
      return new CredentialError(operation, `${answer.message}${asked}`, answer.help, answer.missing);
    }
    case "limited": {
      const until = new Date(answer.retryAt).toISOString();
      return new WorldError(operation, `${answer.message} (${answer.request})`, `Try again after ${until}.`);
    }
    case "unknown":
      return new WorldError(operation, `${answer.request}: ${answer.cause}`);
    default:
      return new WorldError(operation, `${answer.request}: ${answer.message}`);
  }
}

/** The value, or the error that ends the command: exit 77 for a credential, 3 for the world. */
export function expectAnswer<T>(operation: string, answer: GitHubAnswer<T>): T {
  if (answer.kind === "ok") return answer.value;
  if (answer.kind === "not-found")
    throw new WorldError(operation, "GitHub says that it does not exist (404)");
  throw describeFailure(operation, answer);
}
