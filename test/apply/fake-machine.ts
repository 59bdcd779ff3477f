// The machine under FakeHost: files, units, containers and images in memory, and the commands that change them.
// It understands the commands that steps print and refuses all others. In: argv. Out: a changed state.

import { hashProcessSlot, hashText, readServices } from "../../src/apply/read-generations.ts";
import { WorldError } from "../../src/base/world-error.ts";
import type { Deregistration, FileAction, InstallPlaces } from "../../src/model/apply.ts";
import type { ContainerState, SlotState, UnitState } from "../../src/model/apply-state.ts";
import { nameUnits } from "../../src/model/names.ts";

const hashes = new Map<string, string>();

/** The same texts come again and again. */
export function hashOnce(text: string): string {
  const known = hashes.get(text) ?? hashText(text);
  hashes.set(text, known);
  return known;
}

const services = new Map<string, ReturnType<typeof readServices>>();

export function readServicesOnce(text: string): ReturnType<typeof readServices> {
  const known = services.get(text) ?? readServices(text);
  services.set(text, known);
  return known;
}

interface FakeUnit {
  active: UnitState["active"];
  invocation: string;
}

/** The instance of a unit, but for guests, which are no slots. */
function findSlot(unit: string): string | null {
  return unit.includes("-vm@") ? null : (/@(.*)\.service$/.exec(unit)?.[1] ?? null);
}

export class FakeMachine {
  readonly places: InstallPlaces;
  readonly files = new Map<string, { content: string; mode: number }>();
  readonly folders = new Map(
    ["/etc", "/etc/systemd", "/etc/systemd/system", "/home", "/opt", "/run", "/var", "/var/lib"].map(
      (path) => [path, 0],
    ),
  );
  readonly images = new Set<string>();
  /** Folders that are mounted from elsewhere. */
  readonly mounts = new Set<string>();
  readonly networks = new Set<string>();
  readonly volumes = new Set<string>();
  readonly containers = new Map<string, ContainerState>();
  readonly processes = new Map<string, string>();
  readonly units = new Map<string, FakeUnit>();
  /** Units whose folders of state systemd removed. */
  readonly cleaned: string[] = [];
  readonly enabled = new Set<string>();
  readonly registered = new Set<string>();
  readonly jobs = new Set<string>();
  account: number | null = null;
  subordinates = false;
  program: string | null = null;
  cgroupDriver: string | null = "cgroupfs";
  credential = true;
  /** What must never be more than nothing. */
  readonly endedJobs: string[] = [];
  readonly log: string[] = [];
  /** Operations until the process is killed. */
  operations = Number.POSITIVE_INFINITY;
  protected loaded = new Map<string, string>();
  protected runs = 0;

  constructor(places: InstallPlaces) {
    this.places = places;
  }

  // ------------------------------------------------------------ operations

  protected deregister(slot: string): Deregistration {
    if (!this.credential) return { kind: "unknown", why: "no credential" };
    if (this.jobs.has(slot)) return { kind: "busy" };
    this.registered.delete(slot);
    return { kind: "gone" };
  }

  protected perform(action: FileAction): void {
    switch (action.kind) {
      case "make-folder": {
        const { owner, path } = action.folder;
        if (owner.kind === "account" && this.account === null) throw new Error("no such account");
        this.makeFolder(
          path,
          owner.kind === "us" ? 0 : owner.kind === "uid" ? owner.uid : (this.account ?? 0),
        );
        return;
      }
      case "write":
        this.write(action.file.path, action.file.content, action.file.mode);
        return;
      case "remove-file":
        this.files.delete(action.path);
        if (action.path === this.places.binary) this.program = null;
        return;
      case "remove-folder":
        if (this.isEmpty(action.path)) this.folders.delete(action.path);
        return;
      case "copy-program":
        this.program = "ab".repeat(32);
        return;
      case "sweep":
      case "sync":
        return;
      case "run":
        if (!action.fine.includes(this.run(action.argv))) {
          throw new WorldError(`run \`${action.argv.join(" ")}\``, "it exited 5: Unit not loaded.");
        }
    }
  }

  protected isEmpty(folder: string): boolean {
    return ![...this.files.keys(), ...this.folders.keys()].some((path) => path.startsWith(`${folder}/`));
  }

  protected makeFolder(path: string, uid: number): void {
    for (let at = path; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
      if (!this.folders.has(at)) this.folders.set(at, at === path ? uid : 0);
    }
  }

  protected write(path: string, content: string, mode: number): void {
    this.makeFolder(path.slice(0, path.lastIndexOf("/")), 0);
    this.files.set(path, { content, mode });
  }

  /** Exit code. */
  protected run(argv: readonly string[]): number {
    this.log.push(argv.join(" "));
    const [program, ...rest] = argv;
    const [verb, ...words] = rest;
    if (program === "systemctl") return this.systemctl(verb ?? "", words);
    if (program === "docker") this.docker(verb ?? "", words);
    else if (program === "useradd") this.account = rest.includes("--uid") ? 1001 : 998;
    else if (program === "usermod") this.subordinates = true;
    else if (program === "userdel") this.account = null;
    else if (program === "umount") this.unmount(rest.at(-1) ?? "");
    else if (program === "mount") this.mount(rest.at(-1) ?? "");
    else if (program === "rm") this.removeTrees(rest.slice(rest.indexOf("--") + 1));
    else throw new Error(`the host does not know ${argv.join(" ")}`);
    return 0;
  }

  mount(path: string): void {
    if (!this.folders.has(path)) throw new Error(`mount: ${path}: mount point does not exist`);
    this.mounts.add(path);
  }

  private unmount(path: string): void {
    if (!this.mounts.delete(path)) throw new Error(`umount: ${path}: not mounted`);
  }

  protected removeTrees(paths: readonly string[]): void {
    for (const top of paths) {
      const mounted = [...this.mounts].find((path) => path.startsWith(`${top}/`));
      if (mounted !== undefined) throw new Error(`rm: skipping '${mounted}', it is on a different device`);
      for (const path of [...this.files.keys()]) if (path.startsWith(`${top}/`)) this.files.delete(path);
      for (const path of [...this.folders.keys()]) {
        if (path === top || path.startsWith(`${top}/`)) this.folders.delete(path);
      }
    }
  }

  /** 5: it was to stop a unit that it does not know. */
  protected systemctl(verb: string, words: readonly string[]): number {
    const units = words.filter((word) => !word.startsWith("-"));
    if (verb === "daemon-reload") {
      this.loaded = new Map([...this.files].map(([path, { content }]) => [path, content]));
    } else if (verb === "stop") {
      const known = units.filter((unit) => this.units.has(unit) || this.fragment(unit) !== null);
      for (const unit of known) this.stop(unit);
      return known.length === units.length ? 0 : 5;
    } else if (verb === "enable") for (const unit of units) this.enabled.add(unit);
    else if (verb === "disable") for (const unit of units) this.enabled.delete(unit);
    else if (verb === "start") for (const unit of units) this.start(unit);
    else if (verb === "restart") {
      for (const unit of units) {
        this.stop(unit);
        this.start(unit);
      }
    } else if (verb === "clean") {
      if (units.some((unit) => this.isActive(unit))) throw new Error("systemd cleans what is stopped");
      this.cleaned.push(...units);
    } else if (verb !== "reset-failed") throw new Error(`the host does not know systemctl ${verb}`);
    return 0;
  }

  protected fragment(unit: string): string | null {
    const names = [unit, unit.replace(/@.*\.service$/, "@.service")];
    const path = names.map((name) => `${this.places.units}/${name}`).find((each) => this.loaded.has(each));
    return path ?? null;
  }

  protected start(unit: string): void {
    const fragment = this.fragment(unit);
    if (fragment === null) throw new Error(`systemd knows no ${unit}`);
    if (this.isActive(unit) && !unit.endsWith(".target")) return;
    const slot = findSlot(unit);
    if (slot !== null && this.files.has(`${this.places.state}/drained/${slot}`)) return;
    this.runs += 1;
    this.units.set(unit, { active: "active", invocation: `run${this.runs}` });
    if (unit.endsWith(".target")) {
      for (const [, wanted] of (this.loaded.get(fragment) ?? "").matchAll(/^Wants=(.*)$/gm))
        this.start(wanted ?? "");
    }
    if (slot === null) return;
    this.registered.add(slot);
    if (unit.includes("-process@")) this.startProcess(slot);
    else this.startContainer(slot);
  }

  protected startContainer(slot: string): void {
    const compose = this.files.get(`${this.places.config}/compose.yaml`)?.content ?? "";
    const services = readServicesOnce(compose);
    const service = services.get(slot);
    if (service === undefined) throw new Error(`compose.yaml has no ${slot}`);
    for (const [name, { image }] of services) {
      if ((name === slot || name === `${slot}-dind`) && !this.images.has(image)) {
        throw new Error(`${slot} starts without its image ${image}`);
      }
    }
    const own = compose.split("\n\n").find((part) => part.trimStart().startsWith(`${slot}:`)) ?? "";
    for (const [, path] of own.matchAll(/source: "\$\{CI_FLEET_STATE:-[^}]*\}([^"]*)"/g)) {
      if (!this.folders.has(`${this.places.state}${path}`))
        throw new Error(`${slot} misses its folder ${path}`);
    }
    if (own.includes("networks:") && !this.networks.has("ci-fleet-acme"))
      throw new Error(`${slot} has no network`);
    if (services.has(`${slot}-dind`)) this.volumes.add(`ci-fleet-acme_${slot}-docker-socket`);
    this.containers.set(slot, { running: true, slot, fleet: "acme", generation: service.generation });
  }

  protected startProcess(slot: string): void {
    const version = /^Environment="CI_FLEET_RUNNER_STAMP=(.*)"$/m.exec(
      this.loaded.get(`${this.places.units}/acme-process@${slot}.service.d/10-slot.conf`) ?? "",
    )?.[1];
    if (version === undefined || !this.folders.has(`${this.places.runner}/${version}`)) {
      throw new Error(`${slot} starts without its runner ${version}`);
    }
    if (this.folders.get(`${this.places.state}/${slot}/home`) !== this.account)
      throw new Error(`${slot} has no home`);
    const below = new Map<string, string>();
    for (const [path, content] of this.loaded) {
      if (path.startsWith(`${this.places.units}/`))
        below.set(path.slice(this.places.units.length + 1), content);
    }
    for (const [path, { content }] of this.files) {
      if (path.startsWith(`${this.places.config}/runner/`)) {
        below.set(path.slice(this.places.config.length + 1), content);
      }
    }
    const runner = {
      version,
      versionFrom: "spec",
      checksums: { "linux-x64": null, "linux-arm64": null },
    } as const;
    this.processes.set(slot, hashProcessSlot({ units: nameUnits("acme"), runner }, slot, below));
  }

  protected isActive(unit: string): boolean {
    return this.units.get(unit)?.active === "active";
  }

  protected stop(unit: string): void {
    const slot = findSlot(unit);
    if (slot !== null && this.isActive(unit)) {
      if (this.jobs.has(slot)) this.endedJobs.push(slot);
      this.containers.delete(slot);
      this.processes.delete(slot);
    }
    if (unit.endsWith(".target")) {
      for (const other of [...this.units.keys()])
        if (other !== unit && this.isActive(other)) this.stop(other);
    }
    this.units.delete(unit);
  }

  protected docker(verb: string, words: readonly string[]): void {
    const last = words.at(-1) ?? "";
    const line = `${verb} ${words.join(" ")}`;
    if (/^network create /.test(line)) this.networks.add(last);
    else if (/^network rm /.test(line)) this.networks.delete(last);
    else if (/^volume rm /.test(line)) this.volumes.delete(last);
    else if (/^rm /.test(line)) {
      if (this.jobs.has(last) && this.containers.has(last)) this.endedJobs.push(last);
      this.containers.delete(last);
    } else if (/^image rm /.test(line)) this.images.delete(last);
    else if (/^compose --file \S+ (build|pull) /.test(line)) {
      const file = words[1] ?? "";
      const service = readServicesOnce(this.files.get(file)?.content ?? "").get(last);
      if (service === undefined) throw new Error(`${file} has no ${last}`);
      this.images.add(service.image);
    } else if (/^compose --file \S+ up --detach /.test(line)) this.composeUp(words);
    else if (/^stop --time /.test(line)) this.stopContainer(last);
    else throw new Error(`the host does not know docker ${line}`);
  }

  /** Without systemd: pulls, makes folders and the network, and starts what it was given. */
  protected composeUp(words: readonly string[]): void {
    const text = this.files.get(words[1] ?? "")?.content ?? "";
    const services = readServicesOnce(text);
    for (const name of words.slice(words.indexOf("up") + 1).filter((word) => !word.startsWith("-"))) {
      const service = services.get(name);
      if (service === undefined) throw new Error(`${words[1]} has no ${name}`);
      if (words.includes("--no-recreate") && this.containers.has(name)) continue;
      if (this.jobs.has(name)) this.endedJobs.push(name);
      this.images.add(service.image);
      this.networks.add("ci-fleet-acme");
      for (const folder of ["state", "work"]) this.makeFolder(`${this.places.state}/${name}/${folder}`, 1001);
      this.registered.add(name);
      this.containers.set(name, {
        ...{ running: true, slot: name, fleet: "acme", generation: service.generation },
      });
    }
  }

  protected stopContainer(name: string): void {
    const there = this.containers.get(name);
    if (there === undefined) throw new WorldError(`run \`docker stop ${name}\``, "there is none");
    if (this.jobs.has(name) && there.running) this.endedJobs.push(name);
    this.containers.set(name, { ...there, running: false });
  }

  protected unitState(unit: string): UnitState {
    const there = this.units.get(unit);
    return {
      active: there?.active ?? "inactive",
      enabled: this.enabled.has(unit),
      fragment: this.fragment(unit),
      invocation: there?.invocation ?? null,
    };
  }

  protected slotState(slot: string): SlotState {
    const names = ["container", "process"].map((run) => `acme-${run}@${slot}.service`);
    return {
      job: this.jobs.has(slot) ? "busy" : "idle",
      why: this.jobs.has(slot) ? "job.json" : "nothing runs",
      units: new Map(names.map((name) => [name, this.unitState(name)])),
      container: this.containers.get(slot) ?? null,
    };
  }
}
