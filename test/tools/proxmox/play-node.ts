// A Proxmox node to play on: the rendered files of one host in a folder, the stand-in's programs on the PATH. In: files
// by path below rendered/hosts/NODE. Out: how to run a script there and what the node has become.

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { RenderedFile } from "../../../src/model/rendered-file.ts";
import type { State } from "./stand-in.ts";

const STAND_IN = fileURLToPath(new URL("./stand-in.ts", import.meta.url));

export interface Played {
  readonly code: number | null;
  readonly said: string;
  /** Calls that changed, or tried to change, something. */
  readonly changes: readonly (readonly string[])[];
}

export interface PlayNode {
  readonly folder: string;
  state(): State;
  change(edit: (state: State) => void): void;
  run(script: string, args?: readonly string[], env?: Readonly<Record<string, string>>): Played;
  /** A program that answers itself. */
  program(name: string, source: string): void;
}

/** A template as the documentation makes one, with a disk of 3 GiB. */
export const TEMPLATE = {
  config: {
    template: "1",
    name: "ci-tmpl",
    memory: "4096",
    cores: "4",
    bios: "ovmf",
    machine: "q35",
    scsihw: "virtio-scsi-single",
    net0: "virtio=BC:24:11:00:00:01,bridge=vmbr0",
    efidisk0: "local-lvm:base-9000-disk-0,efitype=4m,pre-enrolled-keys=0,size=4M",
    scsi0: "local-lvm:base-9000-disk-1,discard=on,iothread=1,ssd=1,size=3G",
    ide2: "local-lvm:vm-9000-cloudinit,media=cdrom",
    boot: "order=scsi0",
    description: "the template of the house",
  },
  status: "stopped",
} as const;

export function playNode(t: TestContext, files: readonly RenderedFile[]): PlayNode {
  const folder = mkdtempSync(join(tmpdir(), "pve-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "state.json");
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const program = (name: string, source: string) => writeFileSync(join(bin, name), source, { mode: 0o755 });
  for (const name of ["qm", "pvesm", "pvesh", "pveum"]) {
    program(name, `#!/bin/sh\nexec '${process.execPath}' '${STAND_IN}' ${name} "$@"\n`);
  }
  for (const { path, content, mode } of files) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
    chmodSync(target, mode);
  }
  const empty: State = {
    guests: { "9000": structuredClone(TEMPLATE) as State["guests"][string] },
    mappings: {},
    folders: {},
    pools: {},
    roles: {},
    users: [],
    tokens: {},
    acls: [],
    snippets: ["local"],
    changes: 0,
  };
  writeFileSync(file, JSON.stringify(empty));
  const state = (): State => JSON.parse(readFileSync(file, "utf8"));
  return {
    folder,
    state,
    program,
    change(edit) {
      const now = state();
      edit(now);
      writeFileSync(file, JSON.stringify(now));
    },
    run(script, args = [], env = {}) {
      const log = join(folder, "calls.log");
      rmSync(log, { force: true });
      const now = state();
      writeFileSync(file, JSON.stringify({ ...now, changes: 0 }));
      const ran = spawnSync("bash", [join(folder, script), ...args], {
        encoding: "utf8",
        env: {
          ...process.env,
          PATH: `${bin}:${process.env.PATH}`,
          PVE_STATE: folder,
          CI_FLEET_ROOT: join(folder, "root"),
          ...env,
        },
      });
      const calls: string[][] = existsSync(log)
        ? readFileSync(log, "utf8")
            .trimEnd()
            .split("\n")
            .map((line) => JSON.parse(line))
        : [];
      const isRead = ([tool = "", verb = "", third = "", fourth = ""]: readonly string[]) =>
        (tool === "qm" && ["status", "config"].includes(verb)) ||
        tool === "pvesm" ||
        (tool === "pvesh" && verb === "get") ||
        [third, fourth, verb].includes("list");
      return {
        code: ran.status,
        said: ran.stdout + ran.stderr,
        changes: calls.filter((call) => !isRead(call)),
      };
    },
  };
}
