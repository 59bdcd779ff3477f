// Cases of doctor's checks: rights, credentials, GitHub. In: nothing. Out: rows.

import { seen, unseen } from "../../src/model/host-observation.ts";
import { makeProcess, makeUnit, NOW } from "../model/observed.ts";
import { APPLY, account, BUMP, github, guarded, type Row } from "./breakages.ts";
import { PLAN, USER_PLACES, withMachine, withSlots } from "./make-facts.ts";

export const RIGHTS_CASES: readonly Row[] = [
  ["account-exists", withMachine({ account: seen(null) }), "error", /does not exist/, APPLY],
  [
    "account-exists",
    { ...withMachine({ account: seen(null) }), installed: seen(false) },
    "note",
    /does not exist/,
    APPLY,
  ],
  ["account-exists", withMachine({ account: unseen("id: x") }), "unknown", /id: x/, null],
  [
    "account-has-no-power",
    account({ groups: ["ci-fleet", "docker"] }),
    "warning",
    /member of docker/,
    "sudo gpasswd --delete ci-fleet docker",
  ],
  [
    "account-has-no-power",
    account({ sudo: seen(["(ALL) NOPASSWD: ALL"]) }),
    "warning",
    /NOPASSWD/,
    "remove its line from the file in /etc/sudoers.d (visudo)",
  ],
  [
    "account-has-no-power",
    account({ sudo: unseen("only root may ask") }),
    "unknown",
    /only root may ask/,
    "sudo ci-fleet doctor",
  ],
  [
    "scripts-are-guarded",
    guarded(1001, 0o755),
    "error",
    /belongs to uid 1001/,
    "sudo chown -h root:root '/etc/x y'",
  ],
  [
    "scripts-are-guarded",
    guarded(0, 0o777),
    "error",
    /written by others \(mode 0777\)/,
    "sudo chmod go-w '/etc/x y'",
  ],
  [
    "scripts-are-guarded",
    withMachine({ guarded: [unseen("/etc/x: EACCES")] }),
    "unknown",
    /EACCES/,
    "sudo ci-fleet doctor",
  ],
  [
    "user-lingers",
    { places: USER_PLACES, userName: "ann" },
    "error",
    /end with the last session/,
    "sudo loginctl enable-linger ann",
  ],
  [
    "no-foreign-runners",
    withSlots({
      foreignProcesses: seen([
        makeProcess("listener", { owner: { kind: "unit", unit: "actions.runner.x.service" } }),
      ]),
    }),
    "warning",
    /Runner\.Listener 300 of uid 1001 in \/home\/runner, of actions\.runner\.x\.service/,
    "sudo systemctl disable --now actions.runner.x.service",
  ],
  [
    "no-foreign-runners",
    withSlots({ foreignProcesses: seen([makeProcess("worker", { owner: { kind: "unknown" } })]) }),
    "warning",
    /Runner\.Worker 400/,
    "look whose it is: ps -fp 400",
  ],
  [
    "no-foreign-runners",
    withSlots({ foreignProcesses: seen([makeProcess("listener")]) }),
    "warning",
    /of container cccccccccccc/,
    "sudo docker inspect cccccccccccc",
  ],
  [
    "no-foreign-runners",
    withSlots({ foreignProcesses: unseen("hidden") }),
    "unknown",
    /hidden/,
    "sudo ci-fleet doctor",
  ],
  [
    "no-stray-processes",
    withMachine({
      strays: seen([{ pid: 77, name: "miner", owner: { kind: "unit", unit: "cron.service" } }]),
    }),
    "error",
    /process 77 \(miner\) of ci-fleet runs in cron\.service, outside of every slot/,
    "look what it is: ps -fp 77; a job may have left it",
  ],
  [
    "no-stray-processes",
    withMachine({ strays: unseen("/proc cannot be read") }),
    "unknown",
    /of ci-fleet: \/proc cannot be read/,
    null,
  ],
  [
    "foreign-units-end-in-order",
    withMachine({
      foreignUnits: seen([makeUnit({ name: "actions.runner.x.service", killMode: "process" })]),
    }),
    "warning",
    /KillMode=process/,
    "sudo systemctl edit actions.runner.x.service and write [Service] and KillMode=mixed",
  ],
  ["foreign-units-end-in-order", withMachine({ foreignUnits: unseen("no bus") }), "unknown", /no bus/, null],
  [
    "credentials-are-safe",
    {
      credentials: [
        {
          target: "default",
          path: "/k",
          state: "missing",
          message: "there is no /k",
          help: "sudo ci-fleet auth put",
        },
      ],
    },
    "error",
    /is missing/,
    "sudo ci-fleet auth put",
  ],
  [
    "credentials-are-safe",
    {
      credentials: [
        {
          target: "default",
          path: "/k",
          state: "refused",
          message: "/k is open to other users (mode 0644)",
          help: "chmod 600 /k",
        },
      ],
    },
    "error",
    /0644/,
    "chmod 600 /k",
  ],
  [
    "credentials-are-safe",
    {
      credentials: [
        { target: "default", path: "/k", state: "unknown", message: "cannot read /k", help: null },
      ],
    },
    "unknown",
    /cannot read/,
    "sudo ci-fleet doctor",
  ],
  [
    "github-answers",
    github({
      answer: "refused",
      message: "status 403",
      missing: "Self-hosted runners: write",
      help: "ci-fleet auth check",
    }),
    "error",
    /missing permission: Self-hosted runners: write/,
    "ci-fleet auth check",
  ],
  ["github-answers", github({ answer: "unknown", message: "no route" }), "unknown", /no route/, null],
  [
    "github-answers",
    github({ answer: "silent", message: "Connection refused", help: "ssh control" }),
    "error",
    /does not answer: Connection refused/,
    "ssh control",
  ],
  ["github-answers", { github: null }, "note", /--offline/, null],
  [
    "runner-is-current",
    github({ jobsEnd: NOW - 1000 }),
    "error",
    /no jobs to runner 2\.337\.0 any more/,
    BUMP,
  ],
  ["runner-is-current", github({ jobsEnd: NOW + 3 * 86_400_000 }), "warning", /3 more days/, BUMP],
  [
    "runner-is-current",
    { plan: { ...PLAN, runner: { ...PLAN.runner, version: "2.300.0" } } },
    "error",
    /below 2\.329\.0/,
    BUMP,
  ],
  [
    "runner-is-current",
    { plan: { ...PLAN, runner: { ...PLAN.runner, version: "2.334.0" } } },
    "error",
    /replaced \d+ days ago/,
    BUMP,
  ],
  ["runner-is-current", github({ newest: "2.340.0" }), "note", /GitHub offers 2\.340\.0/, BUMP],
  ["runner-is-current", github({ newest: null }), "unknown", /not known/, "ci-fleet bump --check"],
  [
    "authority-is-readable",
    {
      ...withMachine({ authority: seen(false) }),
      plan: { ...PLAN, network: { ...PLAN.network, ca: "/etc/ssl/corp.pem" } },
    },
    "error",
    /does not exist/,
    "copy the PEM file to /etc/ssl/corp.pem",
  ],
];
