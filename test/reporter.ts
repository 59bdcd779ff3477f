// What a test run prints: each failure in full, each skip with its reason, and one closing line with the
// counts. In: the events of Node's test runner. Out: text.

import { relative } from "node:path";
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";

const place = (data: { file?: string; line?: number }) =>
  data.file === undefined ? "" : ` (${relative(process.cwd(), data.file)}:${data.line ?? 1})`;

/** The shape that Node's runner wants of a reporter: https://nodejs.org/api/test.html#custom-reporters */
// biome-ignore lint/style/noDefaultExport: the runner takes the default export
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const started = performance.now();
  for await (const { type, data } of events) {
    if (type === "test:stdout" || type === "test:stderr") yield data.message;
    if (type !== "test:pass" && type !== "test:fail") continue;
    // A suite, and a file that only holds tests, is not counted beside what is in it.
    if (data.details.type === "suite" || (type === "test:pass" && data.name === data.file)) continue;
    if (data.skip !== undefined && data.skip !== false) {
      counts.skipped += 1;
      yield `skipped: ${data.name}: ${data.skip === true || data.skip === "" ? "no reason given" : data.skip}\n`;
    } else if (type === "test:pass") {
      counts.passed += 1;
    } else {
      const { error } = data.details;
      if ("failureType" in error && error.failureType === "subtestsFailed") continue;
      counts.failed += 1;
      yield `\nFAILED ${data.name}${place(data)}\n${inspect(error.cause ?? error)}\n\n`;
    }
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  yield `ran for ${seconds} s\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;
}
