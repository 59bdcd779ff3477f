// Scripts of a node as steps of apply: which run, in which order, with which words, and what is refused before any
// does. They run for real in test/tools/proxmox-apply.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { describeSteps } from "../../src/apply/describe-step.ts";
import { placeForSystem } from "../../src/apply/places.ts";
import { planApply } from "../../src/apply/plan-apply.ts";
import { wantHost } from "../../src/apply/want-host.ts";
import type { Wanted } from "../../src/model/apply.ts";
import type { NodeState, Rehearsal } from "../../src/model/apply-state.ts";
import { placesOf } from "../../src/model/names.ts";
import { renderPlan } from "../../src/render/render-plan.ts";
import { FLEETS, loadFleet } from "../plan/load-fleet.ts";
import { loadNode } from "../render/load-node.ts";
import { FakeHost } from "./fake-host.ts";

const CONFIG = "/etc/ci-fleet/lab";
const places = placeForSystem(placesOf("lab"));
const NAMES = ["vfio/install.sh", "mapping/pci.sh", "access.sh", "vm/9100-vm/qm.sh"] as const;

async function wantNode(flavour: "system" | "user" = "system"): Promise<Wanted> {
  const { plan } = await loadNode("good-acs-on-intel-with-grub");
  const host = plan?.hosts.find(({ name }) => name === "pve1");
  assert.ok(plan !== null && host !== undefined);
  const rendered = renderPlan(plan, new Set(["pve1"]), []);
  const wanting = wantHost({
    plan,
    host,
    rendered,
    copies: [],
    places: { ...places, flavour },
    program: null,
  });
  assert.ok(wanting.kind === "wanted");
  return wanting.wanted;
}

const says = (...lines: readonly string[]): Rehearsal => ({ kind: "ran", lines });

function plan(wanted: Wanted | null, node: Partial<NodeState>, missing: readonly string[] = []) {
  const host = new FakeHost(places);
  const installed = host.observe(wanted);
  return planApply(
    wanted,
    {
      ...installed,
      ground: { ...installed.ground, missing: new Set(missing) },
      node: { name: "pve1", rehearsals: new Map(), waitsForReboot: false, ...node },
    },
    { force: false },
  );
}

const rehearsed = (change: Partial<Record<(typeof NAMES)[number], Rehearsal>>) =>
  new Map(NAMES.map((name) => [`${CONFIG}/${name}`, change[name] ?? says()] as const));
const commandsOf = ({ steps }: ReturnType<typeof plan>) =>
  steps.flatMap(({ action }) => (action.kind === "run" ? [action.argv.join(" ")] : []));

test("scripts run after the files are written, cards first and guests last", async () => {
  const wanted = await wantNode();
  assert.deepEqual(
    wanted.scripts.map(({ path }) => path.slice(CONFIG.length + 1)),
    NAMES,
  );
  const planned = plan(wanted, {
    rehearsals: rehearsed(Object.fromEntries(NAMES.map((name) => [name, says("x")]))),
  });
  assert.deepEqual(planned.refusals, []);
  assert.deepEqual(
    commandsOf(planned),
    NAMES.map((name) => `${CONFIG}/${name}`),
  );
  const kinds = planned.steps.map(({ action }) => action.kind);
  assert.ok(kinds.lastIndexOf("write") < kinds.indexOf("run"));
  assert.ok(planned.firstChange <= kinds.indexOf("write"));
});

test("a script with nothing to do is not run, and one that does is shown with what it would do", async () => {
  const wanted = await wantNode();
  const rehearsals = rehearsed({ "access.sh": says("pveum role add X", "\u001b[2Jpveum user add y") });
  const planned = plan(wanted, { rehearsals });
  assert.deepEqual(commandsOf(planned), [`${CONFIG}/access.sh`]);
  const shown = describeSteps(planned.steps, new Map(), rehearsals);
  assert.match(shown, /\/access\.sh\n# {3}pveum role add X\n# {3}.*pveum user add y\n$/);
  assert.ok(!shown.includes("\u001b"));
});

test("a guest with a card is not started while a reboot is waited for", async () => {
  const wanted = await wantNode();
  const rehearsals = rehearsed({ "vm/9100-vm/qm.sh": says("qm set 9100 --memory 1024") });
  const words = (waitsForReboot: boolean) => commandsOf(plan(wanted, { rehearsals, waitsForReboot }));
  assert.deepEqual(words(true), [`${CONFIG}/vm/9100-vm/qm.sh --no-start`]);
  assert.deepEqual(words(false), [`${CONFIG}/vm/9100-vm/qm.sh`]);
  const without = { ...wanted, scripts: wanted.scripts.map((script) => ({ ...script, needsCards: false })) };
  assert.deepEqual(commandsOf(plan(without, { rehearsals, waitsForReboot: true })), [
    `${CONFIG}/vm/9100-vm/qm.sh`,
  ]);
});

test("the wrong machine, another node and a script that would stop are refused", async () => {
  const wanted = await wantNode();
  const messages = (...words: Parameters<typeof plan>) =>
    plan(...words).refusals.map(({ message }) => message);
  assert.deepEqual(messages(wanted, {}, ["qm"]), ["this machine is no Proxmox node: there is no qm"]);
  assert.deepEqual(messages(wanted, { name: "pve2" }), ["this machine is pve2, and pve1 is the node pve1"]);
  const stopped: Rehearsal = { kind: "stopped", why: "guest 9100: it is locked (backup) (exit 1)" };
  const rehearsals = rehearsed({ "vm/9100-vm/qm.sh": stopped, "access.sh": stopped });
  assert.equal(messages(wanted, { rehearsals }, ["qm"]).length, 1);
  assert.equal(messages(wanted, { rehearsals, name: "pve2" }).length, 1);
  assert.deepEqual(messages(wanted, { rehearsals: rehearsed({ "vm/9100-vm/qm.sh": stopped }) }), [
    `${CONFIG}/vm/9100-vm/qm.sh would stop: guest 9100: it is locked (backup) (exit 1)`,
  ]);
});

test("an install for a user places no file by which cards are given away", async () => {
  const { scripts, files } = await wantNode("user");
  assert.deepEqual([scripts, files.filter(({ path }) => path.includes("/vfio/"))], [[], []]);
});

test("a machine that gives a card to its own guests puts its files for cards in force too", () => {
  const { plan } = loadFleet(`${FLEETS}/a-workstation-that-runs-guests`);
  const host = plan?.hosts.find(({ name }) => name === "forge");
  assert.ok(plan !== null && host !== undefined);
  const rendered = renderPlan(plan, new Set(["forge"]), []);
  const at = placeForSystem(placesOf(plan.fleet));
  const wanting = wantHost({ plan, host, rendered, copies: [], places: at, program: null });
  assert.ok(wanting.kind === "wanted");
  const { scripts, node, target } = wanting.wanted;
  assert.deepEqual([scripts.map(({ kind }) => kind), node], [["vfio"], null]);
  assert.equal(target, plan.units.target);
});
