// Tells a monitor of cron jobs that a pass ended (the way of healthchecks.io: the URL itself for success, `/fail`
// below it else). In: the URL, how it ended. Out: null, or why the monitor was not reached; it never throws.

import { describeCause } from "../base/world-error.ts";

const DEADLINE_MS = 5000;

export async function ping(url: string, isFine: boolean): Promise<string | null> {
  try {
    const to = isFine ? url : `${url.replace(/\/+$/, "")}/fail`;
    const answer = await fetch(to, {
      method: "GET",
      redirect: "follow",
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    await answer.body?.cancel();
    return answer.ok ? null : `HTTP ${answer.status}`;
  } catch (error) {
    return describeCause(error instanceof Error && error.cause !== undefined ? error.cause : error);
  }
}
