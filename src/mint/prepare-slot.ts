// Brings one slot to the point where its runner can be started: waits while it must, looks whether the host is fit,
// makes what the runner needs, registers last. Whatever fails is written down with the time of the next try, and
// tried again here: systemd counts clean exits too and would give up for good. In: ports. Out: why it is over.

import { describeCause, WorldError } from "../base/world-error.ts";
import type { SetbackReason, SlotSetbacks } from "../model/slot-setbacks.ts";
import { type Fault, fault, type SlotPlace } from "../model/slot-start.ts";
import type { MintPhase } from "../model/slot-state.ts";
import { chooseRepository } from "./find-slot.ts";
import { tellFaults } from "./judge-preflight.ts";
import { hasServed, traceLastRun } from "./judge-run.ts";
import { planSteps } from "./plan-steps.ts";
import { type Registered, registerStart } from "./register-start.ts";
import type { SlotWorld, StartPorts } from "./start-ports.ts";

export type Prepared =
  | { readonly kind: "ready"; readonly how: "registered" | "kept-registration" | "adopted" }
  /** Drained, or no repository assigned: the unit's condition holds it back at the next start. */
  | { readonly kind: "held"; readonly why: string }
  /** Only with `once`. */
  | {
      readonly kind: "failed";
      readonly fault: Fault;
      readonly isCredential: boolean;
      /** It is this machine's. */
      readonly isHost: boolean;
    };

export interface PrepareOptions {
  /** Do not wait and do not try again. */
  readonly once: boolean;
}

/** How long it sleeps before it looks whether it was drained meanwhile. */
const NAP_MS = 15_000;
/** And before it reads the spec again: another runner version may be in force. */
const LOOK_MS = 60_000;

interface Attempt {
  readonly fault: Fault;
  readonly phase: MintPhase;
  readonly because: SetbackReason;
  readonly retryAt: number | null;
  readonly isCredential: boolean;
}

type Tried = Prepared | { readonly kind: "setback"; readonly attempt: Attempt };

export async function prepareSlot(ports: StartPorts, options: PrepareOptions): Promise<Prepared> {
  let isFirst = true;
  let told = "";
  for (;;) {
    const loaded = ports.load();
    if (loaded.kind === "fault") {
      const attempt = asAttempt(loaded.fault, "red", "preflight-red");
      if (options.once) return failedBy(attempt);
      await wait(ports, null, noteAttempt(ports, attempt, "").nextAt);
      continue;
    }
    const { place } = loaded;
    const world = ports.openWorld(place);
    const held = findHold(world, place);
    if (held !== null) return held;
    const [containers, unit] = await Promise.all([world.listContainers(), world.askUnit()]);
    const start = "message" in containers ? null : planSteps(place, containers, unit);
    // First of all: what runs may have a job, and nothing here may keep anyone from it.
    if (start?.kind === "adopt") return concludeReady(ports, "adopted");
    if (isFirst) judgeLastStart(ports, world, place);
    isFirst = false;
    const version = place.plan.runner.version;
    const may = ports.brake.mayStart(readSetbacks(ports), ports.clock.now(), version);
    if (may.kind !== "go" && !options.once) {
      const until = may.kind === "wait" ? may.until : null;
      told = tellWait(ports, may.why, until, told);
      await wait(ports, world, until);
      continue;
    }
    const tried = await attemptStart(ports, world, place, "message" in containers ? containers : start);
    if (tried.kind !== "setback") return tried;
    if (options.once) return failedBy(tried.attempt);
    noteAttempt(ports, tried.attempt, version);
    const next = ports.brake.mayStart(readSetbacks(ports), ports.clock.now(), version);
    told = next.kind === "go" ? "" : next.why;
  }
}

function failedBy({ fault: found, isCredential, phase }: Attempt): Prepared {
  return { kind: "failed", fault: found, isCredential, isHost: phase === "red" };
}

async function attemptStart(
  ports: StartPorts,
  world: SlotWorld,
  place: SlotPlace,
  start: Fault | ReturnType<typeof planSteps> | null,
): Promise<Tried> {
  const red = (found: Fault): Tried => ({
    kind: "setback",
    attempt: asAttempt(found, "red", "preflight-red"),
  });
  try {
    const faults = await world.preflight();
    if (faults.length > 0) return red(fault(faults[0]?.reason ?? "unfit", tellFaults(faults)));
    // The engine was silent a moment ago and answers now: look at its containers first.
    if (start === null || "message" in start)
      return red(start ?? fault("docker-silent", "Docker did not answer"));
    if (start.kind === "fault") return red(start.fault);
    if (start.kind === "adopt") return concludeReady(ports, "adopted");
    for (const step of start.steps) await world.perform(step);
  } catch (error) {
    if (!(error instanceof WorldError)) throw error;
    return red(fault("start-failed", error.message, error.help));
  }
  const choice = chooseRepository(place, world.readAssigned());
  if (choice.kind !== "chosen")
    return { kind: "held", why: "the repository that it was assigned to is gone" };
  try {
    const registered = await registerStart(ports, world, place, choice);
    return concludeRegistered(ports, world, registered);
  } catch (error) {
    if (!(error instanceof WorldError)) throw error;
    const found = fault("registration-failed", error.message, error.help);
    return { kind: "setback", attempt: asAttempt(found, "waiting", "registration-failed") };
  }
}

function concludeRegistered(ports: StartPorts, world: SlotWorld, registered: Registered): Tried {
  if (registered.kind === "refused") {
    const { fault: found, retryAt, isCredential, isHost } = registered;
    const reason = isHost ? "preflight-red" : "registration-failed";
    const attempt = { ...asAttempt(found, isHost ? "red" : "waiting", reason), retryAt, isCredential };
    return { kind: "setback", attempt };
  }
  const journal = ports.keeper.readJournal();
  ports.keeper.writeJournal({ ...journal, started: { at: ports.clock.now(), boot: world.traceRun().boot } });
  return concludeReady(ports, registered.kind);
}

function concludeReady(ports: StartPorts, how: "registered" | "kept-registration" | "adopted"): Prepared {
  const words = {
    registered: "registered; its runner may start",
    "kept-registration": "it starts with the registration that it has",
    adopted: "its runner still runs",
  } as const;
  const failures = readSetbacks(ports)?.failures ?? 0;
  const at = ports.clock.now();
  ports.keeper.writeState({
    state: "ready",
    reason: how,
    message: words[how],
    at,
    nextTryAt: null,
    failures,
  });
  return { kind: "ready", how };
}

/** What the watchdog or a person said since the unit's conditions were asked. */
function findHold(world: SlotWorld, place: SlotPlace): Prepared | null {
  if (world.isDrained()) return { kind: "held", why: "it is drained" };
  const choice = chooseRepository(place, world.readAssigned());
  if (choice.kind === "unassigned") return { kind: "held", why: "no repository is assigned to it" };
  if (choice.kind === "chosen") return null;
  return { kind: "held", why: `it is assigned to ${choice.repository}, which is not in the spec` };
}

/** Once for each start, however often `mint` itself is run. */
function judgeLastStart(ports: StartPorts, world: SlotWorld, place: SlotPlace): void {
  const { keeper, brake, clock, random } = ports;
  const journal = keeper.readJournal();
  if (journal.started === null) return;
  const version = place.plan.runner.version;
  const run = traceLastRun(journal.started, world.traceRun(), clock.now());
  const setback = brake.judge(run, version);
  if (setback !== null) keeper.writeSetbacks(brake.note(readSetbacks(ports), setback, clock.now(), random()));
  else if (hasServed(run, brake.shortRunMs)) keeper.writeSetbacks(null);
  // An ephemeral runner that had its job is gone at GitHub too: that is what ephemeral means there.
  const names = run.hadJob === true && run.exitClass === "ended" ? [] : journal.names;
  keeper.writeJournal({ ...journal, names, started: null });
}

function asAttempt(found: Fault, phase: MintPhase, because: SetbackReason): Attempt {
  return { fault: found, phase, because, retryAt: null, isCredential: false };
}

function readSetbacks(ports: StartPorts): SlotSetbacks | null {
  return ports.brake.read(ports.keeper.readSetbacks());
}

function noteAttempt(ports: StartPorts, attempt: Attempt, runnerVersion: string): SlotSetbacks {
  const { keeper, brake, clock, random } = ports;
  const now = clock.now();
  const message = tellFaults([attempt.fault]);
  const { because: reason, retryAt } = attempt;
  const setback = { reason, detail: message, runnerVersion, retryAt };
  const noted = brake.note(readSetbacks(ports), setback, now, random());
  try {
    keeper.writeSetbacks(noted);
    const { nextAt: nextTryAt, failures } = noted;
    keeper.writeState({
      state: attempt.phase,
      reason: attempt.fault.reason,
      message,
      at: now,
      nextTryAt,
      failures,
    });
  } catch (cause) {
    // A full disk is the very thing to wait for.
    ports.say(`cannot note it: ${describeCause(cause)}`);
  }
  ports.say(`${message}. Nothing is registered; next try ${tellTime(noted.nextAt)}`);
  return noted;
}

/** `until` null: nothing but another runner version helps. */
function tellWait(ports: StartPorts, why: string, until: number | null, told: string): string {
  if (told === why) return told;
  const { keeper, clock } = ports;
  const failures = readSetbacks(ports)?.failures ?? 0;
  const at = clock.now();
  const isStopped = until === null;
  if (isStopped) {
    const state = { state: "stopped", reason: "version-deprecated", message: why } as const;
    keeper.writeState({ ...state, at, nextTryAt: null, failures });
  } else if (told === "") {
    const reason = why.slice(0, why.search(/[ :]|$/));
    const known = /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(reason) ? reason : "back-off";
    keeper.writeState({ state: "waiting", reason: known, message: why, at, nextTryAt: until, failures });
  }
  ports.say(isStopped ? why : `${why}; next try ${tellTime(until)}`);
  return why;
}

function tellTime(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Until then or a minute; ends early when the slot is drained. */
async function wait(ports: StartPorts, world: SlotWorld | null, until: number | null): Promise<void> {
  const { clock, sleep } = ports;
  const start = clock.monotonic();
  for (;;) {
    const left = Math.min(
      LOOK_MS - (clock.monotonic() - start),
      (until ?? Number.POSITIVE_INFINITY) - clock.now(),
    );
    if (left <= 0 || world?.isDrained() === true) return;
    await sleep(Math.min(left, NAP_MS));
  }
}
