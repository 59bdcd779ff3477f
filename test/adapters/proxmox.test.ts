// The port of Proxmox's API against a fake node: what is asked, what comes back, and tasks from their beginning to their
// end, over a crash of ours and a reboot of theirs.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { HypervisorAnswer, StartedTask } from "../../src/model/hypervisor-port.ts";
import { grantGuest, type ProxmoxLab, startProxmoxLab } from "../proxmox/lab.ts";

const MARK = "ci-fleet guest acme/vm-1";

function take<T>(answer: HypervisorAnswer<T>): T {
  if (answer.kind !== "ok") assert.fail(JSON.stringify(answer));
  return answer.value;
}

/** Begins something and waits for its end. */
async function run(lab: ProxmoxLab, begun: Promise<HypervisorAnswer<StartedTask>>) {
  const { upid } = take(await begun);
  return lab.hypervisor.awaitTask(upid, 60_000);
}

const ENDED = { kind: "ok", value: { kind: "ended", warnings: 0 } };

async function startWithGuest(t: Parameters<typeof startProxmoxLab>[0]): Promise<ProxmoxLab> {
  const lab = await startProxmoxLab(t);
  lab.state.addTemplate(9000);
  lab.state.addGuest(9101, { description: `${MARK}\nmore` });
  grantGuest(lab.state, 9101);
  return lab;
}

test("guests are listed as far as the token may see them", async (t) => {
  const { state, hypervisor } = await startWithGuest(t);
  state.addGuest(500, { description: "somebody else's" });
  state.addGuest(9102, { config: { tags: "ci-fleet;gpu" }, status: "running", lock: "backup" });
  grantGuest(state, 9102);
  state.advance(90_000);
  assert.deepEqual(take(await hypervisor.listGuests()), [
    {
      vmId: 9000,
      name: "template",
      status: "stopped",
      lock: null,
      template: true,
      uptime: null,
      tags: [],
    },
    {
      vmId: 9101,
      name: "guest-9101",
      status: "stopped",
      lock: null,
      template: false,
      uptime: null,
      tags: [],
    },
    {
      vmId: 9102,
      name: null,
      status: "running",
      lock: "backup",
      template: false,
      uptime: 90,
      tags: ["ci-fleet", "gpu"],
    },
  ]);
});

test("a guest is read with its settings as texts, its description as it was given, and its state", async (t) => {
  const { state, hypervisor } = await startWithGuest(t);
  state.guest(9101).config.cores = "4";
  const guest = take(await hypervisor.readGuest(9101));
  assert.deepEqual(guest, {
    vmId: 9101,
    name: "guest-9101",
    status: "stopped",
    lock: null,
    template: false,
    uptime: null,
    tags: [],
    config: { name: "guest-9101", memory: "2048", cores: "4", scsi0: "local-lvm:vm-9101-disk-0,size=3G" },
    description: `${MARK}\nmore`,
    digest: state.digestOf(state.guest(9101)),
    qmpStatus: "stopped",
  });
});

test("a guest is cloned with its mark, started, put back to its snapshot without its job's leavings, and destroyed", async (t) => {
  const lab = await startWithGuest(t);
  const { state, hypervisor } = lab;
  grantGuest(state, 9102);
  const wish = {
    newId: 9102,
    name: "vm-2",
    description: `${MARK}\n`,
    full: false,
    storage: null,
    pool: null,
  };
  const { upid } = take(await hypervisor.clone(9000, wish));
  const half = take(await hypervisor.readGuest(9102));
  assert.deepEqual([half.lock, half.description], ["clone", " qmclone temporary file"]);
  assert.deepEqual(await hypervisor.awaitTask(upid, 60_000), ENDED);
  assert.equal(take(await hypervisor.readGuest(9102)).description, MARK);

  const snapshot = { name: "ci-fleet-clean", description: "generation 7" };
  assert.deepEqual(await run(lab, hypervisor.takeSnapshot(9102, snapshot)), ENDED);
  const takenAt = state.now - (state.now % 1000);
  assert.deepEqual(take(await hypervisor.listSnapshots(9102)), {
    snapshots: [{ ...snapshot, takenAt, parent: null, memory: false }],
    current: "ci-fleet-clean",
  });

  assert.deepEqual(await run(lab, hypervisor.start(9102)), ENDED);
  assert.equal(state.guest(9102).status, "running");
  state.guest(9102).disk = "after a job";
  state.powerOff(9102);
  assert.deepEqual(await run(lab, hypervisor.rollback(9102, "ci-fleet-clean")), ENDED);
  assert.deepEqual([state.guest(9102).disk, state.guest(9102).status], ["template", "stopped"]);

  assert.deepEqual(await run(lab, hypervisor.deleteSnapshot(9102, "ci-fleet-clean")), ENDED);
  assert.deepEqual(await run(lab, hypervisor.destroy(9102)), ENDED);
  // With the guest went what was granted on it.
  assert.equal((await hypervisor.readGuest(9102)).kind, "refused");
  grantGuest(state, 9102);
  assert.equal((await hypervisor.readGuest(9102)).kind, "absent");
});

test("settings are changed only if they are still those that were read", async (t) => {
  const { state, hypervisor } = await startWithGuest(t);
  const { digest } = take(await hypervisor.readGuest(9101));
  const change = { set: { memory: "4096" }, delete: ["name"], digest };
  assert.deepEqual(await hypervisor.configure(9101, change), { kind: "ok", value: null });
  const { memory, name } = state.guest(9101).config;
  assert.deepEqual([memory, name], ["4096", undefined]);
  assert.equal((await hypervisor.configure(9101, change)).kind, "conflict");
});

test("new volumes are made by a task, and a disk grows by one", async (t) => {
  const lab = await startWithGuest(t);
  const { state, hypervisor } = lab;
  const change = { set: { ide2: "local-lvm:cloudinit" }, delete: [], digest: null };
  const task = take(await hypervisor.configureInTask(9101, change));
  assert.ok(task !== null);
  assert.deepEqual(await hypervisor.awaitTask(task.upid, 60_000), ENDED);
  assert.equal(state.guest(9101).config.ide2, "local-lvm:vm-9101-cloudinit,media=cdrom");
  assert.deepEqual(await run(lab, hypervisor.resize(9101, "scsi0", "20G")), ENDED);
  assert.equal(state.guest(9101).config.scsi0, "local-lvm:vm-9101-disk-0,size=20G");
});

test("a guest that runs already, a name that is taken and a guest that runs at its end are conflicts or failures, never done", async (t) => {
  const lab = await startWithGuest(t);
  const { state, hypervisor } = lab;
  state.guest(9101).status = "running";
  const started = await run(lab, hypervisor.start(9101));
  assert.deepEqual(
    [started.kind, started.kind === "failed" && started.message],
    ["failed", "VM 9101 already running"],
  );
  assert.equal((await hypervisor.destroy(9101)).kind, "conflict");
  const wish = { newId: 9101, name: "vm-1", description: MARK, full: true, storage: "local-lvm", pool: null };
  assert.equal((await hypervisor.clone(9000, wish)).kind, "conflict");
});

test("a task that ends badly says why, with the last lines that it wrote", async (t) => {
  const lab = await startWithGuest(t);
  lab.state.failNext("qmstart", "start failed: QEMU exited with code 1");
  const { upid } = take(await lab.hypervisor.start(9101));
  assert.deepEqual(await lab.hypervisor.awaitTask(upid, 60_000), {
    kind: "failed",
    request: `pve1: ${upid}`,
    message: "start failed: QEMU exited with code 1",
    upid,
    log: ["begin qmstart 9101", "TASK ERROR: start failed: QEMU exited with code 1"],
  });
});

test("a task with warnings has ended well", async (t) => {
  const lab = await startWithGuest(t);
  lab.state.failNext("qmstart", "WARNINGS: 2");
  const answer = await run(lab, lab.hypervisor.start(9101));
  assert.deepEqual(answer, { kind: "ok", value: { kind: "ended", warnings: 2 } });
  assert.equal(lab.state.guest(9101).status, "running");
});

test("a locked guest is told with its lock, whether the call says so or the task", async (t) => {
  const lab = await startWithGuest(t);
  const { state, hypervisor } = lab;
  state.guest(9101).lock = "backup";
  const change = { set: { memory: "4096" }, delete: [], digest: null };
  const now = await hypervisor.configure(9101, change);
  const later = await run(lab, hypervisor.start(9101));
  for (const answer of [now, later]) {
    assert.deepEqual(
      [answer.kind, answer.kind === "locked" ? answer.lock : null, "message" in answer && answer.message],
      ["locked", "backup", "VM is locked (backup)"],
    );
  }
});

test("without a quorum the node is read and not written", async (t) => {
  const { state, hypervisor } = await startWithGuest(t);
  state.hasQuorum = false;
  assert.equal((await hypervisor.readGuest(9101)).kind, "ok");
  const change = { set: { memory: "4096" }, delete: [], digest: null };
  assert.equal((await hypervisor.start(9101)).kind, "no-quorum");
  assert.equal((await hypervisor.configure(9101, change)).kind, "no-quorum");
});

test("what the token may not do is told with the privilege that would do", async (t) => {
  const { state, hypervisor } = await startWithGuest(t);
  state.addGuest(500);
  const answer = await hypervisor.start(500);
  assert.deepEqual(answer, {
    kind: "refused",
    request: `POST ${hypervisor.url}/api2/json/nodes/pve1/qemu/500/status/start`,
    status: 403,
    message: "Permission check failed (/vms/500, VM.PowerMgmt)",
    missing: { path: "/vms/500", privileges: ["VM.PowerMgmt"] },
    help: "Run the rendered access.sh on the node, as root: it grants what these guests need.",
  });
  const rollback = await hypervisor.rollback(500, "x");
  assert.deepEqual(rollback.kind === "refused" && rollback.missing?.privileges, [
    "VM.Snapshot",
    "VM.Snapshot.Rollback",
  ]);
});

test("a task's name outlives us, and a node that forgot it says so", async (t) => {
  const { state, hypervisor } = await startWithGuest(t);
  const { upid } = take(await hypervisor.start(9101));
  const kept = JSON.parse(JSON.stringify({ upid })) as StartedTask;
  assert.deepEqual(await hypervisor.readTask(kept.upid), { kind: "ok", value: { kind: "running" } });
  assert.deepEqual(take(await hypervisor.listRunningTasks(9101)), [
    { upid, type: "qmstart", user: "ci-fleet@pve!acme", startedAt: state.now },
  ]);
  state.advance(60_000);
  assert.equal(state.tasks.get(upid)?.exit, "OK");
  assert.deepEqual(take(await hypervisor.listRunningTasks(9101)), []);
  state.reboot({ forget: true });
  assert.equal((await hypervisor.readTask(kept.upid)).kind, "absent");
  assert.deepEqual(take(await hypervisor.listRunningTasks(9101)), []);
});

test("a node that went down in the middle leaves the task without a last word and the guest locked", async (t) => {
  const { state, hypervisor } = await startWithGuest(t);
  state.guest(9101).snapshots.set("clean", {
    config: {},
    disk: "clean",
    description: "",
    takenAt: 0,
    parent: null,
  });
  const { upid } = take(await hypervisor.rollback(9101, "clean"));
  state.reboot();
  const answer = await hypervisor.awaitTask(upid, 60_000);
  assert.deepEqual(
    [answer.kind, answer.kind === "failed" && answer.message],
    ["failed", "unexpected status"],
  );
  assert.equal(take(await hypervisor.readGuest(9101)).lock, "rollback");
});

test("waiting ends with its time, and a task that still runs is not called ended", async (t) => {
  const { state, hypervisor } = await startWithGuest(t);
  state.taskMs = 600_000;
  const { upid } = take(await hypervisor.start(9101));
  const before = state.now;
  assert.deepEqual(await hypervisor.awaitTask(upid, 20_000), { kind: "ok", value: { kind: "running" } });
  assert.equal(state.now - before, 20_000);
  const asked = state.requests.filter(({ path }) => path.endsWith("/status"));
  assert.ok(asked.length < 15, `${asked.length} questions in 20 s`);
});

test("a question that got no answer is asked again while there is time", async (t) => {
  const { state, hypervisor } = await startWithGuest(t);
  const { upid } = take(await hypervisor.start(9101));
  state.fail("596", /\/tasks\//, 3);
  assert.deepEqual(await hypervisor.awaitTask(upid, 60_000), ENDED);
});

test("a name that is no task's never becomes part of an address", async (t) => {
  const { state, hypervisor } = await startWithGuest(t);
  for (const upid of ["", "..", "UPID:pve1:x", "UPID:pve1:00000001:00000001:00000001:a/b:1:u@pam:"]) {
    assert.equal((await hypervisor.readTask(upid)).kind, "invalid", upid);
  }
  assert.deepEqual(state.requests, []);
});

test("mappings, volumes, privileges and the version are read", async (t) => {
  const { state, hypervisor } = await startWithGuest(t);
  const checks = [{ severity: "warning", message: "IOMMU group changed" }];
  state.mappings.set("gpus", { description: "two cards", map: ["node=pve1,path=0000:01:00"], checks });
  state.grant("/mapping/pci/gpus", ["Mapping.Use"]);
  state.storages.get("local")?.push({ volid: "local:snippets/user.yaml", content: "snippets", size: 77 });
  assert.deepEqual(take(await hypervisor.listMappings()), [
    { id: "gpus", description: "two cards", entries: ["node=pve1,path=0000:01:00"], faults: checks },
  ]);
  assert.deepEqual(take(await hypervisor.listVolumes("local", "snippets")), [
    { id: "local:snippets/user.yaml", size: 77, vmId: null },
  ]);
  const granted = take(await hypervisor.readPermissions());
  assert.deepEqual(granted.get("/mapping/pci/gpus"), [{ privilege: "Mapping.Use", propagates: true }]);
  assert.deepEqual(take(await hypervisor.readVersion()), { version: "9.2.1", release: "9.2" });
});

test("an agent answers, is silent, or may not be asked", async (t) => {
  const { state, hypervisor } = await startWithGuest(t);
  assert.equal((await hypervisor.pingAgent(9101)).kind, "refused");
  state.grant("/vms/9101", ["VM.GuestAgent.Audit"]);
  assert.equal(take(await hypervisor.pingAgent(9101)), false);
  Object.assign(state.guest(9101), { status: "running", agent: true });
  assert.equal(take(await hypervisor.pingAgent(9101)), true);
});
