// Docker: which engine answers, how it runs containers, which client plugins are there.
// In: `docker info`, `docker compose version`, `docker buildx version`, the socket, CDI folders. Out: DockerFacts.

import { isObject } from "../base/read-json.ts";
import { CDI_FOLDERS } from "../model/cdi-drivers.ts";
import type { DockerFacts, None } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { type CdiSpecs, readCdiSpecs } from "./cdi.ts";
import { cleanText, cleanWord } from "./clean-text.ts";
import type { FactNotes } from "./fact-notes.ts";
import { exists } from "./kernel-formats.ts";
import { explainSilence, readOutput, type ToolAnswer, type ToolAnswers } from "./tool-answers.ts";

const SOCKET = "/var/run/docker.sock";
/** `2.40.3`, `v2.40.3-desktop.1`, `0.13.1+ds1-3`. */
const VERSION = /(?:^|\s)v?(\d+\.\d+(?:\.\d+)?[0-9A-Za-z.+~-]*)/;

export async function readDocker(
  files: HostFiles,
  answers: ToolAnswers,
  notes: FactNotes,
): Promise<DockerFacts | None | null> {
  const answer = answers.dockerInfo;
  const socket = files.stat(SOCKET);
  if (!answer.installed && !socket.ok) {
    if (answer.result.kind === "missing" || exists(files, "/usr/bin")) {
      notes.learned("docker", answer.line);
      return "none";
    }
    notes.unknown("docker", answer.line, "neither programs nor tools of this host can be seen");
    return null;
  }
  const info = parseInfo(answer);
  const engine = cleanWord(readText(info, "ServerVersion"));
  const problem = engine === null ? explainDown(answer, info) : null;
  if (problem === null) notes.learned("docker", answer.line);
  else notes.unknown("docker.engine", answer.line, problem);
  const compose = readPlugin(files, answers.compose, "docker-compose", "docker.compose", notes);
  const buildx = readPlugin(files, answers.buildx, "docker-buildx", "docker.buildx", notes);
  warnOfOtherMachine(files, info, notes);
  return {
    engine,
    compose,
    buildx,
    runtimes: readRuntimes(info),
    defaultRuntime: cleanWord(readText(info, "DefaultRuntime")),
    cdi: engine === null ? null : await readCdi(files, info, notes),
    cgroupDriver: cleanWord(readText(info, "CgroupDriver")),
    rootless: engine === null ? null : readSecurity(info).includes("name=rootless"),
    storageDriver: cleanWord(readText(info, "Driver")),
    socketGid: socket.ok ? socket.value.gid : null,
    problem,
  };
}

type Info = Readonly<Record<string, unknown>>;

/** With the daemon down the client still prints JSON, every field empty, and older ones even exit 0. */
function parseInfo(answer: ToolAnswer): Info {
  if (answer.result.kind !== "ran") return {};
  try {
    const parsed: unknown = JSON.parse(answer.result.stdout);
    return isObject(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function explainDown(answer: ToolAnswer, info: Info): string {
  const { result } = answer;
  if (result.kind !== "ran") return explainSilence(answer) ?? "docker gave no answer";
  const errors = info.ServerErrors;
  const said =
    cleanText(result.stderr, 200) ?? cleanText(Array.isArray(errors) ? errors.join("; ") : "", 200);
  return `no engine answers${said === null ? "" : `: ${said}`}`;
}

function readPlugin(
  files: HostFiles,
  answer: ToolAnswer,
  plugin: string,
  fact: string,
  notes: FactNotes,
): string | null {
  const version = cleanWord(VERSION.exec(readOutput(answer) ?? "")?.[1] ?? "");
  if (version !== null) {
    notes.learned(fact, answer.line);
    return version;
  }
  // The client answers an unknown word with its own usage: the plugin is not there.
  const folders = [
    "/usr/libexec/docker",
    "/usr/lib/docker",
    "/usr/local/lib/docker",
    "/usr/local/libexec/docker",
  ];
  const found = folders.some((folder) => exists(files, `${folder}/cli-plugins/${plugin}`));
  const refused = answer.result.kind === "ran" && answer.result.exitCode !== 0;
  if (!found && (refused || answer.result.kind === "missing")) {
    notes.learned(fact, answer.line);
    return "none";
  }
  notes.unknown(fact, answer.line, explainSilence(answer) ?? "no version was printed");
  return null;
}

/** Usable when the engine looks into CDI folders at all; null on engines that don't know CDI. */
async function readCdi(files: HostFiles, info: Info, notes: FactNotes): Promise<DockerFacts["cdi"]> {
  const dirs = Array.isArray(info.CDISpecDirs)
    ? info.CDISpecDirs.filter((dir): dir is string => typeof dir === "string" && dir.startsWith("/"))
    : [];
  const found = await readCdiSpecs(files, dirs.length > 0 ? dirs.slice(0, 8) : CDI_FOLDERS);
  if (dirs.length === 0) {
    warnOfIdleSpecs(found, notes);
    return { enabled: false, devices: [] };
  }
  const discovered = Array.isArray(info.DiscoveredDevices) ? info.DiscoveredDevices : [];
  const ids = discovered.flatMap((device: unknown) =>
    isObject(device) && device.Source === "cdi" && typeof device.ID === "string" ? [device.ID] : [],
  );
  const known = ids.map((id) => cleanText(id)).filter((id) => id !== null);
  return { enabled: true, devices: [...new Set([...found.devices, ...known])] };
}

function warnOfIdleSpecs(found: CdiSpecs, notes: FactNotes): void {
  if (found.specs.length === 0) return;
  notes.remark(
    `${found.specs[0]} offers devices by CDI, but this engine does not read it: CDI is on by default since Engine 28.3, before that by {"features": {"cdi": true}} in daemon.json.`,
  );
}

/** A context or DOCKER_HOST may lead elsewhere: then these facts are another machine's. */
function warnOfOtherMachine(files: HostFiles, info: Info, notes: FactNotes): void {
  const name = readText(info, "Name");
  const own = files.readText("/proc/sys/kernel/hostname");
  const hostname = own.ok ? own.value.trim() : "";
  if (name === "" || hostname === "" || name.split(".")[0] === hostname.split(".")[0]) return;
  notes.remark(
    `The Docker engine calls itself ${cleanText(name)} but this host is ${cleanText(hostname)}: the client may be pointed at another machine.`,
  );
}

function readRuntimes(info: Info): readonly string[] {
  const runtimes = isObject(info.Runtimes) ? Object.keys(info.Runtimes) : [];
  return runtimes
    .filter((name) => cleanWord(name) === name)
    .slice(0, 32)
    .sort();
}

function readSecurity(info: Info): readonly string[] {
  return Array.isArray(info.SecurityOptions)
    ? info.SecurityOptions.filter((option): option is string => typeof option === "string")
    : [];
}

function readText(info: Info, key: string): string {
  const value = info[key];
  return typeof value === "string" ? value : "";
}
