// The broker's side: answers the requests of one host, and only for the slots that the plan here gives to that host.
// Names, labels, group and target come from this machine's copy of the fleet; of the asker's words only a slot's name
// is believed, after it was looked up. In: the plan, the host of the key, ports. Out: answers.
//
// A registration token cannot be narrowed at GitHub: a host with persistent slots can register with it under any
// name for an hour. Hosts whose jobs are not trusted should have ephemeral slots alone: those get single JIT configs.

import type { BrokeredRegistration, OwnPlace, OwnRunner, OwnRunners } from "../model/broker.ts";
import type { BrokerRequest, BrokerValues } from "../model/broker-protocol.ts";
import {
  type AnswerMeta,
  type DemandApi,
  type Deprecation,
  type GitHubAnswer,
  type GitHubFailure,
  type JobList,
  type JobRecord,
  NO_META,
  type RunnerRecord,
  type RunnerScopeApi,
} from "../model/github.ts";
import { readRegistrationName } from "../model/names.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import { isSameScope } from "../model/registration-url.ts";
import type { SlotPlace } from "../model/slot-start.ts";
import { chooseRepository } from "./find-slot.ts";

export interface BrokerPorts {
  readonly now: () => number;
  /** Scopes of one target, by URL. */
  readonly openTarget: (
    target: string,
  ) => Promise<{ readonly scopes: readonly RunnerScopeApi[]; readonly demand: DemandApi }>;
  /** Registers one start of an ephemeral slot. */
  readonly registerJit: (
    place: SlotPlace,
    url: string,
    api: RunnerScopeApi,
  ) => Promise<GitHubAnswer<BrokeredRegistration>>;
  /** For one start of a persistent slot. */
  readonly createToken: BrokerPorts["registerJit"];
  readonly findSlot: (name: string) => SlotPlace | null;
}

export async function answerBroker<R extends BrokerRequest>(
  plan: Plan,
  host: PlannedHost,
  request: R,
  ports: BrokerPorts,
): Promise<GitHubAnswer<BrokerValues[R["verb"]]>> {
  const asked: BrokerRequest = request;
  switch (asked.verb) {
    case "mint":
      return (await mint(host, asked, ports)) as GitHubAnswer<BrokerValues[R["verb"]]>;
    case "list-own":
      return (await listOwn(host, asked.target, ports)) as GitHubAnswer<BrokerValues[R["verb"]]>;
    case "get-own":
      return (await getOwn(host, asked, ports)).answer as GitHubAnswer<BrokerValues[R["verb"]]>;
    case "delete-own":
      return (await deleteOwn(host, asked, ports)) as GitHubAnswer<BrokerValues[R["verb"]]>;
    case "demand":
      return (await listDemand(plan, host, asked.target, ports)) as GitHubAnswer<BrokerValues[R["verb"]]>;
    case "version-end":
      return (await findVersionEnd(host, asked, ports)) as GitHubAnswer<BrokerValues[R["verb"]]>;
  }
}

function refuse(verb: string, message: string): GitHubFailure {
  return { kind: "refused", request: verb, meta: NO_META, status: null, message, missing: null, help: null };
}

async function mint(
  host: PlannedHost,
  { slot, want, repository }: Extract<BrokerRequest, { verb: "mint" }>,
  ports: BrokerPorts,
): Promise<GitHubAnswer<BrokeredRegistration>> {
  const place = ports.findSlot(slot);
  // The same words for another host's slot and for none: this key is not told what others have.
  if (place === null || place.host.name !== host.name) {
    return refuse("mint", `the broker's plan gives ${host.name} no slot of that name`);
  }
  const isEphemeral = place.placement.lifetime === "ephemeral";
  if ((want === "jit") !== isEphemeral) {
    return refuse(
      "mint",
      `${slot} is ${place.placement.lifetime} in the broker's plan: run \`ci-fleet apply\` there and here`,
    );
  }
  const choice = chooseRepository(place, repository);
  if (choice.kind !== "chosen")
    return refuse("mint", "the broker's plan has no such repository for this slot");
  const { scopes } = await ports.openTarget(place.target.name);
  const api = scopes.find(({ url }) => url === choice.url);
  if (api === undefined) return refuse("mint", `the broker has no scope ${choice.url}`);
  if (isEphemeral) return ports.registerJit(place, choice.url, api);
  return ports.createToken(place, choice.url, api);
}

/** Exactly one of this host's slots, with or without a suffix: a prefix would match other hosts too. */
function isOwn(host: PlannedHost, name: string): boolean {
  const { slot } = readRegistrationName(name);
  return host.placements.some(({ slots }) => slots.some((each) => each.name === slot || each.name === name));
}

/** null: no slot of this host belongs to it, and its key is not told whether there is such a target. */
async function openOwn(host: PlannedHost, target: string, { openTarget }: BrokerPorts) {
  return host.placements.some((each) => each.target === target) ? openTarget(target) : null;
}

function refuseTarget(verb: string, { name }: PlannedHost): GitHubFailure {
  return refuse(verb, `the broker's plan gives ${name} no slot of that target`);
}

async function listOwn(
  host: PlannedHost,
  target: string,
  ports: BrokerPorts,
): Promise<GitHubAnswer<OwnRunners>> {
  const opened = await openOwn(host, target, ports);
  if (opened === null) return refuseTarget("list-own", host);
  const runners: OwnRunner[] = [];
  let complete = true;
  let meta = NO_META;
  for (const api of opened.scopes) {
    const answer = await api.listRunners();
    if (answer.kind !== "ok") return answer;
    meta = addCosts(meta, answer.meta);
    complete &&= answer.value.complete;
    for (const runner of answer.value.runners)
      if (isOwn(host, runner.name)) runners.push({ ...runner, scope: api.url });
  }
  return { kind: "ok", value: { runners, complete }, fromCache: false, meta };
}

/** Looked up: a number says nothing about whose it is. */
async function getOwn(
  host: PlannedHost,
  { target, scope, runner }: OwnPlace,
  ports: BrokerPorts,
): Promise<{ readonly answer: GitHubAnswer<RunnerRecord>; readonly api: RunnerScopeApi | null }> {
  const opened = await openOwn(host, target, ports);
  const api = opened?.scopes.find(({ url }) => isSameScope(url, scope)) ?? null;
  if (api === null) return { answer: refuseTarget("get-own", host), api };
  const answer = await api.getRunner(runner);
  if (answer.kind !== "ok" || isOwn(host, answer.value.name)) return { answer, api };
  return { answer: refuse("get-own", `registration ${runner} is none of ${host.name}'s`), api: null };
}

async function deleteOwn(
  host: PlannedHost,
  place: OwnPlace,
  ports: BrokerPorts,
): Promise<GitHubAnswer<null>> {
  const { answer, api } = await getOwn(host, place, ports);
  if (answer.kind !== "ok" || api === null) return answer as Exclude<typeof answer, { kind: "ok" }>;
  const deleted = await api.deleteRunner(place.runner);
  return { ...deleted, meta: addCosts(answer.meta, deleted.meta) };
}

async function listDemand(
  plan: Plan,
  host: PlannedHost,
  target: string,
  ports: BrokerPorts,
): Promise<GitHubAnswer<JobList>> {
  const opened = await openOwn(host, target, ports);
  if (opened === null) return refuseTarget("demand", host);
  const { demand } = opened;
  const placements = host.placements.filter((each) => each.target === target);
  const repositories = await demand.listRepositories(ports.now() - plan.watchdog.activeWithin);
  if (repositories.kind !== "ok") return repositories;
  const jobs: JobRecord[] = [];
  let complete = true;
  let meta = repositories.meta;
  for (const { name } of repositories.value) {
    const answer = await demand.listJobs(name);
    meta = addCosts(meta, answer.meta);
    if (answer.kind !== "ok") {
      if (answer.kind !== "not-found") return answer;
      complete = false;
      continue;
    }
    complete &&= answer.value.complete;
    jobs.push(
      ...answer.value.jobs.filter((job) => placements.some(({ labels }) => covers(labels, job.labels))),
    );
  }
  return { kind: "ok", value: { jobs, complete }, fromCache: false, meta };
}

/** Each scope of a target says the same. */
async function findVersionEnd(
  host: PlannedHost,
  { target, version }: Extract<BrokerRequest, { verb: "version-end" }>,
  ports: BrokerPorts,
): Promise<GitHubAnswer<Deprecation>> {
  const api = (await openOwn(host, target, ports))?.scopes[0];
  return api === undefined ? refuseTarget("version-end", host) : api.getDeprecation(version);
}

/** The latest answer's, with what all of them cost. */
function addCosts(before: AnswerMeta, meta: AnswerMeta): AnswerMeta {
  return { ...meta, sent: before.sent + meta.sent, counted: before.counted + meta.counted };
}

/** GitHub gives a job to a runner that has all its labels, whatever their case. */
function covers(labels: readonly string[], wanted: readonly string[]): boolean {
  const own = new Set(labels.map((label) => label.toLowerCase()));
  return wanted.every((label) => own.has(label.toLowerCase()));
}
