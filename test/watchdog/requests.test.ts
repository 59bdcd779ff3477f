// What a pass asks GitHub, on a real server with the real client: pages, suspects by number, nothing that costs where
// nothing changed, and no conclusion from an answer that is none.

import assert from "node:assert/strict";
import { test } from "node:test";
import { countAllowance, explainSilence, spendAllowance } from "../../src/watchdog/pace-requests.ts";
import type { GitHubLab } from "../adapters/github-lab.ts";
import type { FaultKind } from "../github/state.ts";
import { addGhosts, addStrangers, PLAN, watch } from "./watched-host.ts";

function countPaths(lab: GitHubLab, pattern: RegExp): number {
  return lab.state.requests.filter(({ path }) => pattern.test(path)).length;
}

test("the deputy reads the list page by page, and a pass without change costs nothing of the limit", async (t) => {
  const { lab, pass } = await watch(t, "forge");
  addStrangers(lab, 240);
  addGhosts(lab, 4);
  const first = await pass(0);
  assert.equal(countPaths(lab, /\/actions\/runners$/), 3);
  assert.equal(countPaths(lab, /\/actions\/runners\/\d+$/), 0);
  assert.equal(first.registrations.length, 4);
  const used = lab.state.rateUsed;
  const second = await pass(60);
  assert.equal(lab.state.rateUsed, used);
  assert.equal(second.requestsCounted, 0);
  assert.deepEqual(second.registrations, first.registrations);
});

test("suspects are asked for by number only when their time is near", async (t) => {
  const { lab, pass, memory } = await watch(t, "forge");
  addGhosts(lab, 3);
  for (let each = 0; each < 160; each++) await pass(each === 0 ? 0 : 540);
  assert.equal(countPaths(lab, /\/actions\/runners\/\d+$/), 0);
  await pass(540);
  const observation = await pass(0);
  assert.equal(countPaths(lab, /\/actions\/runners\/\d+$/), 3);
  assert.ok(observation.registrations.every(({ asked }) => asked.kind === "here"));
  assert.equal(Object.keys(memory()?.marks ?? {}).length, 3);
});

test("a host that is not the deputy and has nothing registered does not read the list", async (t) => {
  const { lab, pass } = await watch(t, "spark");
  addStrangers(lab, 150);
  addGhosts(lab, 2);
  const observation = await pass(0);
  assert.equal(countPaths(lab, /\/actions\/runners/), 1, "the version's end is asked for, and no list");
  assert.deepEqual(observation.registrations, []);
});

test("waiting jobs are found, those that run or wait for an approval are not among them", async (t) => {
  const { lab, pass } = await watch(t, "spark");
  const add = (status: "queued" | "waiting" | "in_progress", labels: readonly string[]) => {
    const job = lab.state.addJob({ repository: "acme/app", name: "build", labels, script: "" });
    job.status = status;
    return job.id;
  };
  const id = add("queued", ["Self-Hosted", "ARM64"]);
  add("waiting", ["self-hosted"]);
  const { demand } = await pass(0);
  const found = demand.get("default");
  assert.deepEqual(found?.known === true ? found.value : found, {
    jobs: [{ id, target: "default", repository: "acme/app", labels: ["self-hosted", "arm64"] }],
    running: [],
    complete: true,
  });
});

const FAULTS: readonly (readonly [FaultKind, string])[] = [
  ["401", "refused"],
  ["403", "refused"],
  ["404", "refused"],
  ["429", "limited"],
  ["502", "unknown"],
  ["403-rate", "limited"],
  ["503-html", "unknown"],
  ["hang", "unknown"],
  ["hang-body", "unknown"],
  ["drip", "unknown"],
  ["short", "unknown"],
  ["broken-chunk", "unknown"],
  ["garbage", "unknown"],
  ["wrong-shape", "unknown"],
  ["truncate", "unknown"],
  ["empty-200", "unknown"],
  ["reset", "unknown"],
];

for (const [fault, kind] of FAULTS) {
  test(`a list that ends in ${fault} tells nothing of any registration`, async (t) => {
    const isSlow = fault.startsWith("hang") || fault === "drip";
    const { lab, pass } = await watch(t, "forge", isSlow ? { deadlineMs: 1000 } : {});
    addGhosts(lab, 2);
    await pass(0);
    lab.cache.clear();
    lab.fail(fault, /\/actions\/runners$/);
    const { troubles, registrations } = await pass(60);
    assert.deepEqual([troubles[0]?.kind, registrations], [kind, []]);
  });
}

test("a share that is spent leaves GitHub alone until some of it has come back", async (t) => {
  const { lab, pass, memory } = await watch(t, "forge");
  const first = await pass(0);
  assert.ok(first.requestsSent > 0 && PLAN !== undefined);
  const base = memory();
  if (base === null) throw new Error("a pass leaves a memory");
  const spent = spendAllowance(base, 5, 9);
  const silence = explainSilence(PLAN, countAllowance(PLAN, spent, base.time));
  assert.equal(silence, "this host's share of 1500 requests an hour is spent");
  const { troubles, demand, requestsSent } = await pass(5, silence ?? undefined);
  assert.deepEqual([lab.state.requests.length, requestsSent, troubles[0]?.kind], [0, 0, "limited"]);
  assert.equal(demand.get("default")?.known, false);
  const later = { ...base.time, monotonic: base.time.monotonic + 60_000 };
  assert.equal(explainSilence(PLAN, countAllowance(PLAN, spent, later)), null);
});

test("an App whose token GitHub suddenly refuses gets one new token within the pass", async (t) => {
  const { lab, pass } = await watch(t, "forge", { credential: "app" });
  addGhosts(lab, 2);
  const minted = () => countPaths(lab, /\/access_tokens$/);
  assert.equal((await pass(0)).registrations.length, 2);
  assert.equal(minted(), 1);
  // Revoked before its hour was over.
  lab.state.credentials.clear();
  lab.cache.clear();
  const second = await pass(60);
  assert.deepEqual([second.registrations.length, second.troubles, minted()], [2, [], 1]);
});

test("an App that is refused with a new token too changes nothing and is told as refused", async (t) => {
  const { lab, pass, act, decisions } = await watch(t, "forge", { credential: "app" });
  addGhosts(lab, 2);
  await pass(0);
  lab.cache.clear();
  lab.fail("401", /\/orgs\/acme\//);
  const { troubles, registrations } = await pass(60);
  assert.ok(countPaths(lab, /\/access_tokens$/) <= 2, "it is no loop");
  assert.deepEqual([troubles[0]?.kind, registrations], ["refused", []]);
  assert.deepEqual(
    decisions().filter(({ action }) => action !== null),
    [],
  );
  assert.deepEqual(await act(), []);
});

test("what is asked to change something is taken out of the share too", async (t) => {
  const { lab, pass, act, acted } = await watch(t, "forge");
  addGhosts(lab, 1);
  for (let each = 0; each < 161; each++) await pass(each === 0 ? 0 : 540);
  lab.state.requests.length = 0;
  const [outcome] = await act(50);
  assert.deepEqual([outcome?.decision.reason, outcome?.result], ["GhostOfGoneHost", "done"]);
  const sent = lab.state.requests.length;
  assert.equal(sent, 2, "asked by number, deleted");
  assert.deepEqual([acted()?.requests, acted()?.memory.allowance], [{ sent, counted: sent }, 50 - sent]);
});

test("changes keep a second between them", async (t) => {
  const { lab, pass, act, rests } = await watch(t, "forge");
  // Half of a pool goes in a pass.
  addGhosts(lab, 6);
  for (let each = 0; each < 161; each++) await pass(each === 0 ? 0 : 540);
  const done = (await act()).filter(({ result }) => result === "done");
  assert.equal(done.length, 3);
  assert.deepEqual(
    rests(),
    done.slice(1).map(() => 1000),
  );
});

test("a renamed organization is followed: 301 for what is read, 307 for a deletion", async (t) => {
  const { lab, pass, act } = await watch(t, "forge");
  addGhosts(lab, 1);
  // Everything is at the new place, and the old one says where.
  lab.state.scopes.set("orgs/new", { ...lab.state.scope("orgs/acme"), path: "orgs/new" });
  const [id] = lab.state.scope("orgs/new").runners.keys();
  const move = (kind: "redirect" | "redirect-307", from: RegExp, to: string) => lab.fail(kind, from, 1, to);
  const list = "/orgs/new/actions/runners?per_page=100&page=1";
  const one = `/orgs/new/actions/runners/${id}`;
  for (let passes = 0; passes < 161; passes++) {
    lab.cache.clear();
    lab.state.faults.length = 0;
    move("redirect", /GET \/orgs\/acme\/actions\/runners$/, list);
    move("redirect", /GET \/orgs\/acme\/actions\/runners\/\d+$/, one);
    const { troubles, registrations } = await pass(passes === 0 ? 0 : 540);
    assert.deepEqual([troubles, registrations.length], [[], 1]);
  }
  lab.state.faults.length = 0;
  move("redirect", /GET \/orgs\/acme\/actions\/runners\/\d+$/, one);
  move("redirect-307", /DELETE \/orgs\/acme\/actions\/runners\/\d+$/, one);
  const [outcome] = await act();
  assert.deepEqual([outcome?.decision.reason, outcome?.result], ["GhostOfGoneHost", "done"]);
  assert.equal(lab.state.scope("orgs/new").runners.size, 0);
});
