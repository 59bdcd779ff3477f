// Which processes of the slots' account are no slot's.

import assert from "node:assert/strict";
import { test } from "node:test";
import { findStrays } from "../../src/adapters/observe-strays.ts";
import type { HostTools } from "../../src/model/ports.ts";
import { fakeFiles } from "../hardware/fake-files.ts";

const tools: HostTools = {
  run: async () => ({ kind: "ran", exitCode: 0, stdout: "997\n", stderr: "" }),
};
const makeProcess = (pid: number, uid: number, group: string, name = "sleep") => ({
  [`/proc/${pid}/status`]: `Name:\t${name}\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\n`,
  [`/proc/${pid}/cgroup`]: `0::${group}\n`,
  [`/proc/${pid}/comm`]: `${name}\n`,
});

test("only what is outside of every slot counts, whatever it calls itself", async () => {
  const container = "c".repeat(64);
  const found = await findStrays(
    "ci-fleet",
    fakeFiles({
      ...makeProcess(10, 997, "/system.slice/system-acme.slice/acme-process@acme-ci-forge-1.service"),
      ...makeProcess(11, 997, "/system.slice/acme-process@acme-ci-forge-1.service/sub"),
      ...makeProcess(12, 997, "/system.slice/acme-rootless.service"),
      ...makeProcess(13, 0, "/system.slice/cron.service"),
      ...makeProcess(14, 997, `/system.slice/docker-${container}.scope`),
      ...makeProcess(20, 997, "/system.slice/cron.service", "mi\u001b[31mner"),
      ...makeProcess(
        21,
        997,
        "/user.slice/user-997.slice/user@997.service/app.slice/acme-process@acme-ci-forge-1.service",
      ),
      ...makeProcess(22, 997, "/user.slice/user-997.slice/session-4.scope"),
      "/proc/self/status": "Uid:\t997\n",
    }),
    tools,
  );
  assert.deepEqual(found.known && found.value.map(({ pid }) => pid), [20, 21, 22]);
  assert.doesNotMatch(JSON.stringify(found), /u001b/);
});

test("without a uid nothing is said", async () => {
  const none: HostTools = { run: async () => ({ kind: "missing" }) };
  assert.deepEqual(await findStrays("ci-fleet", fakeFiles({}), none), {
    known: false,
    why: "the uid of ci-fleet is not known",
  });
});
