// What a test made has an end in reverse order: hosts before their network. In: a test. Out: a place to say what
// ends a thing at the moment when it is made; all of it is done, also when a step fails.

import type { TestContext } from "node:test";

export type Ending = (step: () => unknown) => void;

export function makeEnding(t: TestContext): Ending {
  const steps: (() => unknown)[] = [];
  // Node itself would call them in the order of their making.
  t.after(async () => {
    const failures: unknown[] = [];
    for (const step of steps.reverse()) {
      try {
        await step();
      } catch (cause) {
        failures.push(cause);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, "the lab could not be taken down");
  });
  return (step) => steps.push(step);
}
