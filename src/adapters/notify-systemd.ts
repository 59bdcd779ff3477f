// Tells systemd how its service is: ready, alive, stopping (sd_notify(3)). Node has no datagram sockets of Unix, so
// systemd's own tool says it, which waits until systemd has heard. In: the environment. Out: a way to tell, or null
// where nobody listens; it never throws.

import { openHostTools } from "./host-tools.ts";

export interface Notifier {
  /** Milliseconds between signs of life that systemd asks for; null: it asks for none. */
  readonly everyMs: number | null;
  /** null, or why it could not be told. */
  tell(word: "READY=1" | "WATCHDOG=1" | "STOPPING=1"): Promise<string | null>;
}

const DEADLINE_MS = 10_000;

export function openNotifier(env: Readonly<Record<string, string | undefined>>): Notifier | null {
  const socket = env.NOTIFY_SOCKET;
  if (socket === undefined || socket === "") return null;
  const tools = openHostTools(env, { NOTIFY_SOCKET: socket });
  const micros = Number(env.WATCHDOG_USEC);
  return {
    // Twice as often as it has to be (sd_watchdog_enabled(3)).
    everyMs: Number.isFinite(micros) && micros > 0 ? micros / 2000 : null,
    tell: async (word) => {
      const answer = await tools.run("systemd-notify", [word], DEADLINE_MS);
      if (answer.kind === "ran") return answer.exitCode === 0 ? null : answer.stderr.trim() || "it failed";
      return answer.kind === "missing" ? "systemd-notify is not installed" : answer.kind;
    },
  };
}
