// What a fake Proxmox node knows: guests with snapshots, tasks that end when their time has come, tokens with what they
// may do, the cluster's quorum, faults to come. Time is the test's: it passes by `advance`. In: what a test sets up.
// Out: the state, for the routes and for assertions.

import { createHash } from "node:crypto";

export interface FakeSnapshot {
  readonly config: Readonly<Record<string, string>>;
  readonly disk: string;
  readonly description: string;
  /** Seconds. */
  readonly takenAt: number;
  readonly parent: string | null;
}

export interface FakeGuest {
  readonly vmId: number;
  config: Record<string, string>;
  description: string | null;
  status: "running" | "stopped";
  lock: string | null;
  startedAt: number | null;
  /** QEMU's own word where it differs from `status`. */
  qmp?: string | null;
  readonly snapshots: Map<string, FakeSnapshot>;
  /** The snapshot that its disks come from. */
  current: string | null;
  /** Stands for what is on its disks. */
  disk: string;
  /** An agent answers in the guest while it runs. */
  agent: boolean;
}

export interface FakeTask {
  readonly upid: string;
  readonly type: string;
  readonly id: string;
  readonly user: string;
  readonly pid: number;
  /** Milliseconds. */
  readonly startedAt: number;
  endsAt: number;
  /** Runs at the end: the words of the failure, or null. */
  readonly finish: () => string | null;
  exit: string | null;
  readonly log: string[];
}

export interface FakeFault {
  readonly match: RegExp;
  readonly kind: FaultKind;
  left: number;
  readonly detail?: string;
}

export type FaultKind =
  | "401"
  | "403"
  | "500"
  | "501"
  | "595"
  | "596"
  | "hang"
  | "hang-body"
  | "reset"
  | "short"
  | "empty"
  | "garbage"
  | "wrong-shape"
  | "html"
  | "redirect"
  | "endless"
  | "echo"
  /** Done, and the answer is lost. */
  | "done-then-596"
  | "done-then-reset";

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
  status: number;
}

/**
 * Holds a guest that is being destroyed. A real node holds the lock of its config file, which no answer shows; the word
 * stands in the file only at the very end, and there the parser drops it (PVE::QemuServer, destroy_vm).
 */
export const DESTROYING = "destroyed";
/** Some of its volumes are of the snapshot and some are not. */
export const TORN = "torn";
export const TOKEN = "ci-fleet@pve!acme=5e0c7a1e-0000-4000-8000-5ec4e7000001";

/** Any word that a task ends with and that is no error (PVE::Tools, upid_status_is_error). */
export const isWell = (exit: string): boolean => exit === "OK" || /^WARNINGS: \d+$/.test(exit);

export class FakeNode {
  readonly node = "pve1";
  /** Milliseconds since the epoch. */
  now = Date.UTC(2026, 0, 1);
  version = { version: "9.2.1", release: "9.2", repoid: "0123456789abcdef" };
  hasQuorum = true;
  /** No room for another volume. */
  isFull = false;
  /** So many rollbacks to come fail when some of the disks are back already. */
  torn = 0;
  /** Guests that were moved to another node of the cluster. */
  readonly elsewhere = new Map<number, FakeGuest>();
  /** What the wall clock is ahead of `now`. */
  clockAhead = 0;
  /** How often it went down. */
  boots = 0;
  /** How long a task takes. */
  taskMs = 3000;
  readonly guests = new Map<number, FakeGuest>();
  readonly tasks = new Map<string, FakeTask>();
  /** By the whole token: privileges by path; those of a path hold below it. */
  readonly grants = new Map<string, Map<string, Set<string>>>([[TOKEN, new Map()]]);
  /** Of which pool a guest is a member. */
  readonly members = new Map<number, string>();
  readonly mappings = new Map<
    string,
    { description: string; map: readonly string[]; checks: { severity: string; message: string }[] }
  >();
  readonly storages = new Map<string, { volid: string; content: string; size: number; vmid?: number }[]>([
    ["local", []],
    ["local-lvm", []],
  ]);
  readonly requests: FakeRequest[] = [];
  readonly faults: FakeFault[] = [];
  /** Exit statuses for tasks to come, by type. */
  readonly badEnds = new Map<string, string[]>();
  #pid = 0x1000;
  #machines = 0;

  addGuest(vmId: number, given: Partial<Omit<FakeGuest, "vmId" | "snapshots">> = {}): FakeGuest {
    const guest: FakeGuest = {
      vmId,
      config: { name: `guest-${vmId}`, memory: "2048", scsi0: `local-lvm:vm-${vmId}-disk-0,size=3G` },
      description: null,
      status: "stopped",
      lock: null,
      startedAt: null,
      snapshots: new Map(),
      current: null,
      disk: "new",
      agent: false,
      ...given,
    };
    if (guest.status === "running") guest.startedAt = this.now;
    this.guests.set(vmId, guest);
    return guest;
  }

  addTemplate(vmId: number): FakeGuest {
    const config = {
      name: "template",
      memory: "2048",
      template: "1",
      scsi0: `local-lvm:base-${vmId}-disk-0,size=3G`,
    };
    return this.addGuest(vmId, { config, disk: "template" });
  }

  guest(vmId: number): FakeGuest {
    const guest = this.guests.get(vmId);
    if (guest === undefined) throw new Error(`the test has no guest ${vmId}`);
    return guest;
  }

  grant(path: string, privileges: readonly string[], token = TOKEN): void {
    const paths = this.grants.get(token) ?? new Map<string, Set<string>>();
    this.grants.set(token, paths.set(path, new Set([...(paths.get(path) ?? []), ...privileges])));
  }

  /** A UUID that no other machine has. */
  nameMachine(): string {
    this.#machines += 1;
    return `3a23b6d0-0000-4000-8000-${String(this.#machines).padStart(12, "0")}`;
  }

  digestOf({ config, description }: FakeGuest): string {
    const text = JSON.stringify([Object.entries(config).toSorted(), description]);
    return createHash("sha1").update(text).digest("hex");
  }

  begin(type: string, id: string, user: string, finish: () => string | null): FakeTask {
    this.#pid += 1;
    const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, "0");
    const upid = `UPID:${this.node}:${hex(this.#pid)}:${hex(this.#pid * 16)}:${hex(Math.floor((this.now + this.clockAhead) / 1000))}:${type}:${id}:${user}:`;
    const task: FakeTask = {
      upid,
      type,
      id,
      user,
      pid: this.#pid,
      startedAt: this.now,
      endsAt: this.now + this.taskMs,
      finish,
      exit: null,
      log: [`begin ${type} ${id}`],
    };
    this.tasks.set(upid, task);
    return task;
  }

  /** The next task of that type ends with these words and has done nothing. */
  failNext(type: string, exit: string): void {
    this.badEnds.set(type, [...(this.badEnds.get(type) ?? []), exit]);
  }

  advance(milliseconds: number): void {
    this.now += milliseconds;
    const due = [...this.tasks.values()].filter((task) => task.exit === null && task.endsAt <= this.now);
    for (const task of due.toSorted((a, b) => a.endsAt - b.endsAt)) this.#end(task);
  }

  #end(task: FakeTask): void {
    const planned = this.badEnds.get(task.type)?.shift();
    if (planned !== undefined && !isWell(planned)) this.#release(task);
    const fault = planned !== undefined && !isWell(planned) ? planned : task.finish();
    task.exit = fault ?? planned ?? "OK";
    task.log.push(isWell(task.exit) ? `TASK ${task.exit}` : `TASK ERROR: ${task.exit}`);
  }

  /** A task that failed lets go of what it had locked; a clone that failed takes its guest with it. */
  #release(task: FakeTask): void {
    for (const guest of [...this.guests.values()]) {
      if (guest.lock === null || !task.log.includes(`lock ${guest.vmId}`)) continue;
      if (guest.lock === "clone") this.guests.delete(guest.vmId);
      guest.lock = null;
    }
  }

  powerOff(vmId: number): void {
    const guest = this.guest(vmId);
    guest.status = "stopped";
    guest.startedAt = null;
    guest.qmp = null;
  }

  /** vzdump: a guest that is stopped gets a QEMU for it, whose processors stand still. */
  backUp(vmId: number): void {
    const guest = this.guest(vmId);
    const wasStopped = guest.status === "stopped";
    const task = this.begin("vzdump", String(vmId), "root@pam", () => {
      guest.lock = null;
      if (wasStopped) this.powerOff(vmId);
      return null;
    });
    guest.lock = "backup";
    task.log.push(`lock ${vmId}`);
    if (wasStopped) Object.assign(guest, { status: "running", startedAt: this.now, qmp: "prelaunch" });
  }

  moveAway(vmId: number): void {
    this.elsewhere.set(vmId, this.guest(vmId));
    this.guests.delete(vmId);
  }

  bringBack(): void {
    for (const [vmId, guest] of this.elsewhere) this.guests.set(vmId, guest);
    this.elsewhere.clear();
  }

  /**
   * The node goes down in the middle of everything: guests stop, tasks end without a last word, what they had locked
   * stays locked, but for what held it by a lock of the kernel only. `forget`: their logs are gone too.
   */
  reboot({ forget = false }: { readonly forget?: boolean } = {}): void {
    this.boots += 1;
    for (const task of [...this.tasks.values()]) {
      if (task.exit === null) task.exit = "unexpected status";
      if (forget) this.tasks.delete(task.upid);
    }
    for (const guest of this.guests.values()) {
      this.powerOff(guest.vmId);
      if (guest.lock === DESTROYING) guest.lock = null;
      if (guest.lock === "rollback") guest.disk = TORN;
      const comesBack = guest.config.onboot === "1" && guest.lock === null && guest.config.template !== "1";
      if (!comesBack) continue;
      guest.status = "running";
      guest.startedAt = this.now;
    }
  }

  fail(kind: FaultKind, match: RegExp, left = Number.POSITIVE_INFINITY, detail?: string): void {
    this.faults.push({ kind, match, left, ...(detail === undefined ? {} : { detail }) });
  }

  /** What changed something, `POST /nodes/pve1/qemu/9101/status/start`. */
  mutations(): readonly string[] {
    return this.requests
      .filter(({ method }) => method !== "GET")
      .map(({ method, path }) => `${method} ${path}`);
  }
}
