// A host in memory, with as much of systemd and Docker as apply uses: it understands the commands that steps
// print, refuses all others, and notes every job that was ended. In: actions. Out: a state to look at.

import { placeRecords, RETIRED } from "../../src/apply/places.ts";
import { NOTHING_SHARED, readGeneration, readJournal, readShared } from "../../src/apply/records.ts";
import type { ApplyHands, Wanted } from "../../src/model/apply.ts";
import type { Installed } from "../../src/model/apply-state.ts";
import { nameUnits } from "../../src/model/names.ts";
import { FakeMachine, hashOnce } from "./fake-machine.ts";

/** Throw from a hand: the process is gone. */
export class Killed extends Error {}

export class FakeHost extends FakeMachine {
  /** Another host in the same state. */
  clone(): FakeHost {
    const copy = new FakeHost(this.places);
    copy.folders.clear();
    const maps = ["files", "folders", "containers", "processes", "units"] as const;
    for (const name of maps)
      for (const [key, value] of this[name]) (copy[name] as Map<string, unknown>).set(key, value);
    const sets = ["mounts", "images", "networks", "volumes", "enabled", "registered", "jobs"] as const;
    for (const name of sets) for (const value of this[name]) copy[name].add(value);
    const { account, subordinates, program, cgroupDriver, credential, loaded, runs } = this;
    return Object.assign(copy, { account, subordinates, program, cgroupDriver, credential, loaded, runs });
  }

  // ------------------------------------------------------------ what apply sees

  observe(wanted: Wanted | null): Installed {
    const records = placeRecords(this.places);
    const text = (path: string) => this.files.get(path)?.content ?? null;
    const generation = text(records.generation);
    const reading = generation === null ? null : readGeneration(generation);
    if (reading !== null && reading.kind !== "read") throw new Error(`record is ${reading.kind}`);
    const record = reading?.value ?? null;
    const journalText = text(records.journal);
    const journal = journalText === null ? null : readJournal(journalText);
    const sharedText = text(records.shared);
    const shared = sharedText === null ? null : readShared(sharedText);
    const names = new Set([
      ...(wanted?.slots ?? []).map(({ name }) => name),
      ...Object.keys(record?.slots ?? {}),
      ...Object.keys(journal?.slots ?? {}),
    ]);
    return {
      places: this.places,
      ground: {
        isRoot: true,
        manager: "running",
        lingers: null,
        userName: "root",
        missing: new Set(),
        unwritable: new Map(),
        groups: new Set(["docker"]),
      },
      record,
      journal,
      shared: shared?.kind === "read" ? shared.value : NOTHING_SHARED,
      others: [],
      files: new Map(
        [...this.files].map(([path, { content, mode }]) => [
          path,
          {
            kind: "file",
            sha256: hashOnce(content),
            executable: mode === 0o755,
            size: content.length,
          },
        ]),
      ),
      folders: new Map(
        [...this.folders].map(([path, uid]) => [path, { kind: "folder", uid, isEmpty: this.isEmpty(path) }]),
      ),
      account: this.account === null ? null : { uid: this.account, subordinates: this.subordinates },
      mounts: [...this.mounts],
      uidHolder: null,
      freeSubordinates: 100_000,
      program:
        this.program === null
          ? { kind: "absent" }
          : { kind: "file", sha256: this.program, executable: true, size: 1 },
      runnerVersions: new Set(
        [...this.folders.keys()].flatMap(
          (path) => /^\/opt\/ci-fleet\/runner\/([\d.]+)$/.exec(path)?.[1] ?? [],
        ),
      ),
      units: new Map(
        [...this.units.keys(), ...this.enabled, nameUnits("acme").target].map(
          (name) => [name, this.unitState(name)] as const,
        ),
      ),
      slots: new Map([...names].map((name) => [name, this.slotState(name)])),
      engine: {
        version: "28.3.0",
        compose: "2.40.0",
        problem: null,
        cgroupDriver: this.cgroupDriver,
        networks: new Set(this.networks),
        images: new Set(this.images),
        containers: new Map(this.containers),
      },
      node: { name: "forge", rehearsals: new Map(), waitsForReboot: false },
      drained: new Map(
        [...this.files].flatMap(([path, { content }]) =>
          path.startsWith(`${this.places.state}/drained/`)
            ? [[path.slice(`${this.places.state}/drained/`.length), content === RETIRED] as const]
            : [],
        ),
      ),
      absent: new Set(),
      unsafe: new Map(),
      hasPending: this.files.has(records.pending),
      problems: [],
    };
  }

  hands(): ApplyHands {
    const count = () => {
      if (this.operations <= 0) throw new Killed();
      this.operations -= 1;
    };
    return {
      look: async (slot) => this.slotState(slot),
      perform: async (action) => {
        count();
        this.perform(action);
      },
      deregister: async (slot) => {
        count();
        return this.deregister(slot);
      },
      installRunner: async (_version, folder) => {
        count();
        this.makeFolder(folder, 0);
      },
      writeRecord: async (path, text) => {
        count();
        this.write(path, text, 0o644);
      },
      removeRecord: async (path) => {
        count();
        this.files.delete(path);
      },
    };
  }

  // ------------------------------------------------------------ what happens by itself

  beginJob(slot: string): boolean {
    const isUp = this.containers.get(slot)?.running === true || this.processes.has(slot);
    if (isUp) this.jobs.add(slot);
    return isUp;
  }

  /** After its job a slot comes back with what is in force, unless it is drained. */
  endJob(slot: string): void {
    if (!this.jobs.delete(slot)) return;
    const unit = [...this.units.keys()].find((name) => name.endsWith(`@${slot}.service`));
    if (unit === undefined) return;
    this.stop(unit);
    this.start(unit);
  }

  /** All of it, one line each, without what differs from run to run. */
  snapshot(): readonly string[] {
    const stale = /"staleRun": "[^"]*"/g;
    const show = (path: string, content: string) =>
      path.endsWith(".json")
        ? content.replace(stale, "").replace(/\s+/g, " ")
        : hashOnce(content).slice(0, 8);
    return [
      ...[...this.files].map(([path, { content, mode }]) => `file ${path} ${mode} ${show(path, content)}`),
      ...[...this.folders].map(([path, uid]) => `folder ${path} ${uid}`),
      ...[...this.images].map((name) => `image ${name}`),
      ...[...this.networks].map((name) => `network ${name}`),
      ...[...this.volumes].map((name) => `volume ${name}`),
      ...[...this.containers].map(([name, { generation }]) => `container ${name} ${generation}`),
      ...[...this.processes].map(([name, generation]) => `process ${name} ${generation}`),
      ...[...this.units.keys()].map((name) => `unit ${name}`),
      ...[...this.enabled].map((name) => `enabled ${name}`),
      `account ${this.account}`,
      `program ${this.program}`,
    ].sort();
  }
}

/** Lines that only one of them has: `-` the first, `+` the second. */
export function compareSnapshots(one: readonly string[], other: readonly string[]): readonly string[] {
  return [
    ...one.filter((line) => !other.includes(line)).map((line) => `- ${line}`),
    ...other.filter((line) => !one.includes(line)).map((line) => `+ ${line}`),
  ];
}
