// Counts what the requests of one pass cost, and keeps what GitHub said along the way. In: answers. Out: sums.

import type { AnswerMeta, RunnerScopeApi } from "../model/github.ts";

/** What answers have told about the credential's budget and our clock. */
export class Meter {
  sent = 0;
  counted = 0;
  left: number | null = null;
  clockOffset: number | null = null;

  note({ sent, counted, remaining, clockOffset }: AnswerMeta): void {
    this.sent += sent;
    this.counted += counted;
    if (remaining !== null) this.left = this.left === null ? remaining : Math.min(this.left, remaining);
    if (clockOffset !== null) this.clockOffset = clockOffset;
  }
}

/** What is asked of a scope where something is changed in it. */
export type ChangedScope = Pick<RunnerScopeApi, "getRunner" | "deleteRunner" | "createRegistrationToken">;

/** The same, with every answer counted; `onChange` after each that may have changed something. */
export function meterScope(api: ChangedScope, meter: Meter, onChange: () => void): ChangedScope {
  const noted = async <T extends { readonly meta: AnswerMeta }>(asked: Promise<T>): Promise<T> => {
    const answer = await asked;
    meter.note(answer.meta);
    return answer;
  };
  const changed = <T extends { readonly meta: AnswerMeta }>(asked: Promise<T>): Promise<T> =>
    noted(asked).finally(onChange);
  return {
    getRunner: (id) => noted(api.getRunner(id)),
    deleteRunner: (id) => changed(api.deleteRunner(id)),
    createRegistrationToken: (slot) => changed(api.createRegistrationToken(slot)),
  };
}
