// What a line of the runner's output says. The texts are those of actions/runner (Runner.Listener, config.sh,
// run-helper.sh) and of GitHub's service. A job's name is written by whoever may open a pull request and
// appears in these lines, so lines about jobs are known first, by their exact form, and lines of the trace log
// count only where they repeat the terminal. In: lines. Out: their class, and the one that tells most.
// No class is proof: before anything is deleted GitHub is asked.

export type LogClass =
  | "job-start"
  | "job-end"
  | "listening"
  | "registration-deleted"
  | "not-configured"
  | "already-configured"
  | "session-conflict"
  | "version-deprecated"
  | "registration-rejected"
  | "name-conflict"
  | "group-missing"
  | "clock-skew"
  | "root-refused"
  | "deps-missing"
  | "connect-error"
  | "updating"
  | "unknown-exit";

const STAMP = String.raw`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ: `;

/** The first that matches wins. */
const SIGNS: readonly (readonly [LogClass, RegExp])[] = [
  ["job-start", new RegExp(`${STAMP}Running job: `)],
  ["job-end", new RegExp(`${STAMP}Job .* completed with result: \\w+$`)],
  ["listening", new RegExp(`${STAMP}Listening for Jobs$`)],
  [
    "registration-deleted",
    /The runner registration has been deleted from the server, please re-configure|Registration [0-9a-f-]{36} was not found|The runner no longer exists on the server/i,
  ],
  ["not-configured", /Not configured\. Run config\.\(sh\/cmd\)|Runner is not configured\./i],
  ["already-configured", /Cannot configure the runner because it is already configured/i],
  [
    "session-conflict",
    /A session for this runner already exists|already has an active session|Session Conflict error|Stop retry on SessionConflictException/i,
  ],
  [
    "version-deprecated",
    /Runner version v?\d+\.\d+\.\d+ is deprecated and cannot receive messages|runner version is out of date and can no longer register|deprecated version exit code: 7/i,
  ],
  [
    "registration-rejected",
    /Http response code: (?:NotFound|Unauthorized|Forbidden) from 'POST [^']*\/actions\/(?:runner-registration|runners\/register)'/i,
  ],
  ["name-conflict", /A runner exists with the same name/i],
  ["group-missing", /Could not find any self-hosted runner group/i],
  ["clock-skew", /local machine's clock may be out of sync|Stopped retrying OAuth token request exception/i],
  ["root-refused", /Must not run (?:interactively )?with sudo/i],
  ["deps-missing", /Dependencies is missing for Dotnet Core|Libicu's dependencies is missing/i],
  ["connect-error", /Runner connect error: .*Retrying until reconnected/i],
  ["updating", /Runner update in progress, do not shutdown runner|re-launch runner after successful update/i],
  ["unknown-exit", /Exiting with unknown error code: \d+/i],
];

/** Most specific first: a version below the floor is first announced as a rejected registration. */
const WEIGHT: readonly LogClass[] = [
  "version-deprecated",
  "root-refused",
  "deps-missing",
  "group-missing",
  "name-conflict",
  "clock-skew",
  "registration-deleted",
  "registration-rejected",
  "session-conflict",
  "already-configured",
  "not-configured",
  "updating",
  "connect-error",
  "unknown-exit",
];

/** `[RUNNER 2026-11-21 10:00:00Z INFO Terminal] WRITE LINE: …` when the trace log goes to stdout. */
const TRACE = /^\[(?:RUNNER |WORKER )?\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ [A-Z]+ +(?<source>\w+)\] (?<text>.*)$/s;
const WRITTEN = /^WRITE (?:LINE|ERROR)?:? ?/;
const ESCAPES = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

/** null: says nothing that matters here. */
export function classifyLine(line: string): LogClass | null {
  const clean = line.replace(ESCAPES, "").replaceAll("\r", "").trimEnd();
  const text = readTerminalText(clean);
  if (text === null) return null;
  return SIGNS.find(([, pattern]) => pattern.test(text))?.[0] ?? null;
}

/** What the runner said to its terminal; null for other lines of the trace log, which quote anything. */
function readTerminalText(line: string): string | null {
  const trace = TRACE.exec(line)?.groups;
  if (trace === undefined) return /^\[(?:RUNNER|WORKER) /.test(line) ? stripShortTrace(line) : line;
  return trace.source === "Terminal" ? (trace.text ?? "").replace(WRITTEN, "") : null;
}

/** `[RUNNER …] 2026-11-21 10:00:00Z: Listening for Jobs`: only lines with a time of their own. */
function stripShortTrace(line: string): string | null {
  const text = /^\[RUNNER [^\]]*\] (.*)$/s.exec(line)?.[1];
  return text !== undefined && new RegExp(STAMP).test(text) ? text : null;
}

export interface LogSummary {
  /** Class of the last line that has one. */
  readonly last: LogClass | null;
  /** Most specific trouble since the runner last listened; null: none. */
  readonly trouble: LogClass | null;
  /** The last line about a job is a start. */
  readonly inJob: boolean;
}

/** `lines`: since the process started, in order. Texts of earlier processes must not be among them. */
export function summarizeLog(lines: Iterable<string>): LogSummary {
  let last: LogClass | null = null;
  let inJob = false;
  let troubles: LogClass[] = [];
  for (const line of lines) {
    const found = classifyLine(line);
    if (found === null) continue;
    last = found;
    if (found === "job-start" || found === "job-end") inJob = found === "job-start";
    if (found === "listening" || found === "job-start") troubles = [];
    else if (found !== "job-end") troubles.push(found);
  }
  const trouble = WEIGHT.find((each) => troubles.includes(each)) ?? null;
  return { last, trouble, inJob };
}
