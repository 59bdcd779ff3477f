// A host from fixtures/hosts: a tree of plain files, what git cannot store of it (device nodes, owners) in
// nodes.json, what its tools answered in tools.json. In: the host's name. Out: the ports that detection takes.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openHostFiles } from "../../src/adapters/host-files.ts";
import {
  type FileStat,
  type HostFiles,
  type HostTools,
  NO_TOOLS,
  type ToolResult,
} from "../../src/model/ports.ts";

export const HOSTS_DIR = fileURLToPath(new URL("../../fixtures/hosts", import.meta.url));

interface Node {
  readonly kind?: FileStat["kind"];
  readonly mode?: string;
  readonly gid?: number;
  /** May be opened for reading and writing. */
  readonly usable?: boolean;
}

interface Answer {
  readonly exitCode: number;
  readonly stdout?: string;
  /** stdout as the value it spells. */
  readonly json?: unknown;
  readonly stderr?: string;
}

export function listFixtureHosts(): readonly string[] {
  return readdirSync(HOSTS_DIR).sort();
}

export function openFixtureHost(
  name: string,
  hosts = HOSTS_DIR,
): { readonly files: HostFiles; readonly tools: HostTools } {
  const folder = `${hosts}/${name}`;
  const nodes: Record<string, Node> = JSON.parse(readFileSync(`${folder}/nodes.json`, "utf8"));
  // null: nobody to ask, as with `detect --root`.
  const answers: Record<string, Answer> | null = JSON.parse(readFileSync(`${folder}/tools.json`, "utf8"));
  return {
    files: addNodes(openHostFiles(`${folder}/root`), nodes),
    tools: answers === null ? NO_TOOLS : answerFrom(answers),
  };
}

/** Device nodes and sockets laid over a tree of plain files. */
export function addNodes(files: HostFiles, nodes: Readonly<Record<string, Node>>): HostFiles {
  const below = (folder: string): readonly string[] =>
    Object.keys(nodes)
      .filter((path) => path.startsWith(`${folder}/`))
      .map((path) => path.slice(folder.length + 1))
      .filter((rest) => !rest.includes("/"));
  return {
    ...files,
    list: (path) => {
      const listed = files.list(path);
      const added = below(path);
      // git keeps no empty folder: nodes.json names it as a directory.
      if (added.length === 0) return nodes[path]?.kind === "directory" ? { ok: true, value: [] } : listed;
      return { ok: true, value: [...new Set([...(listed.ok ? listed.value : []), ...added])].sort() };
    },
    stat: (path) => {
      const node = nodes[path];
      if (node === undefined) return files.stat(path);
      const mode = Number.parseInt(node.mode ?? "0660", 8);
      return {
        ok: true,
        value: { kind: node.kind ?? "character", mode, uid: 0, gid: node.gid ?? 0, size: 0 },
      };
    },
    openReadWrite: (path) => {
      const node = nodes[path];
      if (node === undefined) return files.openReadWrite(path);
      return node.usable === true ? { ok: true, value: true } : { ok: false, code: "EACCES" };
    },
  };
}

export function answerFrom(answers: Readonly<Record<string, Answer>>): HostTools {
  return {
    run: async (command, args): Promise<ToolResult> => {
      const answer = answers[[command, ...args].join(" ")];
      if (answer === undefined) return { kind: "missing" };
      const stdout = answer.json === undefined ? (answer.stdout ?? "") : JSON.stringify(answer.json);
      return { kind: "ran", exitCode: answer.exitCode, stdout, stderr: answer.stderr ?? "" };
    },
  };
}
