// Observations made by hand: a slot at work, and pieces to vary. In: what differs. Out: records.

import {
  type HostObservation,
  type ObservedContainer,
  type ObservedUnit,
  type RunnerProcess,
  type SlotObservation,
  seen,
} from "../../src/model/host-observation.ts";

export const NOW = Date.parse("2026-11-21T10:00:00Z");

export function makeUnit(change: Partial<ObservedUnit> = {}): ObservedUnit {
  return {
    name: "acme-container@acme-ci-forge-1.service",
    load: "loaded",
    active: "active",
    sub: "running",
    result: "success",
    enabled: "static",
    needReload: false,
    mainPid: 100,
    since: NOW - 60_000,
    restarts: 0,
    exitStatus: 0,
    fragment: "/etc/systemd/system/acme-container@.service",
    dropIns: [],
    killMode: "mixed",
    ...change,
  };
}

export function makeContainer(change: Partial<ObservedContainer> = {}): ObservedContainer {
  return {
    id: "c".repeat(64),
    name: "acme-ci-forge-1",
    running: true,
    status: "running",
    exitCode: 0,
    pid: 200,
    startedAt: NOW - 60_000,
    image: "ghcr.io/actions/actions-runner:2.337.0",
    labels: {},
    ...change,
  };
}

export function makeProcess(kind: RunnerProcess["kind"], change: Partial<RunnerProcess> = {}): RunnerProcess {
  return {
    pid: kind === "listener" ? 300 : 400,
    kind,
    uid: 1001,
    owner: { kind: "container", id: "c".repeat(64) },
    folder: "/home/runner",
    ...change,
  };
}

/** Idle in a container. */
export function makeSlot(change: Partial<SlotObservation> = {}): SlotObservation {
  return {
    slot: "acme-ci-forge-1",
    unit: seen(makeUnit()),
    mintUnit: seen(null),
    container: seen(makeContainer()),
    processes: seen([makeProcess("listener")]),
    drained: seen(false),
    holder: seen(null),
    assigned: seen(null),
    mint: seen({ state: "ready", reason: "registered", message: "", at: NOW, nextTryAt: null, failures: 0 }),
    job: seen(null),
    lastExit: seen(null),
    identity: seen({ kind: "none" }),
    ...change,
  };
}

export const STOPPED: Partial<SlotObservation> = {
  unit: seen(makeUnit({ active: "inactive", sub: "dead", mainPid: null })),
  container: seen(null),
  processes: seen([]),
};

export const JOB = {
  repository: "acme/app",
  runId: "4711",
  runAttempt: "1",
  workflow: "CI",
  job: "build",
  startedAt: NOW - 12 * 60_000,
} as const;

export function makeObservation(
  slots: readonly SlotObservation[],
  change: Partial<HostObservation> = {},
): HostObservation {
  return {
    at: NOW,
    slots,
    units: seen(new Map()),
    leftoverUnits: seen([]),
    leftoverContainers: seen([]),
    foreignProcesses: seen([]),
    ...change,
  };
}
