// The commands that are used on a host: rows for the table of commands. In: nothing. Out: rows.

import type { CommandEntry, OptionEntry } from "./command.ts";

const JSON_OPTION: OptionEntry = { flags: "--json", help: "print JSON for programs" };

/** Of every command that looks at this machine as a host of the fleet. */
export const HOST_OPTIONS: readonly OptionEntry[] = [
  { flags: "--user", help: "the fleet is installed below this user's home, without root" },
  {
    flags: "--host <name>",
    help: "which host of the fleet this is (default: as installed, else by hostname)",
  },
];

const WHICH = {
  usage: "<what>",
  values: null,
  help: "a slot, a pool or a host; pool:NAME or host:NAME where one name is both",
} as const;

export const HOST_COMMANDS: readonly CommandEntry[] = [
  {
    name: "status",
    summary: "Show what is wanted, what runs here and what GitHub says, slot by slot",
    examples: [
      ["sudo ci-fleet status", "each slot, with the reason of every difference"],
      ["sudo ci-fleet status --watch", "the same, live"],
      ["ci-fleet status --local --json", "for programs, without asking GitHub"],
    ],
    options: [
      { flags: "-w, --watch", help: "look again every two seconds until Ctrl-C" },
      { flags: "--local", help: "do not ask GitHub" },
      ...HOST_OPTIONS,
      JSON_OPTION,
    ],
    load: () => import("./commands/status.ts"),
  },
  {
    name: "doctor",
    summary: "Find what is wrong with this host, and the command that mends it; changes nothing",
    examples: [
      ["sudo ci-fleet doctor", "every check, with what was found"],
      ["sudo ci-fleet doctor --json", "for programs; exit 1 where a slot would not work"],
    ],
    options: [{ flags: "--offline", help: "do not ask GitHub" }, ...HOST_OPTIONS, JSON_OPTION],
    load: () => import("./commands/doctor.ts"),
  },
  {
    name: "watchdog",
    summary: "Keep this host's runners alive: look, decide, do; once, or as a service",
    examples: [
      ["sudo ci-fleet watchdog --dry-run", "what it would do now, and why; changes nothing"],
      ["sudo ci-fleet watchdog --json", "one pass, every decision with its evidence"],
      [
        "sudo ci-fleet watchdog --daemon",
        "pass after pass, every `watchdog.every`, until it is told to stop",
      ],
    ],
    options: [
      {
        flags: "--daemon",
        help: "stay, and look every `watchdog.every`; --json prints a line for each pass",
      },
      { flags: "-n, --dry-run", help: "decide, and do nothing" },
      { flags: "--force", help: "let a pass remove more than half of a pool" },
      { flags: "--no-arch-filter", help: "labels alone decide which host starts a slot for a job" },
      ...HOST_OPTIONS,
      JSON_OPTION,
    ],
    load: () => import("./commands/watchdog.ts"),
  },
  {
    name: "logs",
    args: { usage: "<slot>", values: null, help: "a slot of this host" },
    summary: "Show what a slot's runner said",
    examples: [
      ["ci-fleet logs acme-ci-forge-1", "the last hundred lines"],
      ["ci-fleet logs -F acme-ci-forge-1", "and what comes, until Ctrl-C"],
    ],
    options: [
      { flags: "-F, --follow", help: "go on with what comes" },
      { flags: "-n, --lines <number>", help: "how many lines from the end (default: 100)" },
      ...HOST_OPTIONS,
    ],
    load: () => import("./commands/logs.ts"),
  },
  {
    name: "start",
    args: WHICH,
    summary: "Start slots of this host",
    examples: [["sudo ci-fleet start acme-ci-forge-1", "one slot"]],
    options: HOST_OPTIONS,
    load: () => import("./commands/start.ts"),
  },
  {
    name: "stop",
    args: WHICH,
    summary: "Stop slots of this host now; a running job is cancelled",
    examples: [
      ["sudo ci-fleet stop gpu", "a pool; asks first where jobs run"],
      ["sudo ci-fleet stop forge --yes", "everything here, whatever runs"],
    ],
    options: [{ flags: "-y, --yes", help: "cancel running jobs, ask nothing" }, ...HOST_OPTIONS],
    load: () => import("./commands/stop.ts"),
  },
  {
    name: "drain",
    args: WHICH,
    summary: "Take slots out of service without ending a job",
    examples: [
      ["sudo ci-fleet drain forge --wait", "let every job end, then work on the machine"],
      ["sudo ci-fleet drain gpu --wait --timeout 2h", "give up waiting after two hours; exit 1"],
      ["sudo ci-fleet drain --undo forge", "back into service"],
    ],
    options: [
      { flags: "--undo", help: "back into service" },
      { flags: "--wait", help: "return when the last job has ended" },
      { flags: "--timeout <duration>", help: "with --wait: give up after this long, 90s or 2h" },
      ...HOST_OPTIONS,
    ],
    load: () => import("./commands/drain.ts"),
  },
  {
    name: "bump",
    summary: "Move the runner version of the spec to the newest release, comments kept",
    examples: [
      ["ci-fleet bump", "version and checksums into fleet.yaml"],
      ["ci-fleet bump --check", "for cron and CI: exit 1 where a newer one is there"],
      ["ci-fleet bump --to 2.338.1", "to this one; never down"],
    ],
    options: [
      { flags: "--check", help: "write nothing; exit 1 where a newer version is there" },
      { flags: "--to <version>", help: "this version instead of the newest" },
      { flags: "--releases", help: "ask the public releases, for which any token will do" },
      { flags: "--target <name>", help: "ask this target's GitHub (default: the first on github.com)" },
      JSON_OPTION,
    ],
    load: () => import("./commands/bump.ts"),
  },
];
