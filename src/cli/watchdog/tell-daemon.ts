// What a daemon says: to its log only what is new, to the monitor of its passes now and then. In: passes, the
// terminal. Out: lines; nothing is said twice in a row.

import { describe } from "../../adapters/answer-http.ts";
import { ping } from "../../adapters/ping.ts";
import type { Terminal } from "../../adapters/terminal.ts";
import { stringifyLine } from "../../base/print-json.ts";
import { cleanForTerminal } from "../../base/terminal-text.ts";
import { formatDuration } from "../../base/units.ts";
import type { Plan, PlannedHost } from "../../model/plan.ts";
import { listNews, makePassDocument, type Pass } from "../../watchdog/tell-pass.ts";
import { FINE } from "../exit-codes.ts";

export interface Voice {
  /** What it looks after from now on. */
  begin(plan: Plan, host: PlannedHost): void;
  /** Once, as long as every pass has it again. */
  warn(text: string): void;
  pass(pass: Pass): void;
  /** A pass that threw: whole, for it is a fault of ours. */
  crash(error: unknown): void;
  /** A pass is over, whatever became of it. */
  end(): void;
  /** At most once a minute while nothing changes: monitors count what they are sent. */
  ping(url: string | null, exitCode: number): Promise<void>;
}

const PING_MS = 60_000;

export function openVoice(terminal: Terminal, { isJson }: { readonly isJson: boolean }): Voice {
  let warnedBefore = new Set<string>();
  let warned = new Set<string>();
  let told: ReadonlySet<string> = new Set();
  let pinged: { readonly at: number; readonly isFine: boolean } | null = null;
  const say = (text: string): void => terminal.err(`${cleanForTerminal(text)}\n`);
  const warn = (text: string): void => {
    if (!warnedBefore.has(text) && !warned.has(text)) say(`warning: ${text}`);
    warned.add(text);
  };
  return {
    begin: ({ watchdog: { every, listen } }, { name, placements }) => {
      const slots = placements.reduce((all, each) => all + each.slots.length, 0);
      const where = listen === null ? "" : `; http://${describe(listen)}/metrics and /healthz`;
      say(
        `looks after ${slots} ${slots === 1 ? "slot" : "slots"} of ${name} every ${formatDuration(every)}${where}`,
      );
    },
    warn,
    pass: (pass) => {
      if (isJson) return terminal.out(stringifyLine(makePassDocument(pass)));
      const news = listNews(pass, told);
      told = news.told;
      for (const line of news.lines) terminal.out(`${cleanForTerminal(line)}\n`);
    },
    crash: (error) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      say("bug: a pass did not come to its end; the next one looks anew. Please report it:");
      for (const line of text.split("\n")) say(`  ${line}`);
    },
    end: () => {
      warnedBefore = warned;
      warned = new Set();
    },
    ping: async (url, exitCode) => {
      const now = performance.now();
      const isFine = exitCode === FINE;
      if (url === null) return;
      if (pinged !== null && pinged.isFine === isFine && now - pinged.at < PING_MS) return;
      const why = await ping(url, isFine);
      if (why === null) pinged = { at: now, isFine };
      else warn(`the ping did not arrive: ${why}`);
    },
  };
}
