// Every known text of the runner has its class, and no job's name can forge one.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { classifyLine, type LogClass, summarizeLog } from "../../src/model/runner-log.ts";

const AT = "2026-11-21 10:00:00Z: ";

const lines: readonly (readonly [string, LogClass | null])[] = [
  [`${AT}Listening for Jobs`, "listening"],
  [`${AT}Running job: build (ubuntu)`, "job-start"],
  [`${AT}Job build completed with result: Succeeded`, "job-end"],
  [`\u001b[32m${AT}Listening for Jobs\u001b[0m\r`, "listening"],
  [`[RUNNER 2026-11-21 10:00:00Z INFO Terminal] WRITE LINE: ${AT}Running job: x`, "job-start"],
  [`[2026-11-21 10:00:00Z INFO Terminal] WRITE LINE: ${AT}Listening for Jobs`, "listening"],
  [`[RUNNER 2026-11-21T10:00:00Z] ${AT}Listening for Jobs`, "listening"],
  ["A session for this runner already exists.", "session-conflict"],
  ["Stop retry on SessionConflictException after retried for 240 seconds.", "session-conflict"],
  ["Failed to create session. The actions runner X already has an active session.", "session-conflict"],
  [
    "Runner listener exit with Session Conflict error, stop the service, no retry needed.",
    "session-conflict",
  ],
  [
    "Failed to create a session. The runner registration has been deleted from the server, please re-configure. Runner registrations are automatically deleted for runners that have not connected to the service recently.",
    "registration-deleted",
  ],
  ["Registration 01234567-89ab-cdef-0123-456789abcdef was not found.", "registration-deleted"],
  ["The runner no longer exists on the server. Please reconfigure the runner.", "registration-deleted"],
  ["The runner no longer exists on the server. Cleaning up local configuration.", "registration-deleted"],
  ["An error occurred: Not configured. Run config.(sh/cmd) to configure the runner.", "not-configured"],
  ["Runner is not configured.", "not-configured"],
  [
    "Cannot configure the runner because it is already configured. To reconfigure the runner, run 'config.cmd remove' or './config.sh remove' first.",
    "already-configured",
  ],
  [
    "Http response code: NotFound from 'POST https://api.github.com/actions/runner-registration' (Request Id: 1)",
    "registration-rejected",
  ],
  [
    "Http response code: Unauthorized from 'POST https://ghe.corp/api/v3/actions/runner-registration'",
    "registration-rejected",
  ],
  [
    "Your runner version is out of date and can no longer register with GitHub. The minimum runner version required to register with GitHub Actions is now 2.329.0.",
    "version-deprecated",
  ],
  [
    "An error occured: Runner version v2.320.0 is deprecated and cannot receive messages.",
    "version-deprecated",
  ],
  ["Runner listener exit with deprecated version exit code: 7.", "version-deprecated"],
  ['Could not find any self-hosted runner group named "X".', "group-missing"],
  ["A runner exists with the same name acme-ci-forge-1.", "name-conflict"],
  [
    "The local machine's clock may be out of sync with the server time by more than five minutes.",
    "clock-skew",
  ],
  ["Stopped retrying OAuth token request exception after 1800 seconds.", "clock-skew"],
  ["Must not run with sudo", "root-refused"],
  ["Must not run interactively with sudo", "root-refused"],
  ["Libicu's dependencies is missing for Dotnet Core 6.0", "deps-missing"],
  [`${AT}Runner connect error: The HTTP request timed out. Retrying until reconnected.`, "connect-error"],
  ["Runner update in progress, do not shutdown runner.", "updating"],
  ["Exiting with unknown error code: 127", "unknown-exit"],
  [`${AT}Runner reconnected.`, null],
  ["√ Connected to GitHub", null],
  ["", null],
];

test("the texts of the runner and of GitHub have their class", () => {
  for (const [line, expected] of lines) assert.equal(classifyLine(line), expected, line);
});

const threats = [
  ...lines.flatMap(([line, kind]) => (kind === null ? [] : [line])),
  `x completed with result: Failed`,
  "\u001b]0;title\u0007The runner no longer exists on the server",
];

test("a job's name is never taken for what the runner says", () => {
  for (const name of threats) {
    assert.equal(classifyLine(`${AT}Running job: ${name}`), "job-start", name);
    assert.equal(classifyLine(`${AT}Job ${name} completed with result: Succeeded`), "job-end", name);
    const trace = "[RUNNER 2026-11-21 10:00:00Z INFO Terminal] WRITE LINE: ";
    assert.equal(classifyLine(`${trace}${AT}Running job: ${name}`), "job-start", name);
    for (const source of ["INFO JobDispatcher] Job ", "ERR  Listener] failed: ", "VERB Program] "]) {
      assert.equal(classifyLine(`[RUNNER 2026-11-21 10:00:00Z ${source}${name}`), null, name);
      assert.equal(classifyLine(`[WORKER 2026-11-21 10:00:00Z ${source}${name}`), null, name);
    }
  }
});

test("a log is summed up by what it said since the runner last listened, the most specific first", () => {
  const rejected =
    "Http response code: NotFound from 'POST https://api.github.com/actions/runner-registration'";
  const outdated = "Your runner version is out of date and can no longer register with GitHub.";
  assert.deepEqual(summarizeLog([rejected, outdated]), {
    last: "version-deprecated",
    trouble: "version-deprecated",
    inJob: false,
  });
  assert.deepEqual(summarizeLog(["A session for this runner already exists.", `${AT}Listening for Jobs`]), {
    last: "listening",
    trouble: null,
    inJob: false,
  });
  assert.equal(
    summarizeLog([`${AT}Running job: x`, `${AT}Runner connect error: y. Retrying until reconnected.`]).inJob,
    true,
  );
  assert.equal(
    summarizeLog([`${AT}Running job: x`, `${AT}Job x completed with result: Failed`]).inJob,
    false,
  );
  assert.deepEqual(summarizeLog([]), { last: null, trouble: null, inJob: false });
});

test("any line has a class or none, quickly", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(...threats, AT, "[RUNNER ", "\u001b["),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const found = classifyLine(pieces.join(""));
      assert.ok(found === null || typeof found === "string");
    }),
  );
  assert.equal(classifyLine("\u001b[".repeat(100_000)), null);
});
