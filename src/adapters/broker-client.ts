// Asks the broker, by SSH, for what this host may not ask GitHub itself. The key's forced command answers; what we
// name as the command is not looked at. In: the address of the spec, the folder with key and known hosts. Out: a
// RunnerBroker whose answers never throw: a broker that cannot be reached is an answer that did not come.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { BrokeredRegistration, RunnerBroker } from "../model/broker.ts";
import {
  type BrokerRequest,
  type BrokerValues,
  MAX_BROKER_LINE,
  readAnswer,
  writeRequest,
} from "../model/broker-protocol.ts";
import type { AuthSpec } from "../model/fleet.ts";
import { type GitHubAnswer, type GitHubFailure, NO_META } from "../model/github.ts";

export type BrokerAddress = Pick<Extract<AuthSpec, { kind: "broker" }>, "url" | "user" | "host" | "port">;

/** Sends one line, takes one line. `null` with a cause: it did not come to that. */
export type AskLine = (line: string) => Promise<{ readonly line: string } | { readonly cause: string }>;

/** It may wait for GitHub, which is asked several times. */
const DEADLINE_MS = 90_000;

export function openBroker(url: string, ask: AskLine): RunnerBroker {
  const send = async <R extends BrokerRequest>(
    request: R,
  ): Promise<GitHubAnswer<BrokerValues[R["verb"]]>> => {
    const verb: R["verb"] = request.verb;
    const said = await ask(writeRequest(request));
    if ("cause" in said) return failed(url, verb, said.cause);
    return (
      readAnswer(verb, said.line) ??
      failed(url, verb, "it answered something else: is its command `ci-fleet mint --stdio`?")
    );
  };
  return {
    url,
    mint: (slot, want, repository): Promise<GitHubAnswer<BrokeredRegistration>> =>
      send({ verb: "mint", slot, want, repository }),
    listOwn: (target) => send({ verb: "list-own", target }),
    getOwn: (place) => send({ verb: "get-own", ...place }),
    deleteOwn: (place) => send({ verb: "delete-own", ...place }),
    demand: (target) => send({ verb: "demand", target }),
    versionEnd: (target, version) => send({ verb: "version-end", target, version }),
  };
}

function failed(url: string, verb: string, cause: string): GitHubFailure {
  return { kind: "unknown", request: `${verb} at ${url}`, meta: NO_META, cause };
}

/** `folder`: `/etc/ci-fleet`, where `broker.key` and `broker.known_hosts` are used if they are there. */
export function listSshArguments({ user, host, port }: BrokerAddress, folder: string): readonly string[] {
  const key = join(folder, "broker.key");
  const known = join(folder, "broker.known_hosts");
  const options = [
    "BatchMode=yes",
    "ClearAllForwardings=yes",
    "ConnectTimeout=15",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
    // A broker that nobody has vouched for would be handed our slots' names, and could hand us anything.
    "StrictHostKeyChecking=yes",
    ...(existsSync(known) ? [`UserKnownHostsFile=${known}`] : []),
    ...(existsSync(key) ? ["IdentitiesOnly=yes"] : []),
  ];
  return [
    "-T",
    ...options.flatMap((option) => ["-o", option]),
    ...(existsSync(key) ? ["-i", key] : []),
    ...(port === null ? [] : ["-p", String(port)]),
    ...(user === null ? [] : ["-l", user]),
    "--",
    host,
    "ci-fleet mint --stdio",
  ];
}

export interface SshLineOptions {
  readonly command?: string;
  readonly deadlineMs?: number;
  /** Ends every question at once. */
  readonly signal?: AbortSignal | null;
}

/** `env` is that of `ssh`. The answer may hold a secret: it goes nowhere but to the caller. */
export function openSshLine(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  { command = "ssh", deadlineMs = DEADLINE_MS, signal = null }: SshLineOptions = {},
): AskLine {
  return (line) =>
    new Promise((settle) => {
      const givenUp = { cause: "given up: the time for all of this is over" };
      if (signal?.aborted === true) return settle(givenUp);
      const child = spawn(command, args, { env: { ...env }, stdio: ["pipe", "pipe", "pipe"], cwd: "/" });
      let out = "";
      let said = "";
      let isOver = false;
      const finish = (result: { readonly line: string } | { readonly cause: string }): void => {
        if (isOver) return;
        isOver = true;
        clearTimeout(timer);
        signal?.removeEventListener("abort", giveUp);
        child.kill("SIGKILL");
        settle(result);
      };
      const giveUp = (): void => finish(givenUp);
      signal?.addEventListener("abort", giveUp);
      const timer = setTimeout(
        () => finish({ cause: `no answer within ${deadlineMs / 1000} s` }),
        deadlineMs,
      );
      child.on("error", (cause) => finish({ cause: cause.message }));
      // A connection that is refused closes this at once: the reason is on stderr.
      child.stdin.on("error", () => undefined);
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        out += chunk;
        const end = out.indexOf("\n");
        if (end >= 0) finish({ line: out.slice(0, end) });
        else if (out.length > MAX_BROKER_LINE) finish({ cause: "its answer has no end" });
      });
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
        said = (said + chunk).slice(-4096);
      });
      child.on("close", (code) => finish({ cause: explainEnd(said, code) }));
      child.stdin.end(line);
    });
}

function explainEnd(said: string, code: number | null): string {
  const lines = said.split("\n").map((each) => each.trim());
  const last =
    lines.filter((each) => each !== "" && !each.startsWith("Warning:")).at(-1) ?? `ssh ended with ${code}`;
  if (/host key verification failed/i.test(said)) {
    return `${last}: put the broker's key into broker.known_hosts (\`ssh-keyscan\`), after you have compared it`;
  }
  return last.slice(0, 300);
}
