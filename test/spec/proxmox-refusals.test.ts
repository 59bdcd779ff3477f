// What Proxmox would refuse, by its API or when the guest starts, is refused by the spec first, with its place. Each
// folder has what the line would be in a guest's settings and the spec that asks for it.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { openProxmoxJudge, type ProxmoxJudge } from "../render/proxmox-judge.ts";
import { compareWithFile } from "./compare-file.ts";
import { readSpec, validateText } from "./validate-text.ts";

const FOLDER = "fixtures/proxmox-refusals";
const GOOD = "fixtures/nodes/good-acs-on-intel-with-grub/expected/rendered/hosts/pve1/vm/9100-vm/9100.conf";
const cases = readdirSync(FOLDER).sort();

for (const name of cases) {
  test(`${name.replaceAll("-", " ")}: refused with its place`, () => {
    const text = readFileSync(`${FOLDER}/${name}/fleet.yaml`, "utf8");
    compareWithFile(`${FOLDER}/${name}/expected.txt`, validateText(text));
    const { fleet, diagnostics } = readSpec(text);
    assert.equal(fleet, null);
    const places = diagnostics.map(({ doc, path, span }) => ({
      doc,
      deep: path.length >= 2 || span !== undefined,
    }));
    assert.deepEqual(
      places.filter(({ doc, deep }) => doc.kind !== "spec" || !deep),
      [],
    );
  });
}

test("Proxmox's own schema refuses each of these lines, and takes the guest without it", (t) => {
  const judge = openProxmoxJudge();
  if (judge === null) {
    t.skip("no reference data at CI_FLEET_DATA");
    return;
  }
  const good = readFileSync(GOOD, "utf8");
  assert.deepEqual(judge.judgeConfig(good), []);
  for (const name of cases) {
    const { how, lines } = readRefused(readFileSync(`${FOLDER}/${name}/fleet.yaml`, "utf8"));
    assert.notEqual(lines.length, 0, name);
    const single: readonly string[] = lines.flatMap((line) => judgeLine(judge, line));
    if (how === "refuses" && !isTwice(lines)) assert.notDeepEqual(single, [], `${name}: ${lines.join(", ")}`);
    else {
      assert.deepEqual(single, [], name);
      assert.notDeepEqual(judge.judgeConfig(lay(good, lines)), [], name);
    }
  }
});

function readRefused(text: string): { readonly how: string; readonly lines: readonly string[] } {
  const found = [...text.matchAll(/^# Proxmox (refuses|would not start): (.+)$/gm)];
  return { how: found[0]?.[1] ?? "", lines: found.map((match) => match[2] as string) };
}

const keyOf = (line: string) => line.slice(0, line.indexOf(":"));
const isTwice = (lines: readonly string[]) =>
  lines.length > 1 && keyOf(lines[0] ?? "") === keyOf(lines[1] ?? "");

function judgeLine(judge: ProxmoxJudge, line: string): readonly string[] {
  const key = keyOf(line);
  const value = line.slice(key.length + 2);
  if (key === "vmid") return judge.judgeCall("POST", "/nodes/pve1/qemu", { vmid: value });
  return judge.judgeSetting(key, value);
}

/** The lines in place of those of the same key. */
function lay(config: string, lines: readonly string[]): string {
  const keys = new Set(lines.map(keyOf));
  const kept = config.split("\n").filter((line) => line.startsWith("#") || !keys.has(keyOf(line)));
  return [...kept.filter((line) => line !== ""), ...lines].join("\n");
}
