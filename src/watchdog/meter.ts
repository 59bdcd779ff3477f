// Counts what the requests of one pass cost, and keeps what GitHub said along the way. In: answers. Out: sums.

import type { AnswerMeta } from "../model/github.ts";

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
