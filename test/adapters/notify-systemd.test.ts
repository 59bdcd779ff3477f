// What systemd is told, by a stand-in for its tool.

import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openNotifier } from "../../src/adapters/notify-systemd.ts";
import { makeFolder } from "./folder.ts";

test("systemd is told by its own tool, at the socket that it gave", async (t) => {
  const folder = makeFolder(t);
  const tool = join(folder, "systemd-notify");
  writeFileSync(tool, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >>${folder}/told\n`);
  chmodSync(tool, 0o755);
  const env = { PATH: folder, NOTIFY_SOCKET: "/run/systemd/notify", WATCHDOG_USEC: "120000000" };
  const notifier = openNotifier(env);
  assert.equal(notifier?.everyMs, 60_000);
  for (const word of ["READY=1", "WATCHDOG=1", "STOPPING=1"] as const)
    assert.equal(await notifier?.tell(word), null);
  assert.equal(
    readFileSync(join(folder, "told"), "utf8"),
    "/run/systemd/notify READY=1\n/run/systemd/notify WATCHDOG=1\n/run/systemd/notify STOPPING=1\n",
  );
});

test("where nobody listens nothing is told, and a tool that fails is told of", async (t) => {
  for (const env of [{}, { NOTIFY_SOCKET: "" }]) assert.equal(openNotifier(env), null);
  const folder = makeFolder(t);
  writeFileSync(join(folder, "systemd-notify"), "#!/bin/sh\necho 'Failed to notify' >&2\nexit 1\n");
  chmodSync(join(folder, "systemd-notify"), 0o755);
  const notifier = openNotifier({ PATH: folder, NOTIFY_SOCKET: "/run/systemd/notify" });
  assert.equal(notifier?.everyMs, null);
  assert.equal(await notifier?.tell("READY=1"), "Failed to notify");
});
