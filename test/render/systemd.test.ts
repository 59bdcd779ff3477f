// systemd units, whole: fixtures/units/ holds what each case renders to, and laws that hold for any text.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Placement, Plan, PlannedHost } from "../../src/model/plan.ts";
import { renderSystemd } from "../../src/render/systemd.ts";
import { expectGolden } from "../golden.ts";
import { lineText } from "./hostile-text.ts";
import { unitCases } from "./systemd-cases.ts";
import {
  makeBusyHost,
  makeBusyPlan,
  makeHost,
  makePlacement,
  makePlan,
  makeProcessPlacement,
} from "./systemd-fleet.ts";
import { expandSpecifiers, readUnitWords } from "./systemd-reader.ts";

for (const [name, { plan, host }] of Object.entries(unitCases)) {
  test(`${name} renders to the files in fixtures/units`, () => {
    expectGolden(`fixtures/units/${name}`, renderSystemd(plan, host));
  });
}

/** The values of a setting in one file, in order. */
function readSetting(plan: Plan, host: PlannedHost, path: string, key: string): readonly string[] {
  const file = renderSystemd(plan, host).find((each) => each.path === `hosts/forge/systemd/${path}`);
  if (file === undefined) throw new Error(`there is no ${path}`);
  const lines = file.content.split("\n").filter((line) => line.startsWith(`${key}=`));
  return lines.map((line) => line.slice(key.length + 1));
}

function readProcess(change: Partial<Placement>, key: string): readonly string[] {
  const host = makeHost({ placements: [makeProcessPlacement(change)] });
  return readSetting(makePlan(host), host, "acme-process@acme-bare-forge-1.service.d/10-slot.conf", key);
}

test("only before systemd 251 does a start that is held back take its time", () => {
  const conditionsOf = (systemd: number | null) => {
    const host = { ...makeBusyHost(), facts: { ...makeHost().facts, systemd } };
    const files = renderSystemd(makeBusyPlan(host), host);
    return files.flatMap(({ content }) => content.match(/^ExecCondition=.*$/gm) ?? []);
  };
  for (const systemd of [null, 251, 257]) {
    assert.ok(conditionsOf(systemd).every((line) => line.startsWith("ExecCondition=/usr/bin/test ")));
  }
  const old = conditionsOf(249);
  assert.equal(old.length, conditionsOf(257).length);
  // A process waits for its registration, which takes the time for both; in either flavour.
  assert.equal(old.filter((line) => line.startsWith("ExecCondition=/usr/bin/test ")).length, 2);
});

test("hosts that systemd does not supervise and hosts without runners of their own get no units", () => {
  for (const host of [
    makeHost({ supervision: "compose" }),
    makeHost({ kind: "proxmox" }),
    makeHost({ kind: "kubernetes" }),
  ]) {
    assert.deepEqual(renderSystemd(makePlan(host), host), []);
  }
});

test("only slots that always run start at boot", () => {
  const host = makeHost();
  assert.deepEqual(readSetting(makePlan(host), host, "acme.target", "Wants"), [
    "acme-watchdog.timer",
    "acme-container@acme-ci-forge-1.service",
  ]);
});

test("a slot loads the credential of its own target and of no other", () => {
  const host = makeBusyHost();
  const load = (path: string) => readSetting(makeBusyPlan(host), host, path, "LoadCredential");
  assert.deepEqual(load("acme-container@.service"), []);
  assert.deepEqual(load("acme-container@acme-ci-forge-1.service.d/10-slot.conf"), [
    "default.pem:/etc/ci-fleet/app.pem",
  ]);
  assert.deepEqual(load("acme-container@acme-other-forge-1.service.d/10-slot.conf"), [
    "second.token:/etc/ci-fleet/second token",
  ]);
  assert.deepEqual(load("acme-process@.service"), [], "jobs could read what their own unit loads");
  assert.deepEqual(load("acme-watchdog.service"), [
    "default.pem:/etc/ci-fleet/app.pem",
    "second.token:/etc/ci-fleet/second token",
  ]);
});

test("a slot waits for a repository only where there is one to choose", () => {
  const host = makeHost({ placements: [makePlacement({ pool: "ci", target: "default" })] });
  const conditions = (repos: readonly string[]) => {
    const plan = makePlan(host);
    const targets = plan.targets.map((target) => ({
      ...target,
      scope: { kind: "repositories" as const, owner: "alice", repos },
    }));
    const path = "acme-container@acme-ci-forge-1.service.d/10-slot.conf";
    const file = renderSystemd({ ...plan, targets }, host).find((each) => each.path.endsWith(path));
    return file?.content.match(/^ExecCondition=.*$/gm) ?? [];
  };
  assert.deepEqual(conditions(["app", "lib"]), [
    "ExecCondition=/usr/bin/test -e /var/lib/ci-fleet/acme/assigned/%i",
  ]);
  assert.deepEqual(conditions(["app"]), [], "nobody would ever assign it");
});

test("each credential has a fallback, so that a missing file is something that can be told", () => {
  for (const { path, content } of renderBusy()) {
    const names = (key: string) =>
      [...content.matchAll(new RegExp(`^${key}=([^:]+):`, "gm"))].map((match) => match[1]);
    assert.deepEqual(names("SetCredential"), names("LoadCredential"), path);
  }
});

function renderBusy() {
  const host = makeBusyHost();
  return renderSystemd(makeBusyPlan(host), host);
}

test("a user keeps credentials below the home where the system has /etc/ci-fleet", () => {
  const host = makeHost();
  const plan = makePlan(host);
  assert.deepEqual(readSetting(plan, host, "user/acme-container@.service", "LoadCredential"), [
    "default.pem:%E/ci-fleet/app.pem",
  ]);
});

test("limits of processes are the unit's", () => {
  const limits = { cpus: 0.001, memory: 1, pids: 1 };
  assert.deepEqual(readProcess({ limits }, "CPUQuota"), ["1%"]);
  assert.deepEqual(readProcess({ limits }, "MemoryMax"), ["1"]);
  assert.deepEqual(readProcess({ limits }, "TasksMax"), ["1"]);
  const none = { cpus: null, memory: null, pids: null };
  for (const key of ["CPUQuota", "MemoryMax", "TasksMax"])
    assert.deepEqual(readProcess({ limits: none }, key), []);
});

test("jobs get the group of Docker only where the spec gives them the host's engine", () => {
  assert.deepEqual(readProcess({ docker: "socket" }, "SupplementaryGroups"), ["docker", "44", "109"]);
  assert.deepEqual(readProcess({ docker: "rootless" }, "SupplementaryGroups"), ["44", "109"]);
  assert.deepEqual(readProcess({ docker: "none", gpu: null }, "SupplementaryGroups"), []);
});

test("an engine outside the unit sees the same /tmp as the job", () => {
  assert.deepEqual(readProcess({ docker: "none" }, "PrivateTmp"), ["yes"]);
  assert.deepEqual(readProcess({ docker: "socket" }, "PrivateTmp"), []);
});

test("the watchdog may change its user only where it has to ask someone's GitHub CLI", () => {
  const host = makeHost();
  const plan = makePlan(host);
  const [target] = plan.targets;
  if (target === undefined) throw new Error("a plan has a target");
  const withGh = { ...plan, targets: [{ ...target, auth: { kind: "gh" as const, user: "alice" } }] };
  const read = (given: Plan, key: string) => readSetting(given, host, "acme-watchdog.service", key);
  assert.deepEqual(read(plan, "CapabilityBoundingSet"), ["CAP_DAC_OVERRIDE"]);
  assert.deepEqual(read(plan, "ProtectHome"), ["yes"]);
  assert.deepEqual(read(withGh, "CapabilityBoundingSet"), ["CAP_DAC_OVERRIDE CAP_SETUID CAP_SETGID"]);
  assert.deepEqual(read(withGh, "ProtectHome"), ["read-only"]);
});

test("the timer's spread stays below its interval", () => {
  const host = makeHost();
  const plan = makePlan(host);
  const at = (every: number) => {
    const given = { ...plan, watchdog: { ...plan.watchdog, every } };
    return ["OnUnitActiveSec", "RandomizedDelaySec"].flatMap((key) =>
      readSetting(given, host, "acme-watchdog.timer", key),
    );
  };
  assert.deepEqual(at(60_000), ["60s", "6s"]);
  assert.deepEqual(at(3_600_000), ["3600s", "30s"]);
  assert.deepEqual(at(1_500), ["1500ms", "150ms"]);
});

test("no text of the spec becomes syntax in a unit", () => {
  const value = lineText.filter((text) => text.isWellFormed());
  fc.assert(
    fc.property(value, value, (text, other) => {
      const env = { GREETING: text, OTHER: other };
      const placement = makeProcessPlacement({ env, labels: ["self-hosted"], pool: "bare" });
      const host = makeHost({ placements: [placement, makePlacement()] });
      const plan = makePlan(host);
      for (const flavour of ["", "user/"]) {
        const path = `${flavour}acme-process@acme-bare-forge-1.service.d/10-slot.conf`;
        const read = readSetting(plan, host, path, "Environment").flatMap((line) =>
          readUnitWords(line).map((word) =>
            word.startsWith("CI_FLEET_CACHE_") ? word : expandSpecifiers(word),
          ),
        );
        assert.ok(read.includes(`GREETING=${text}`), path);
        assert.ok(read.includes(`OTHER=${other}`), path);
      }
    }),
  );
});
