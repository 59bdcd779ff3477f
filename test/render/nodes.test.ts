// Proxmox nodes as they are found, from their tree to every file that is rendered for them: inventory, diagnostics,
// page and tree are goldens, which Proxmox's own schema judges. The real tools judge them in test/tools.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { printText, summarizeDiagnostics } from "../../src/base/print-text.ts";
import type { RenderedFile } from "../../src/model/rendered-file.ts";
import { describePlan } from "../../src/plan/describe-plan.ts";
import { renderPlan } from "../../src/render/render-plan.ts";
import { expectGolden } from "../golden.ts";
import { assertGolden } from "../hardware/golden.ts";
import { FLEETS, listFleets, loadFleet } from "../plan/load-fleet.ts";
import { listNodes, loadNode, NODES } from "./load-node.ts";
import { openProxmoxJudge } from "./proxmox-judge.ts";

/** Seeds carry what whole fleets show already. */
const isOfNode = ({ path }: RenderedFile) => path.startsWith("hosts/pve1/") && !path.endsWith("/user-data");

for (const name of listNodes()) {
  test(`${name.replaceAll("-", " ")}: inventory, diagnostics, page and files`, async () => {
    const { inventory, plan, diagnostics } = await loadNode(name);
    const expected = `${NODES}/${name}/expected`;
    const found = `${printText(diagnostics)}${summarizeDiagnostics(diagnostics) || "nothing to report"}\n`;
    assertGolden(`${expected}/hosts/pve1.yaml`, inventory);
    assertGolden(`${expected}/diagnostics.txt`, found);
    assertGolden(`${expected}/plan.txt`, plan === null ? "no plan\n" : describePlan(plan));
    const files = plan === null ? [] : renderPlan(plan, new Set(["pve1"]), []).filter(isOfNode);
    expectGolden(`${expected}/rendered`, files);
  });
}

test("Proxmox's schema takes every guest, every mapping and every request that is rendered", async (t) => {
  const judge = openProxmoxJudge();
  if (judge === null) {
    t.skip("no reference data at CI_FLEET_DATA");
    return;
  }
  const nodes = await Promise.all(listNodes().map(async (name) => (await loadNode(name)).plan));
  const fleets = listFleets().map((name) => loadFleet(`${FLEETS}/${name}`).plan);
  const files = [...nodes, ...fleets].flatMap((plan) => (plan === null ? [] : renderPlan(plan, null, [])));
  const counts = { guests: 0, maps: 0, requests: 0 };
  for (const { path, content } of files) {
    if (/\/vm\/[^/]+\/\d+\.conf$/.test(path)) {
      assert.deepEqual(judge.judgeConfig(content), [], path);
      counts.guests += 1;
    }
    if (path.endsWith("/mapping/pci.cfg")) {
      for (const [id, maps] of readMappings(content)) {
        const problems = judge.judgeCall("POST", "/cluster/mapping/pci", { id, map: maps });
        assert.deepEqual(problems, [], path);
        counts.maps += maps.length;
      }
    }
    if (path.endsWith("/api.json")) {
      for (const { method, path: call, parameters } of JSON.parse(content).requests) {
        assert.deepEqual(judge.judgeCall(method, call, parameters), [], `${path}: ${call}`);
        counts.requests += 1;
      }
    }
  }
  assert.ok(counts.guests >= 10 && counts.maps >= 9 && counts.requests >= 30, JSON.stringify(counts));
});

/** PVE::SectionConfig with PVE::Mapping::PCI: a bare id, then lines that begin with a tab. */
function readMappings(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  let maps: string[] = [];
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith("\t")) {
      const [, key, value] = /^\t(\S+) (.+)$/.exec(line) ?? [];
      assert.ok(key === "description" || key === "map", line);
      if (key === "map") maps.push(value as string);
    } else {
      assert.match(line, /^[A-Za-z][A-Za-z0-9_-]+$/);
      maps = [];
      found.set(line, maps);
    }
  }
  return found;
}

test("the judge refuses what it should", (t) => {
  const judge = openProxmoxJudge();
  if (judge === null) {
    t.skip("no reference data at CI_FLEET_DATA");
    return;
  }
  const good = "fixtures/nodes/good-acs-on-intel-with-grub/expected/rendered/hosts/pve1/vm/9100-vm/9100.conf";
  const text = readFileSync(good, "utf8");
  assert.deepEqual(judge.judgeConfig(text), []);
  for (const [from, to] of [
    ["bios: ovmf", "bios: uefi"],
    ["machine: q35", "machine: pc"],
    ["memory: 32768", "memory: 32G"],
    ["scsihw: virtio-scsi-single", "scsihw: virtio-scsi"],
    ["vga: none", "vga: off"],
  ] as const) {
    assert.notDeepEqual(judge.judgeConfig(text.replace(from, to)), [], to);
  }
});
