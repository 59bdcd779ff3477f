// How a pass is told to people where a host that is gone has left registrations by the dozen.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decide } from "../../src/watchdog/decide.ts";
import { describePass, listNews, makePassDocument } from "../../src/watchdog/tell-pass.ts";
import { addGhosts, PLAN, watch } from "./watched-host.ts";

async function playGone(count: number, t: Parameters<typeof watch>[0]) {
  const { lab, pass } = await watch(t, "forge");
  addGhosts(lab, count);
  const observation = await pass(0);
  const host = PLAN?.hosts.find(({ name }) => name === "forge");
  if (PLAN === undefined || host === undefined) throw new Error("the plan has this host");
  const decided = decide({ plan: PLAN, host, observation, memory: null });
  return { observation, decided, outcomes: [], isDry: false, guests: null };
}

test("of many registrations alike ten are told by name, the others by their number, and --json has each", async (t) => {
  const pass = await playGone(25, t);
  const lines = describePass(pass).filter((line) => line.includes("GhostOfGoneHost"));
  assert.equal(lines.length, 11);
  assert.equal(
    lines.at(-1),
    "wait         15 more registrations of pool ci  GhostOfGoneHost: `--json` has each",
  );
  const { decisions } = makePassDocument(pass);
  assert.equal(decisions.filter(({ reason }) => reason === "GhostOfGoneHost").length, 25);
});

test("a log of many passes has them once", async (t) => {
  const pass = await playGone(12, t);
  const first = listNews(pass, new Set());
  const told = first.lines.filter((line) => line.includes("GhostOfGoneHost"));
  assert.deepEqual(
    [told.length, told.at(-1)],
    [11, "wait 2 more registrations of pool ci  GhostOfGoneHost: `--json` has each"],
  );
  assert.deepEqual(listNews(pass, first.told).lines, []);
});

test("a few are all told by name", async (t) => {
  const pass = await playGone(10, t);
  const lines = describePass(pass).filter((line) => line.includes("GhostOfGoneHost"));
  assert.equal(lines.length, 10);
  assert.match(lines[0] ?? "", /^wait {9}acme-ci-spark-1-0000001 https:\/\/github\.com\/acme \d+ {2}Ghost/);
});
