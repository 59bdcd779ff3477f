// A broker and the host that asks it, joined by their lines as SSH would join them, with a GitHub of two records. In:
// nothing. Out: both sides, and what went over the line.

import { openBroker } from "../../src/adapters/broker-client.ts";
import { placeForSystem } from "../../src/apply/places.ts";
import { Secret } from "../../src/base/secret.ts";
import { answerBroker, type BrokerPorts } from "../../src/mint/answer-broker.ts";
import { findSlot } from "../../src/mint/find-slot.ts";
import { readRequest, writeAnswer } from "../../src/model/broker-protocol.ts";
import {
  type GitHubAnswer,
  type JobRecord,
  NO_META,
  type RunnerRecord,
  type RunnerScopeApi,
} from "../../src/model/github.ts";
import type { Plan } from "../../src/model/plan.ts";
import { makeHost, makePlacement, makePlan, makeSlot } from "../render/compose-plan.ts";

export const URL = "https://github.com/acme";
export const OWN = "acme-ci-forge-1";
export const KEEP = "acme-keep-forge-1";
export const OTHERS = "acme-ci-spark-1";

const ok = <T>(value: T): GitHubAnswer<T> => ({ kind: "ok", value, fromCache: false, meta: NO_META });
export const runner = (id: number, name: string): RunnerRecord => ({
  id,
  name,
  os: "linux",
  online: false,
  busy: false,
  labels: ["x"],
  ephemeral: true,
  version: null,
  groupId: 1,
});
const job = (id: number, labels: readonly string[]): JobRecord => ({
  id,
  runId: 1,
  repository: "acme/app",
  name: "build",
  workflow: null,
  labels,
  status: "queued",
  runnerId: null,
  runnerName: null,
  groupId: null,
  createdAt: 1,
  startedAt: null,
});

export function makeBroker() {
  const forge = makeHost([
    makePlacement(),
    makePlacement({ pool: "keep", lifetime: "persistent", slots: [makeSlot("keep", 1)] }),
  ]);
  const spark = makeHost([makePlacement({ slots: [{ ...makeSlot("ci", 1), name: OTHERS }] })], {
    name: "spark",
  });
  const plan: Plan = { ...makePlan(forge), hosts: [forge, spark] };
  const registered = new Map<number, RunnerRecord>();
  const deleted: number[] = [];
  const unused = () => Promise.reject(new Error("the broker asks no such thing"));
  const api: RunnerScopeApi = {
    url: URL,
    listRunners: async () =>
      ok({ runners: [...registered.values()], total: registered.size, complete: true }),
    getRunner: async (id) => {
      const found = registered.get(id);
      return found === undefined ? { kind: "not-found", meta: NO_META } : ok(found);
    },
    deleteRunner: async (id) => {
      deleted.push(id);
      registered.delete(id);
      return ok(null);
    },
    createRegistrationToken: unused,
    findRunner: unused,
    createJit: unused,
    createRemoveToken: unused,
    findGroup: unused,
    listDownloads: unused,
    getDeprecation: async (version) =>
      version === "2.337.0"
        ? ok({ registrationEnds: null, jobsEnd: "2027-01-31T00:00:00Z" })
        : { kind: "not-found", meta: NO_META },
  };
  const ports: BrokerPorts = {
    now: () => 1_800_000_000_000,
    openTarget: async () => ({
      scopes: [api],
      demand: {
        listRepositories: async () => ok([{ name: "acme/app", pushedAt: null, private: null }]),
        listJobs: async () => ok({ jobs: [job(1, ["Self-Hosted", "X64"]), job(2, ["gpu"])], complete: true }),
      },
    }),
    registerJit: async ({ slot }) => {
      const made = runner(registered.size + 10, `${slot.name}-abcdefg`);
      registered.set(made.id, made);
      return ok({ runner: made, secret: { kind: "jit", config: new Secret("the-key") } });
    },
    createToken: async () =>
      ok({ runner: null, secret: { kind: "token", token: new Secret("AAAATOKEN"), expiresAt: 5 } }),
    findSlot: (name) => findSlot(plan, name, ({ places }) => placeForSystem(places)),
  };
  const lines: string[] = [];
  const ask = async (line: string) => {
    const request = readRequest(line.trimEnd());
    if (request === null) return { cause: "that is no request" };
    const answer = writeAnswer(request.verb, await answerBroker(plan, forge, request, ports));
    lines.push(line, answer);
    return { line: answer.trimEnd() };
  };
  return {
    ask,
    broker: openBroker("ssh://mint@control", ask),
    registered,
    deleted,
    ports,
    lines,
    plan,
    forge,
  };
}
