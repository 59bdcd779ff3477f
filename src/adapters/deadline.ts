// One signal out of two: a time that is up, and somebody else's word. AbortSignal.any would leave a record with the
// other signal for each time it is used, for as long as that one lives: in a daemon, for ever (Node 24). In: time and
// signal. Out: a signal that lets go of both when it is ended.

export interface Deadline {
  readonly signal: AbortSignal;
  /** The time was up first. */
  isLate(): boolean;
  /** To be called in any case. */
  end(): void;
}

export function startDeadline(milliseconds: number, other: AbortSignal | null): Deadline {
  const controller = new AbortController();
  let isLate = false;
  const give = (): void => controller.abort(other?.reason);
  const expire = (): void => {
    isLate = !controller.signal.aborted;
    controller.abort(new DOMException("the time is up", "TimeoutError"));
  };
  const timer = setTimeout(expire, milliseconds);
  if (other?.aborted === true) give();
  else other?.addEventListener("abort", give);
  return {
    signal: controller.signal,
    isLate: () => isLate,
    end: () => {
      clearTimeout(timer);
      other?.removeEventListener("abort", give);
    },
  };
}
