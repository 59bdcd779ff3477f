// The watchdog of a host in the lab, driven by hand: passes by its own unit, passes that die at a step, and time that
// passes in its memory instead of in life. In: a host with a fleet in force. Out: what it did, by its own audit log.

import assert from "node:assert/strict";
import type { Host } from "./host.ts";

export interface AuditLine {
  readonly subject?: string;
  readonly slot?: string;
  readonly reason?: string;
  readonly action?: string;
  readonly evidence?: readonly string[];
  readonly result?: string;
  readonly steps?: readonly string[];
  readonly notice?: string;
  readonly text?: string;
}

export interface Watch {
  /** One pass as the timer runs it; what is new in the audit log. */
  readonly pass: () => Promise<readonly AuditLine[]>;
  /** One pass of a process that is killed at this step. */
  readonly die: (step: string) => Promise<void>;
  /** All that it remembers is so many seconds older. */
  readonly age: (seconds: number) => Promise<void>;
  readonly audit: () => Promise<readonly AuditLine[]>;
}

const STATE = "/var/lib/ci-fleet/acme";
const CONFIG = "/etc/ci-fleet/acme";

export function watchHost(host: Host): Watch {
  const audit = async (): Promise<readonly AuditLine[]> => {
    const text = await host.bash(`cat ${STATE}/watchdog.audit.jsonl 2>/dev/null || true`);
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as AuditLine);
  };
  return {
    audit,
    pass: async () => {
      const before = (await audit()).length;
      // More of them than a timer would ask for: systemd counts.
      await host.ask(["systemctl", "reset-failed", "acme-watchdog.service"]);
      await host.run("systemctl", "start", "acme-watchdog.service");
      return (await audit()).slice(before);
    },
    die: async (step) => {
      const words = ["env", `CI_FLEET_FAILPOINT=${step}`, "ci-fleet", "watchdog", "-C", CONFIG];
      const said = await host.ask(words);
      assert.equal(said.code, 137, `it did not come to ${step}: ${said.stdout}${said.stderr}`);
    },
    age: async (seconds) => {
      const path = `${STATE}/watchdog.json`;
      const memory = JSON.parse(await host.run("cat", path)) as Memory;
      const older = <T extends object>(entry: T, key: keyof T) => ({
        ...entry,
        [key]: Number(entry[key]) - seconds * 1000,
      });
      const each = <T>(entries: Record<string, T>, change: (entry: T) => T) =>
        Object.fromEntries(Object.entries(entries).map(([key, entry]) => [key, change(entry)]));
      const text = JSON.stringify({
        ...memory,
        marks: each(memory.marks, (mark) => older(mark, "since")),
        retiring: each(memory.retiring, (one) => older(one, "since")),
        started: each(memory.started, (one) => older(one, "at")),
        jobs: each(memory.jobs, (at) => at - seconds * 1000),
      });
      await host.write(path, `${text}\n`, "600");
    },
  };
}

interface Memory {
  readonly marks: Record<string, { readonly since: number }>;
  readonly retiring: Record<string, { readonly since: number }>;
  readonly started: Record<string, { readonly at: number }>;
  readonly jobs: Record<string, number>;
}
