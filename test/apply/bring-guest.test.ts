// Guests brought to what api.json says, on a fake node with the rights that access.sh grants and no others: every
// api.json of the fixtures twice, then what stands in the way.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { bringGuest } from "../../src/apply/bring-guest.ts";
import { readGuestWish } from "../../src/apply/read-guest-wish.ts";
import type { BringOptions, BroughtGuest, GuestWish } from "../../src/model/guest-wish.ts";
import { grantAsRendered, type ProxmoxLab, startProxmoxLab } from "../proxmox/lab.ts";
import { TOKEN } from "../proxmox/state.ts";

const fixtures = fileURLToPath(new URL("../../fixtures", import.meta.url));
const files = globSync("{fleets,nodes}/*/expected/rendered/hosts/*/vm/*/api.json", { cwd: fixtures }).sort();
const SHARED = files.find((file) => file.includes("a-mapping-that-guests-share") && file.includes("9100-"));

function readWish(file: string): GuestWish {
  const wish = readGuestWish(readFileSync(join(fixtures, file), "utf8"));
  assert.ok(wish, file);
  return wish;
}

async function prepare(t: TestContext, file: string): Promise<ProxmoxLab & { readonly wish: GuestWish }> {
  const lab = await startProxmoxLab(t);
  const wish = readWish(file);
  lab.state.addTemplate(wish.clone?.template ?? 9000);
  grantAsRendered(lab.state, readFileSync(join(fixtures, dirname(file), "../../access.sh"), "utf8"));
  const mapping = /mapping=([^,]+)/.exec(wish.settings.hostpci0 ?? "")?.[1];
  if (mapping !== undefined) lab.state.mappings.set(mapping, { description: "", map: [], checks: [] });
  return { ...lab, wish };
}

const OPTIONS: BringOptions = { start: true, patience: 600_000, begun: async () => undefined };

const kindsOf = ({ steps }: BroughtGuest): readonly string[] => steps.map(({ kind }) => kind);

test("there are requests to play", () => {
  assert.ok(files.length >= 10, `${files.length}`);
  assert.ok(SHARED);
});

for (const file of files) {
  const wish = readWish(file);
  if (wish.clone === null) {
    test(`${file}: what only root's shell can make is refused, and nothing is touched`, async (t) => {
      const { state, hypervisor } = await prepare(t, file);
      const brought = await bringGuest(hypervisor, wish, OPTIONS);
      assert.equal(brought.kind, "refused");
      assert.deepEqual(state.mutations(), []);
    });
    continue;
  }
  test(`${file}: played twice, the second time changes nothing`, async (t) => {
    const { state, hypervisor } = await prepare(t, file);
    const first = await bringGuest(hypervisor, wish, OPTIONS);
    assert.deepEqual(first.kind, "done", JSON.stringify(first));
    const expected = ["clone", "configure", "resize", ...(wish.start ? ["start"] : [])];
    assert.deepEqual(kindsOf(first), expected);
    const guest = state.guest(wish.vmId);
    assert.equal(guest.status, wish.start ? "running" : "stopped");
    assert.equal(guest.description, wish.description);
    for (const [key, value] of Object.entries(wish.settings)) assert.equal(guest.config[key], value, key);
    const before = structuredClone(guest);
    const done = state.mutations().length;
    const second = await bringGuest(hypervisor, wish, OPTIONS);
    assert.deepEqual(second, { kind: "done", steps: [], notes: [] });
    assert.equal(state.mutations().length, done);
    assert.deepEqual(structuredClone(guest), before);
  });
}

test("without any one of its privileges the token cannot make a guest", async (t) => {
  const file = files.find((each) => each.includes("good-acs-on-intel"));
  assert.ok(file);
  const { state } = await prepare(t, file);
  const granted = [...(state.grants.get(TOKEN) ?? [])].filter(([path]) => path !== "/storage/local");
  for (const [path, privileges] of granted) {
    for (const privilege of privileges) {
      const lab = await prepare(t, file);
      lab.state.grants.get(TOKEN)?.get(path)?.delete(privilege);
      const brought = await bringGuest(lab.hypervisor, lab.wish, OPTIONS);
      assert.notEqual(brought.kind, "done", `${privilege} on ${path}`);
    }
  }
  const all = new Set(granted.flatMap(([, privileges]) => [...privileges]));
  assert.ok(all.has("Mapping.Use") && all.has("SDN.Use") && all.size >= 15, [...all].join());
});

async function prepareShared(t: TestContext) {
  return prepare(t, SHARED as string);
}

test("a guest that somebody else made is left alone, whatever it is called", async (t) => {
  const { state, hypervisor, wish } = await prepareShared(t);
  const config = { ...wish.settings, scsi0: "local-lvm:vm-9100-disk-0,size=3G", tags: "ci-fleet" };
  for (const description of [null, "", `x\n${wish.mark}`, `${wish.mark}2\nmore`]) {
    state.addGuest(wish.vmId, { config, description });
    const brought = await bringGuest(hypervisor, wish, OPTIONS);
    assert.equal(brought.kind, "refused", JSON.stringify(brought));
  }
  state.addGuest(wish.vmId, { config: { ...config, template: "1" }, description: wish.description });
  assert.equal((await bringGuest(hypervisor, wish, OPTIONS)).kind, "refused");
  assert.deepEqual(state.mutations(), []);
});

test("a locked guest is waited for, also one that is still being cloned and has no mark", async (t) => {
  const { state, hypervisor, wish } = await prepareShared(t);
  const patient = { ...OPTIONS, patience: 0 };
  const first = await bringGuest(hypervisor, wish, patient);
  assert.equal(first.kind, "running");
  const done = state.mutations().length;
  const second = await bringGuest(hypervisor, wish, patient);
  assert.deepEqual(second, {
    kind: "wait",
    steps: [],
    why: `guest ${wish.vmId} is locked (clone): a task works on it`,
  });
  assert.equal(state.mutations().length, done);
});

test("a guest that runs is not changed under its job", async (t) => {
  const { state, hypervisor, wish } = await prepareShared(t);
  await bringGuest(hypervisor, wish, OPTIONS);
  const guest = state.guest(wish.vmId);
  guest.status = "running";
  guest.config.memory = "1024";
  const done = state.mutations().length;
  assert.equal((await bringGuest(hypervisor, wish, OPTIONS)).kind, "wait");
  assert.equal(state.mutations().length, done);
  state.powerOff(wish.vmId);
  assert.deepEqual(kindsOf(await bringGuest(hypervisor, wish, OPTIONS)), ["configure", "start"]);
});

test("what somebody changed is set back, what the spec dropped goes, what else somebody set stays", async (t) => {
  const { state, hypervisor, wish } = await prepareShared(t);
  await bringGuest(hypervisor, wish, OPTIONS);
  const guest = state.guest(wish.vmId);
  state.powerOff(wish.vmId);
  assert.ok(wish.absent.includes("hugepages"));
  Object.assign(guest.config, {
    memory: "1024",
    hugepages: "any",
    smbios1: "uuid=1",
    net0: "bridge=vmbr0,virtio=x",
  });
  const asked = { ...wish, settings: { ...wish.settings, net0: "virtio=x,bridge=vmbr0" } };
  const brought = await bringGuest(hypervisor, asked, { ...OPTIONS, start: false });
  assert.deepEqual(kindsOf(brought), ["configure"]);
  const { memory, smbios1, net0 } = guest.config;
  assert.deepEqual([memory, smbios1, net0], [wish.settings.memory, "uuid=1", "bridge=vmbr0,virtio=x"]);
  assert.equal(guest.config.hugepages, undefined);
});

test("a disk is never made smaller, and a drive that somebody put in the place of ours is not taken away", async (t) => {
  const { state, hypervisor, wish } = await prepareShared(t);
  await bringGuest(hypervisor, wish, OPTIONS);
  const guest = state.guest(wish.vmId);
  guest.config.scsi0 = "local-lvm:vm-9100-disk-0,size=2T";
  const brought = await bringGuest(hypervisor, wish, OPTIONS);
  assert.deepEqual(brought, {
    kind: "done",
    steps: [],
    notes: ["the disk is larger than the spec says, and stays"],
  });
  guest.config.ide2 = "local:iso/debian.iso,media=cdrom";
  assert.equal((await bringGuest(hypervisor, wish, OPTIONS)).kind, "refused");
});

test("a step that fails ends it, and the next time goes on from what is there", async (t) => {
  const { state, hypervisor, wish } = await prepareShared(t);
  state.failNext("qmclone", "clone failed: no space left");
  const first = await bringGuest(hypervisor, wish, OPTIONS);
  assert.equal(first.kind === "failed" && first.failure.message, "clone failed: no space left");
  assert.equal(state.guests.has(wish.vmId), false);
  state.failNext("resize", "lvresize failed");
  const second = await bringGuest(hypervisor, wish, OPTIONS);
  assert.deepEqual([second.kind, kindsOf(second)], ["failed", ["clone", "configure"]]);
  const third = await bringGuest(hypervisor, wish, OPTIONS);
  assert.deepEqual([third.kind, kindsOf(third)], ["done", ["resize", "start"]]);
});

test("the name of each task is told before it is waited for", async (t) => {
  const { state, hypervisor, wish } = await prepareShared(t);
  const told: string[] = [];
  const begun: BringOptions["begun"] = async ({ upid }, step) => {
    assert.equal(state.tasks.get(upid)?.exit, null);
    told.push(step.kind);
  };
  await bringGuest(hypervisor, wish, { ...OPTIONS, begun });
  assert.deepEqual(told, ["clone", "configure", "resize", "start"]);
});

test("an answer that was lost is no second guest", async (t) => {
  const { state, hypervisor, wish } = await prepareShared(t);
  state.fail("done-then-596", /clone$/, 1);
  const first = await bringGuest(hypervisor, wish, OPTIONS);
  assert.equal(first.kind === "failed" && first.failure.kind, "unknown");
  assert.equal((await bringGuest(hypervisor, wish, OPTIONS)).kind, "wait");
  state.advance(10_000);
  const third = await bringGuest(hypervisor, wish, OPTIONS);
  assert.deepEqual(kindsOf(third), ["configure", "resize", "start"]);
});

test("a node that goes down while it clones leaves a guest that nobody touches", async (t) => {
  const { state, hypervisor, wish } = await prepareShared(t);
  const begun = async (): Promise<void> => state.reboot();
  const first = await bringGuest(hypervisor, wish, { ...OPTIONS, begun });
  assert.equal(first.kind === "failed" && first.failure.message, "unexpected status");
  const done = state.mutations().length;
  assert.equal((await bringGuest(hypervisor, wish, OPTIONS)).kind, "wait");
  assert.equal(state.mutations().length, done);
});

test("a setting that Proxmox writes otherwise is set once, and told", async (t) => {
  const { state, hypervisor, wish } = await prepareShared(t);
  await bringGuest(hypervisor, wish, { ...OPTIONS, start: false });
  const asked = { ...wish, settings: { ...wish.settings, name: "other" } };
  const guest = state.guest(wish.vmId);
  Object.defineProperty(guest.config, "name", { get: () => "own", set: () => undefined, enumerable: true });
  const brought = await bringGuest(hypervisor, asked, OPTIONS);
  assert.deepEqual([brought.kind, kindsOf(brought)], ["refused", ["configure"]]);
});

test("a text that is no api.json of ours is none", () => {
  const good = JSON.parse(readFileSync(join(fixtures, SHARED as string), "utf8"));
  const read = (change: object): unknown => readGuestWish(JSON.stringify({ ...good, ...change }));
  assert.ok(read({}));
  for (const change of [
    { guest: null },
    { guest: { ...good.guest, vmId: "9110" } },
    { guest: { ...good.guest, mark: "" } },
    { guest: { ...good.guest, mark: "another" } },
    { guest: { ...good.guest, absent: [1] } },
    { requests: {} },
    { requests: [] },
    { requests: good.requests.slice(0, 2) },
    { requests: [{ ...good.requests[0], parameters: { newid: 1 } }, ...good.requests.slice(1)] },
  ]) {
    assert.equal(read(change), null, JSON.stringify(change).slice(0, 80));
  }
  for (const text of ["", "[]", "null", "{"]) assert.equal(readGuestWish(text), null);
});
