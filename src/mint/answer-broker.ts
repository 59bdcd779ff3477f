// The broker's side: answers the requests of one host, and only for the slots that the plan here gives to that host.
// Names, labels, group and target come from this machine's copy of the fleet; of the asker's words only a slot's name
// is believed, after it was looked up. In: the plan, the host of the key, ports. Out: answers.
//
// A registration token cannot be narrowed at GitHub: a host with persistent slots can register with it under any
// name for an hour. Hosts whose jobs are not trusted should have ephemeral slots alone: those get single JIT configs.

import type { BrokeredRegistration } from "../model/broker.ts";
import type { BrokerRequest, BrokerValues, OwnRunners } from "../model/broker-protocol.ts";
import {
  type DemandApi,
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
      return (await listOwn(host, ports)) as GitHubAnswer<BrokerValues[R["verb"]]>;
    case "delete-own":
      return (await deleteOwn(host, asked.runner, ports)) as GitHubAnswer<BrokerValues[R["verb"]]>;
    case "demand":
      return (await listDemand(plan, host, ports)) as GitHubAnswer<BrokerValues[R["verb"]]>;
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
  const answer = await api.createRegistrationToken();
  if (answer.kind !== "ok") return answer;
  return { ...answer, value: { runner: null, secret: { kind: "token", ...answer.value } } };
}

/** Exactly one of this host's slots, with or without a suffix: a prefix would match other hosts too. */
function isOwn(host: PlannedHost, name: string): boolean {
  const { slot } = readRegistrationName(name);
  return host.placements.some(({ slots }) => slots.some((each) => each.name === slot || each.name === name));
}

const targetsOf = (host: PlannedHost) => [...new Set(host.placements.map(({ target }) => target))];

async function listOwn(host: PlannedHost, ports: BrokerPorts): Promise<GitHubAnswer<OwnRunners>> {
  const runners: RunnerRecord[] = [];
  let complete = true;
  let meta = NO_META;
  for (const target of targetsOf(host)) {
    for (const api of (await ports.openTarget(target)).scopes) {
      const answer = await api.listRunners();
      if (answer.kind !== "ok") return answer;
      meta = answer.meta;
      complete &&= answer.value.complete;
      runners.push(...answer.value.runners.filter(({ name }) => isOwn(host, name)));
    }
  }
  return { kind: "ok", value: { runners, complete }, fromCache: false, meta };
}

/** Looked up first: an id says nothing about whose it is. */
async function deleteOwn(host: PlannedHost, id: number, ports: BrokerPorts): Promise<GitHubAnswer<null>> {
  let last: GitHubAnswer<null> = { kind: "not-found", meta: NO_META };
  for (const target of targetsOf(host)) {
    for (const api of (await ports.openTarget(target)).scopes) {
      const found = await api.getRunner(id);
      if (found.kind === "ok") {
        if (isOwn(host, found.value.name)) return api.deleteRunner(id);
        return refuse("delete-own", `registration ${id} is none of ${host.name}'s`);
      }
      if (found.kind !== "not-found") last = found;
    }
  }
  return last;
}

async function listDemand(plan: Plan, host: PlannedHost, ports: BrokerPorts): Promise<GitHubAnswer<JobList>> {
  const jobs: JobRecord[] = [];
  let complete = true;
  for (const target of targetsOf(host)) {
    const placements = host.placements.filter((each) => each.target === target);
    const { demand } = await ports.openTarget(target);
    const repositories = await demand.listRepositories(ports.now() - plan.watchdog.activeWithin);
    if (repositories.kind !== "ok")
      return repositories.kind === "not-found" ? { ...repositories } : repositories;
    for (const { name } of repositories.value) {
      const answer = await demand.listJobs(name);
      if (answer.kind !== "ok") {
        if (answer.kind !== "not-found") return answer;
        continue;
      }
      complete &&= answer.value.complete;
      jobs.push(
        ...answer.value.jobs.filter((job) => placements.some(({ labels }) => covers(labels, job.labels))),
      );
    }
  }
  return { kind: "ok", value: { jobs, complete }, fromCache: false, meta: NO_META };
}

/** GitHub gives a job to a runner that has all its labels, whatever their case. */
function covers(labels: readonly string[], wanted: readonly string[]): boolean {
  const own = new Set(labels.map((label) => label.toLowerCase()));
  return wanted.every((label) => own.has(label.toLowerCase()));
}
