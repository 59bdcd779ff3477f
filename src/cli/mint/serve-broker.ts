// `ci-fleet mint --stdio --host NAME`: the forced command of one host's key on the machine that has the credential.
// In: request lines on standard input. Out: answer lines on standard output, and a line for each in the system's log.
//
//   restrict,command="ci-fleet mint --stdio --host forge -C /etc/ci-fleet/acme" ssh-ed25519 AAAA… forge

import { randomInt } from "node:crypto";
import { openHostTools } from "../../adapters/host-tools.ts";
import { placeForSystem } from "../../apply/places.ts";
import { answerBroker, type BrokerPorts } from "../../mint/answer-broker.ts";
import { findSlot, nameWorkFolder } from "../../mint/find-slot.ts";
import {
  type BrokerRequest,
  MAX_REQUEST_LINE,
  readRequest,
  writeAnswer,
} from "../../model/broker-protocol.ts";
import { type GitHubAnswer, type GitHubFailure, NO_META, type RunnerScopeApi } from "../../model/github.ts";
import type { Plan, PlannedHost } from "../../model/plan.ts";
import type { SlotPlace } from "../../model/slot-start.ts";
import { registerEphemeral } from "../../registration/register-ephemeral.ts";
import { registerPersistent } from "../../registration/register-persistent.ts";
import type { CommandCall } from "../command.ts";
import { FINE, FOUND, USAGE } from "../exit-codes.ts";
import { loadFleet } from "../load-fleet.ts";
import { openTarget } from "../open-target.ts";
import { UsageError } from "../usage-error.ts";

/** One start asks twice or so, a pass of the watchdog a few dozen times. */
const MOST_REQUESTS = 200;

export async function serveBroker(call: CommandCall, lines: AsyncIterable<string>): Promise<number> {
  const { terminal, flags } = call;
  const name = flags.text("host");
  if (name === null)
    throw new UsageError("which host's slots?", "write it into authorized_keys: --stdio --host <name>");
  const { plan } = loadFleet(call);
  const host = plan?.hosts.find((each) => each.name === name) ?? null;
  if (plan === null || host === null) {
    const why =
      plan === null ? "the broker's copy of the fleet has errors" : `the broker's fleet has no host ${name}`;
    terminal.err(`${why}\n`);
    return FOUND;
  }
  const ports = openPorts(plan);
  const tools = openHostTools(process.env);
  let count = 0;
  for await (const line of lines) {
    const request = readRequest(line);
    count += 1;
    if (request === null || count > MOST_REQUESTS) {
      terminal.err(request === null ? "that is no request\n" : "too many requests at once\n");
      return USAGE;
    }
    const answer = await answer1(plan, host, request, ports);
    terminal.out(writeAnswer(request.verb, answer));
    // What was done with the credential must be readable where the credential is.
    const entry = `${name}: ${describe(request)}: ${describeAnswer(answer)}`;
    await tools.run("logger", ["--tag", "ci-fleet-broker", "--", entry], 5000);
  }
  return FINE;
}

/** A fault of ours must not end the connection without an answer. */
async function answer1(plan: Plan, host: PlannedHost, request: BrokerRequest, ports: BrokerPorts) {
  try {
    return await answerBroker(plan, host, request, ports);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return { kind: "unknown", request: request.verb, meta: NO_META, cause } as const;
  }
}

function openPorts(plan: Plan): BrokerPorts {
  const opened = new Map<string, ReturnType<BrokerPorts["openTarget"]>>();
  const open = async (name: string) => {
    const target = plan.targets.find((each) => each.name === name);
    if (target === undefined) throw new Error(`the plan has no target ${name}`);
    const access = await openTarget(plan, target, null);
    return { scopes: access.scopes.map(({ api }) => api), demand: access.demand };
  };
  return {
    now: Date.now,
    openTarget: (name) => {
      const known = opened.get(name) ?? open(name);
      opened.set(name, known);
      return known;
    },
    registerJit,
    createToken,
    findSlot: (name) => findSlot(plan, name, ({ places }) => placeForSystem(places)),
  };
}

/** Names are not written down here: the host that asked looks for what is left by `list-own`. */
async function registerJit(
  place: SlotPlace,
  url: string,
  api: RunnerScopeApi,
): ReturnType<BrokerPorts["registerJit"]> {
  const { slot, placement, target } = place;
  const wanted = { name: slot.name, placement, target, workFolder: nameWorkFolder(place) };
  const ports = { draw: (below: number) => randomInt(below), announce: () => undefined };
  const outcome = await registerEphemeral(api, wanted, ports);
  if (outcome.kind === "failed") return outcome.answer;
  if (outcome.kind === "group-missing") return refuseGroup(url, outcome.group);
  const { runner, encodedConfig } = outcome.registration;
  const value = { runner, secret: { kind: "jit", config: encodedConfig } } as const;
  return { kind: "ok", value, fromCache: false, meta: NO_META };
}

const createToken: BrokerPorts["createToken"] = async ({ target }, url, api) => {
  const outcome = await registerPersistent(api, target);
  if (outcome.kind === "failed") return outcome.answer;
  if (outcome.kind === "group-missing") return refuseGroup(url, outcome.group);
  const value = { runner: null, secret: { kind: "token", ...outcome.token } } as const;
  return { kind: "ok", value, fromCache: false, meta: outcome.meta };
};

function refuseGroup(url: string, group: string): GitHubFailure {
  const message = `${url} has no runner group ${group}`;
  return { kind: "unprocessable", request: "GET runner-groups", meta: NO_META, message };
}

function describe(request: BrokerRequest): string {
  if (request.verb === "mint") return `mint ${JSON.stringify(request.slot.slice(0, 80))} ${request.want}`;
  return "runner" in request ? `${request.verb} ${request.runner}` : request.verb;
}

function describeAnswer(answer: GitHubAnswer<unknown>): string {
  return answer.kind === "refused" ? `refused: ${answer.message}` : answer.kind;
}

/** Lines of a stream, no longer than a request may be: what comes after is one that is too long. */
export async function* readLines(stream: AsyncIterable<string | Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8");
  let rest = "";
  for await (const chunk of stream) {
    rest += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      yield rest.slice(0, end);
      rest = rest.slice(end + 1);
    }
    if (rest.length > MAX_REQUEST_LINE) {
      yield rest;
      return;
    }
  }
  if (rest !== "") yield rest;
}
