// Asks every tool that may know something, side by side, each with its own time limit: the whole detection takes as
// long as the slowest tool, and a hung one costs its limit once. In: the tools, what the files already showed.
// Out: one answer for each question.

import { type HostFiles, type HostTools, NO_TOOLS, type ToolResult } from "../model/ports.ts";
import { cleanText } from "./clean-text.ts";
import { exists } from "./kernel-formats.ts";

/** A question and how it went. `line`: the command as a person would type it. */
export interface ToolAnswer {
  readonly line: string;
  readonly result: ToolResult;
  /** The program is in one of the usual folders, whether or not it could be asked. */
  readonly installed: boolean;
}

export interface Question {
  readonly command: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
}

/** Without persistence mode the NVIDIA driver initializes every card for each call: seconds on a large server. */
const GPU_MS = 20_000;
/** Docker's client waits for a daemon that systemd may just be starting. */
const DOCKER_MS = 10_000;
const QUICK_MS = 5_000;

export const QUESTIONS = {
  smiCore: ask("nvidia-smi", GPU_MS, [
    "--query-gpu=index,uuid,pci.bus_id,name,driver_version,memory.total",
    "--format=csv,noheader,nounits",
  ]),
  // Old drivers refuse a whole query for one name that they don't know, so what is new has its own.
  smiExtra: ask("nvidia-smi", GPU_MS, [
    "--query-gpu=uuid,compute_cap,mig.mode.current",
    "--format=csv,noheader,nounits",
  ]),
  smiList: ask("nvidia-smi", GPU_MS, ["-L"]),
  toolkit: ask("nvidia-ctk", QUICK_MS, ["--version"]),
  dockerInfo: ask("docker", DOCKER_MS, ["info", "--format", "{{json .}}"]),
  compose: ask("docker", DOCKER_MS, ["compose", "version", "--short"]),
  buildx: ask("docker", DOCKER_MS, ["buildx", "version"]),
  podman: ask("podman", QUICK_MS, ["--version"]),
  systemctl: ask("systemctl", QUICK_MS, ["--version"]),
  detectVm: ask("systemd-detect-virt", QUICK_MS, ["--vm"]),
  pveApi: ask("pvesh", DOCKER_MS, ["get", "/version", "--output-format", "json"]),
  pveVersion: ask("pveversion", QUICK_MS, []),
  pveBootTool: ask("proxmox-boot-tool", QUICK_MS, ["status"]),
} as const satisfies Record<string, Question>;

export type QuestionName = keyof typeof QUESTIONS;
export type ToolAnswers = Readonly<Record<QuestionName, ToolAnswer>>;

/** No fault of the machine's: its tools do not run where only its files are. */
export const NOT_ASKED: ToolResult = { kind: "failed", cause: "tools are not asked about another root" };

/** Questions left out of `wanted` are not asked: waking a GPU or Perl costs seconds where neither is. */
export async function askTools(
  files: HostFiles,
  tools: HostTools,
  wanted: (name: QuestionName) => boolean,
): Promise<ToolAnswers> {
  const names = Object.keys(QUESTIONS) as QuestionName[];
  const answers = await Promise.all(names.map((name) => askOne(files, tools, QUESTIONS[name], wanted(name))));
  return Object.fromEntries(names.map((name, i) => [name, answers[i]])) as unknown as ToolAnswers;
}

async function askOne(
  files: HostFiles,
  tools: HostTools,
  question: Question,
  wanted: boolean,
): Promise<ToolAnswer> {
  const line = [question.command, ...question.args].join(" ");
  const found = isInstalled(files, question.command);
  if (tools === NO_TOOLS) {
    return {
      line,
      result: NOT_ASKED,
      installed: found,
    };
  }
  if (!wanted) return { line, result: { kind: "missing" }, installed: found };
  const result = await tools.run(question.command, question.args, question.timeoutMs);
  return { line, result, installed: found || result.kind !== "missing" };
}

export function isInstalled(files: HostFiles, command: string): boolean {
  const folders = ["/usr/bin", "/usr/local/bin", "/usr/sbin", "/usr/local/sbin", "/bin", "/snap/bin"];
  return folders.some((folder) => exists(files, `${folder}/${command}`));
}

/** stdout of a tool that ran and was content, null otherwise. */
export function readOutput(answer: ToolAnswer): string | null {
  return answer.result.kind === "ran" && answer.result.exitCode === 0 ? answer.result.stdout : null;
}

/** Why there is no answer, in words; null when there is one. */
export function explainSilence(answer: ToolAnswer): string | null {
  const { result } = answer;
  const command = answer.line.split(" ")[0] ?? answer.line;
  if (result.kind === "missing") return `${command} is not installed`;
  if (result.kind === "timeout") return `${command} gave no answer within ${result.afterMs / 1000} s`;
  if (result.kind === "failed") return `${cleanText(result.cause) ?? "failed"} (${command})`;
  if (result.exitCode === 0) return null;
  const said = cleanText(result.stderr) ?? cleanText(result.stdout);
  return `${command} ended with exit code ${result.exitCode}${said === null ? "" : `: ${said}`}`;
}

function ask(command: string, timeoutMs: number, args: readonly string[]): Question {
  return { command, args, timeoutMs };
}
