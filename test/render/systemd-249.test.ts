// Units that the oldest systemd we promise, 249, reads whole. No such version is at hand to ask, as 252 and 257 are in
// test/tools, so this holds what its manual has: a directive that came later would be ignored there with a warning
// in the journal, and nobody would see it.

import assert from "node:assert/strict";
import { globSync, readFileSync, statSync } from "node:fs";
import { test } from "node:test";

const OLDEST = 249;

/**
 * Directives by section, each with the version that brought it, from "Added in version" of systemd 257's
 * systemd.unit(5), .service(5), .exec(5), .kill(5), .resource-control(5) and .timer(5), and from NEWS where one paragraph
 * speaks for several; 0 where neither names a version, for it is older than their record.
 */
const SINCE: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  Unit: {
    ...{ After: 201, ConditionFileIsExecutable: 244, ConditionPathIsReadWrite: 244, Description: 201 },
    ...{ PartOf: 201, Requires: 201, RequiresMountsFor: 201, StartLimitIntervalSec: 229, Wants: 201 },
  },
  Install: { WantedBy: 201 },
  Timer: { AccuracySec: 209, OnBootSec: 0, OnUnitActiveSec: 0, RandomizedDelaySec: 229 },
  Service: {
    ...{ BindPaths: 233, CPUQuota: 213, CapabilityBoundingSet: 0, Delegate: 0, DeviceAllow: 208 },
    ...{ DevicePolicy: 208, DynamicUser: 232, Environment: 0, EnvironmentFile: 0, WatchdogSec: 0 },
    ...{ ExecCondition: 243, ExecReload: 0, ExecStart: 0, ExecStartPre: 0, ExecStop: 0, ExecStopPost: 0 },
    ...{ IOSchedulingClass: 0, KillMode: 187, LimitCORE: 0, LimitMEMLOCK: 0, LimitNOFILE: 0, LimitNPROC: 0 },
    ...{ LoadCredential: 247, LockPersonality: 235, MemoryDenyWriteExecute: 231, MemoryMax: 231, Nice: 0 },
    ...{ NoNewPrivileges: 187, NotifyAccess: 0, PrivateDevices: 209, PrivateNetwork: 0, PrivateTmp: 0 },
    ...{ ProtectClock: 245, ProtectControlGroups: 232, ProtectHome: 214, ProtectHostname: 242 },
    ...{ ProtectKernelLogs: 244, ProtectKernelModules: 232, ProtectKernelTunables: 232, ProtectSystem: 214 },
    ...{ ReadWritePaths: 231, RemainAfterExit: 0, Restart: 0, RestartSec: 0, RestrictAddressFamilies: 211 },
    ...{ RestrictNamespaces: 233, RestrictRealtime: 231, RestrictSUIDSGID: 242, RuntimeDirectory: 211 },
    ...{ RuntimeDirectoryMode: 234, RuntimeDirectoryPreserve: 235, SetCredential: 247, StateDirectory: 235 },
    ...{ StateDirectoryMode: 234, SuccessExitStatus: 189, SupplementaryGroups: 0 },
    ...{ SystemCallArchitectures: 209, SystemCallErrorNumber: 209, SystemCallFilter: 187, TasksMax: 227 },
    ...{ TimeoutStartSec: 188, TimeoutStopSec: 188, Type: 0, UMask: 0, User: 0, WorkingDirectory: 0 },
  },
};

/** Values that are words of systemd's own, with the version of the newest. */
const WORDS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  Type: { exec: 240, oneshot: 0, notify: 0 },
  KillMode: { mixed: 209 },
  Restart: { always: 0 },
  RuntimeDirectoryPreserve: { restart: 235, yes: 235 },
  ProtectSystem: { strict: 232, full: 214 },
  ProtectHome: { yes: 0, "read-only": 214 },
  IOSchedulingClass: { idle: 0 },
  DevicePolicy: { closed: 208 },
};

/** `%d`, the folder of credentials, came with 250. systemd.unit(5), "Specifiers". */
const SPECIFIERS: ReadonlySet<string> = new Set(["%i", "%h", "%t", "%E", "%%"]);

interface Line {
  readonly file: string;
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

function readUnit(file: string): readonly Line[] {
  let section = "";
  const lines: Line[] = [];
  for (const line of readFileSync(file, "utf8").split("\n")) {
    section = /^\[(\w+)\]$/.exec(line)?.[1] ?? section;
    const match = /^([A-Za-z0-9]+)=(.*)$/.exec(line);
    if (match !== null) lines.push({ file, section, key: match[1] ?? "", value: match[2] ?? "" });
  }
  return lines;
}

const listFiles = (...patterns: readonly string[]) =>
  globSync([...patterns])
    .filter((path) => statSync(path).isFile() && /\.(?:service|timer|target|conf)(?:\.hbs)?$/.test(path))
    .sort();

const goldens = listFiles("fixtures/units/**", "fixtures/fleets/*/expected/rendered/hosts/*/systemd/**");
/** Whatever a golden leaves out, its template has. */
const templates = listFiles("templates/hosts/host/systemd/**");
const lines = [...goldens, ...templates].flatMap(readUnit);

test("every directive is one of systemd 249's", () => {
  assert.ok(goldens.length > 50 && templates.length > 10);
  for (const { file, section, key } of lines) {
    const since = SINCE[section]?.[key];
    assert.ok(since !== undefined && since <= OLDEST, `${file}: ${key}= in [${section}]: since ${since}`);
  }
});

test("the table names nothing that no unit has", () => {
  const used = new Set(lines.map(({ section, key }) => `${section}.${key}`));
  const named = Object.entries(SINCE).flatMap(([section, keys]) =>
    Object.keys(keys).map((key) => `${section}.${key}`),
  );
  assert.deepEqual(named.toSorted(), [...used].toSorted());
});

test("words and specifiers are systemd 249's too", () => {
  for (const { file, key, value } of goldens.flatMap(readUnit)) {
    const words = WORDS[key];
    if (words !== undefined) assert.ok((words[value] ?? Infinity) <= OLDEST, `${file}: ${key}=${value}`);
    for (const [specifier] of value.matchAll(/%./g)) {
      // The only percent sign that stands for itself: systemd.resource-control(5), CPUQuota=.
      if (key !== "CPUQuota")
        assert.ok(SPECIFIERS.has(specifier), `${file}: ${specifier} in ${key}=${value}`);
    }
  }
});
