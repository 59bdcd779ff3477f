// What doctor asks of a machine, from files and answers as they are on real ones.

import assert from "node:assert/strict";
import { test } from "node:test";
import { observeAccount } from "../../src/adapters/observe-account.ts";
import { readDisk } from "../../src/adapters/observe-disk.ts";
import { type MachineRequest, observeMachine } from "../../src/adapters/observe-machine.ts";
import { placeFleetForSystem } from "../../src/apply/places.ts";
import type { HostTools, ToolResult } from "../../src/model/ports.ts";
import { type FakeFile, fakeFiles } from "../hardware/fake-files.ts";

const ran = (stdout: string, exitCode = 0, stderr = ""): ToolResult => ({
  kind: "ran",
  exitCode,
  stdout,
  stderr,
});

function answer(answers: Readonly<Record<string, ToolResult>>): HostTools {
  return {
    run: async (command, args) => {
      const line = [command, ...args].join(" ");
      return Object.entries(answers).find(([start]) => line.startsWith(start))?.[1] ?? { kind: "missing" };
    },
  };
}

const REQUEST: MachineRequest = {
  places: placeFleetForSystem("acme"),
  account: "ci-fleet",
  userName: "root",
  inContainer: false,
  kernel: "6.12.0-1-amd64",
  disks: ["/var/lib/ci-fleet/acme"],
  programs: ["newuidmap", "nowhere", "plain-file"],
  sysctls: ["user.max_user_namespaces", "kernel.unprivileged_userns_clone"],
  guarded: ["/etc/ci-fleet", "/etc/ci-fleet/acme/absent"],
  authority: "/etc/ssl/corp.pem",
};

const look = (
  files: Readonly<Record<string, FakeFile>>,
  tools: HostTools,
  change: Partial<MachineRequest> = {},
) =>
  observeMachine(
    { ...REQUEST, ...change },
    {
      files: fakeFiles(files),
      tools,
      user: false,
      now: 0,
      monotonic: 0,
      readDisk: () => ({ known: false, why: "x" }),
    },
  );

test("everything that is there is found", async () => {
  const seen = await look(
    {
      "/lib/modules/6.12.0-1-amd64/modules.dep": "",
      "/var/lib/systemd/linger/root": "",
      "/etc/cdi/nvidia.yaml": "- hostPath: /usr/lib/libcuda.so.550.163.01\n",
      "/proc/sys/user/max_user_namespaces": "28633\n",
      "/etc/subuid": "root:1:2\nci-fleet:100000:65536\nci-fleet:300000:10\n",
      "/etc/ci-fleet/acme/x": "",
      "/opt/ci-fleet/runner/2.337.0/bin/Runner.Listener": "",
      "/opt/ci-fleet/runner/half-unpacked/x": "",
    },
    answer({
      "timedatectl show": ran("yes\n"),
      "id -nG": ran("ci-fleet docker\n"),
      "sudo -n -l": ran(
        "Matching Defaults entries for ci-fleet on forge:\n    env_reset\n\nUser ci-fleet may run the following commands on forge:\n    (ALL) NOPASSWD: ALL\n",
      ),
      "systemctl --no-pager list-units": ran("actions.runner.a.service loaded active running x\n"),
      "systemctl --no-pager list-unit-files": ran(""),
      "systemctl --no-pager show": ran("Id=actions.runner.a.service\nLoadState=loaded\nKillMode=process\n"),
    }),
  );
  assert.deepEqual(seen.kernelModules, { known: true, value: true });
  assert.deepEqual(seen.clockSynchronized, { known: true, value: true });
  assert.deepEqual(seen.linger, { known: true, value: true });
  assert.deepEqual([...seen.cdiDrivers], [["/etc/cdi/nvidia.yaml", ["550.163.01"]]]);
  assert.deepEqual(
    [...seen.sysctls],
    [
      ["user.max_user_namespaces", "28633"],
      ["kernel.unprivileged_userns_clone", null],
    ],
  );
  assert.deepEqual(seen.account, {
    known: true,
    value: {
      name: "ci-fleet",
      groups: ["ci-fleet", "docker"],
      subuids: 65_546,
      subgids: 0,
      sudo: { known: true, value: ["(ALL) NOPASSWD: ALL"] },
    },
  });
  assert.equal(seen.foreignUnits.known && seen.foreignUnits.value[0]?.killMode, "process");
  assert.deepEqual(seen.guarded, [{ known: true, value: { path: "/etc/ci-fleet", uid: 0, mode: 0o755 } }]);
  assert.deepEqual(seen.runnerVersions, { known: true, value: ["2.337.0"] });
  assert.deepEqual(seen.authority, { known: true, value: false });
  assert.deepEqual([...seen.programs.values()], [null, null, null], "mode 0644 is no program");
});

test("modules of another kernel mean an update; none at all mean a kernel without", async () => {
  const tools = answer({});
  const other = await look({ "/lib/modules/6.13.0/modules.dep": "" }, tools);
  assert.deepEqual(other.kernelModules, { known: true, value: false });
  assert.deepEqual((await look({}, tools)).kernelModules, { known: true, value: null });
  assert.deepEqual((await look({}, tools, { inContainer: true })).kernelModules, {
    known: true,
    value: null,
  });
  assert.equal((await look({}, tools, { kernel: null })).kernelModules.known, false);
});

test("tools that are not there or do not know leave a reason", async () => {
  const seen = await look(
    { "/opt/ci-fleet/runner": { error: "EACCES" } },
    answer({
      "timedatectl show": ran("", 1, "System has not been booted with systemd\n"),
      "id -nG": ran("", 1, "id: 'ci-fleet': no such user\n"),
    }),
  );
  assert.deepEqual(seen.clockSynchronized, { known: false, why: "System has not been booted with systemd" });
  assert.deepEqual(seen.account, { known: true, value: null });
  assert.deepEqual(seen.foreignUnits, { known: false, why: "systemctl is not installed" });
  assert.deepEqual(seen.runnerVersions, { known: false, why: "/opt/ci-fleet/runner: EACCES" });
});

test("what sudo lets an account do is unknown where only root may ask", async () => {
  const files = fakeFiles({});
  const ask = async (sudo: ToolResult) => {
    const account = await observeAccount(
      "ci-fleet",
      files,
      answer({ "id -nG": ran("ci-fleet"), "sudo -n -l": sudo }),
    );
    return account.known ? account.value?.sudo : null;
  };
  assert.deepEqual(await ask({ kind: "missing" }), { known: true, value: [] });
  assert.deepEqual(await ask(ran("User ci-fleet is not allowed to run sudo on forge.\n")), {
    known: true,
    value: [],
  });
  assert.deepEqual(await ask(ran("", 1, "sudo: a password is required\n")), {
    known: false,
    why: "only root may ask sudo about others",
  });
});

test("a folder that is not there yet has the room of the one that it will be in", () => {
  const here = readDisk("/");
  const deep = readDisk("/nowhere/at/all");
  assert.ok(here.known && deep.known);
  assert.equal(deep.value.totalBytes, here.value.totalBytes);
  assert.ok(here.value.totalBytes > 0 && here.value.freeBytes >= 0);
  assert.equal(deep.value.path, "/nowhere/at/all");
});
