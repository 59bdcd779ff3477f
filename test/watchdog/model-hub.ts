// A model of GitHub's side of a fleet: registrations, jobs, and how it hands the second to the first. Its word lags,
// `busy` lies for as long as it is told to, and a job is on its way for a while before its runner knows. In: what
// happens. Out: what it would say.

import type { RunnerRecord } from "../../src/model/github.ts";

export interface HubOptions {
  /** Milliseconds that lists and records are behind. */
  readonly lag: number;
  /** `busy` stays false so long into a job (terraform-aws-github-runner issue 5085: 12 minutes). */
  readonly busyLie: number;
  /** From the assignment of a job to its worker; GitHub gives it to another after 60 s. */
  readonly gap: number;
  /** A registration whose job is on its way can be deleted: actions/runner pull request 4461. */
  readonly deletesDispatched: boolean;
}

export interface HubRunner {
  readonly id: number;
  readonly name: string;
  readonly labels: readonly string[];
  readonly ephemeral: boolean;
  exists: boolean;
  online: boolean;
  job: number | null;
  busySince: number;
  readonly bornAt: number;
  /** Newest last. */
  readonly past: { at: number; online: boolean; busy: boolean }[];
}

export interface HubJob {
  readonly id: number;
  readonly labels: readonly string[];
  readonly duration: number;
  state: "queued" | "dispatched" | "running" | "done" | "lost";
  runner: number | null;
  at: number;
}

export type HubDeletion = "deleted" | "not-found" | "busy";

const REQUEUE_MS = 60_000;
const LEASE_MS = 300_000;

export class Hub {
  readonly runners = new Map<number, HubRunner>();
  readonly jobs = new Map<number, HubJob>();
  options: HubOptions;
  now = 1_000_000;
  private nextId = 1;

  constructor(options: HubOptions) {
    this.options = options;
  }

  register(name: string, labels: readonly string[], ephemeral: boolean): HubRunner | "taken" {
    for (const other of this.runners.values()) {
      if (!other.exists || other.name !== name) continue;
      if (other.job !== null || ephemeral) return "taken";
      this.remove(other.id);
    }
    const id = this.nextId++;
    const runner: HubRunner = {
      ...{ id, name, labels, ephemeral, exists: true, online: false, job: null, busySince: 0 },
      bornAt: this.now,
      past: [{ at: this.now, online: false, busy: false }],
    };
    this.runners.set(id, runner);
    return runner;
  }

  connect(id: number, online: boolean): void {
    const runner = this.runners.get(id);
    if (runner === undefined || runner.online === online) return;
    runner.online = online;
    this.note(runner);
  }

  /** What GitHub does by itself, and what an administrator does: nobody is asked. */
  remove(id: number): void {
    const runner = this.runners.get(id);
    if (runner !== undefined) runner.exists = false;
  }

  delete(id: number): HubDeletion {
    const runner = this.runners.get(id);
    if (runner === undefined || !runner.exists) return "not-found";
    const job = runner.job === null ? null : (this.jobs.get(runner.job) ?? null);
    if (job?.state === "running") return "busy";
    if (job?.state === "dispatched" && !this.options.deletesDispatched) return "busy";
    this.remove(id);
    return "deleted";
  }

  addJob(labels: readonly string[], duration: number): HubJob {
    const id = this.nextId++;
    const job: HubJob = { id, labels, duration, state: "queued", runner: null, at: this.now };
    this.jobs.set(id, job);
    return job;
  }

  /** Hands out jobs; gives up on those whose runner never came. `listens`: whose listener takes a job now. */
  tick(takes: (runner: HubRunner, job: HubJob) => boolean): void {
    for (const job of this.jobs.values()) {
      if (job.state === "queued") this.dispatch(job);
      else if (job.state === "dispatched") this.deliver(job, takes);
    }
  }

  private dispatch(job: HubJob): void {
    const able = [...this.runners.values()].filter((runner) => this.mayGive(job, runner));
    // Whoever it is: the order of the runners means nothing to GitHub.
    const runner = able[(job.id * 7919) % Math.max(1, able.length)];
    if (runner !== undefined) this.give(job, runner);
  }

  private mayGive(job: HubJob, runner: HubRunner): boolean {
    if (!runner.exists || !runner.online || runner.job !== null) return false;
    return job.labels.every((label) => runner.labels.includes(label));
  }

  private give(job: HubJob, runner: HubRunner): void {
    job.state = "dispatched";
    job.runner = runner.id;
    job.at = this.now;
    runner.job = job.id;
    runner.busySince = this.now;
    this.note(runner);
  }

  /** A job for this very runner, at the worst moment there is. */
  sneak(id: number): void {
    const runner = this.runners.get(id);
    if (runner === undefined || !runner.exists || !runner.online || runner.job !== null) return;
    this.give(this.addJob(["self-hosted"], 60_000), runner);
  }

  private deliver(job: HubJob, takes: (runner: HubRunner, job: HubJob) => boolean): void {
    const runner = this.runners.get(job.runner ?? 0);
    if (runner === undefined) return;
    if (this.now - job.at >= this.options.gap && takes(runner, job)) {
      job.state = "running";
      job.at = this.now;
    } else if (this.now - job.at >= REQUEUE_MS) {
      job.state = "queued";
      job.runner = null;
      this.free(runner);
    }
  }

  /** The worker ended. */
  finish(job: HubJob): void {
    job.state = "done";
    const runner = this.runners.get(job.runner ?? 0);
    if (runner === undefined) return;
    this.free(runner);
    if (runner.ephemeral) this.remove(runner.id);
  }

  /** Jobs of runners that are gone: their lease runs out. */
  expire(hasWorker: (job: HubJob) => boolean): void {
    for (const job of this.jobs.values()) {
      if (job.state !== "running" || hasWorker(job)) continue;
      if (this.now - job.at < job.duration + LEASE_MS) continue;
      job.state = "lost";
      const runner = this.runners.get(job.runner ?? 0);
      if (runner !== undefined) this.free(runner);
    }
  }

  private free(runner: HubRunner): void {
    runner.job = null;
    this.note(runner);
  }

  private note(runner: HubRunner): void {
    runner.past.push({ at: this.now, online: runner.online, busy: runner.job !== null });
    if (runner.past.length > 12) runner.past.shift();
  }

  /** As GitHub would say it now: some time ago, and perhaps not true. */
  show(runner: HubRunner): RunnerRecord {
    const then = this.now - this.options.lag;
    const past = runner.past.findLast(({ at }) => at <= then) ?? runner.past[0];
    const lies = runner.job !== null && this.now - runner.busySince < this.options.busyLie;
    const { id, name, labels, ephemeral } = runner;
    return {
      ...{ id, name, labels, ephemeral, os: "linux", version: "2.338.1", groupId: 1 },
      online: past?.online ?? false,
      busy: !lies && (past?.busy ?? false),
    };
  }

  existing(): readonly HubRunner[] {
    return [...this.runners.values()].filter(({ exists }) => exists);
  }
}
