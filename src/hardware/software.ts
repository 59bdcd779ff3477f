// Podman and systemd: their versions, and whether systemd is in charge here. In: tool answers, systemd's own files.
// Out: PodmanFacts, SystemdFacts.

import type { None, PodmanFacts, SystemdFacts } from "../model/inventory.ts";
import type { HostFiles } from "../model/ports.ts";
import { cleanWord } from "./clean-text.ts";
import type { FactNotes } from "./fact-notes.ts";
import { exists } from "./kernel-formats.ts";
import { explainSilence, readOutput, type ToolAnswers } from "./tool-answers.ts";

export function readPodman(
  files: HostFiles,
  answers: ToolAnswers,
  notes: FactNotes,
): PodmanFacts | None | null {
  const answer = answers.podman;
  const version = cleanWord(/version\s+v?(\S+)/.exec(readOutput(answer) ?? "")?.[1] ?? "");
  if (version !== null) {
    notes.learned("podman", answer.line);
    return { version };
  }
  if (!answer.installed && (answer.result.kind === "missing" || exists(files, "/usr/bin"))) {
    notes.learned("podman", answer.line);
    return "none";
  }
  notes.unknown("podman", answer.line, explainSilence(answer) ?? "no version was printed");
  return null;
}

export function readSystemd(
  files: HostFiles,
  answers: ToolAnswers,
  notes: FactNotes,
): SystemdFacts | None | null {
  const answer = answers.systemctl;
  const printed = /^systemd (\d{1,4})/.exec(readOutput(answer) ?? "")?.[1];
  const running = readRunning(files);
  if (printed !== undefined) {
    notes.learned("systemd", answer.line);
    return { version: Number(printed), running };
  }
  const library = findLibraryVersion(files);
  if (library !== null) {
    notes.learned("systemd", library.from);
    return { version: library.version, running };
  }
  const asked = answer.result.kind === "missing";
  if (!answer.installed && (asked || exists(files, "/usr/bin"))) {
    notes.learned("systemd", answer.line);
    return "none";
  }
  notes.unknown("systemd", answer.line, explainSilence(answer) ?? "no version was printed");
  return null;
}

/** sd_booted(3) asks for this folder; PID 1's name is for roots where /run is not the running one. */
function readRunning(files: HostFiles): boolean | null {
  if (exists(files, "/run/systemd/system")) return true;
  const init = files.readText("/proc/1/comm");
  if (init.ok) return init.value.trim() === "systemd";
  return exists(files, "/proc/self") ? false : null;
}

/** The private library carries the version in its name: `libsystemd-shared-257.so`. */
function findLibraryVersion(files: HostFiles): { readonly version: number; readonly from: string } | null {
  const folders = [
    "/usr/lib/systemd",
    "/lib/systemd",
    "/usr/lib/x86_64-linux-gnu/systemd",
    "/usr/lib/aarch64-linux-gnu/systemd",
  ];
  for (const folder of folders) {
    const names = files.list(folder);
    for (const name of names.ok ? names.value : []) {
      const version = /^libsystemd-(?:shared|core)-(\d{3})/.exec(name)?.[1];
      if (version !== undefined) return { version: Number(version), from: `${folder}/${name}` };
    }
  }
  return null;
}
