// Parts of a Dockerfile. The default escape character is assumed: our files carry no `# escape=` line.
// In: any text. Out: what follows the instruction.

import { ENV_NAME_PATTERN } from "../base/text-policy.ts";
import { requireMatch, requireText } from "../base/unwritable-text.ts";

/** Docker's "Object labels" guideline: lower-case alphanumerics, dots and dashes, no namespace of Docker's. */
const LABEL_KEY = /^[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*$/;
/** distribution/reference: host, path, tag, digest. `$` would be a build argument, `#` and space syntax. */
const IMAGE =
  /^[a-z0-9][A-Za-z0-9._-]*(?::[0-9]+)?(?:\/[a-z0-9][a-z0-9._-]*)*(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;

/**
 * `ENV` and `ARG` with a default: `\`, `"` and `$` take a backslash inside double quotes. A line break cannot
 * be written: `\n` stays two characters, and a backslash before one joins the lines (Dockerfile reference,
 * "ENV", "Environment replacement"). Values reach the image's history: never a secret.
 */
export function quoteDockerEnv(key: string, value: string): string {
  return `${requireMatch("the name of a variable", key, ENV_NAME_PATTERN)}=${quoteValue(value)}`;
}

/** `LABEL`: the same rule for the value. */
export function quoteDockerLabel(key: string, value: string): string {
  return `${requireMatch("the key of a label", key, LABEL_KEY)}=${quoteValue(value)}`;
}

/**
 * The exec form of `CMD`, `ENTRYPOINT`, `RUN`: a JSON array, in which nothing is expanded. Control characters
 * that JSON leaves bare cannot end a line: a Dockerfile's lines end at LF only.
 */
export function writeDockerExec(argv: readonly string[]): string {
  for (const word of argv) requireText("a word of a Dockerfile's exec form", word);
  return JSON.stringify(argv);
}

/** An image name after `FROM`, and anywhere else a name is expected: from an allow-list. */
export function writeImageName(name: string): string {
  return requireMatch("the name of an image", name, IMAGE);
}

function quoteValue(value: string): string {
  requireText("a value in a Dockerfile", value, /[\n\r]/);
  return `"${value.replace(/[\\"$]/g, "\\$&")}"`;
}
