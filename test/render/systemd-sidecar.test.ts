// A slot whose jobs have an engine of their own: when the slot's container is gone, its engine goes too, and while
// that container runs, without a client perhaps, the engine stays.

import assert from "node:assert/strict";
import { test } from "node:test";
import { renderSystemd } from "../../src/render/systemd.ts";
import { makeHost, makePlacement, makePlan } from "./compose-plan.ts";

test("the engine of a slot is removed after it, and only where the slot's container is gone", () => {
  const host = makeHost([makePlacement({ docker: "dind" }), makePlacement({ pool: "plain" })]);
  const files = renderSystemd(makePlan(host), host);
  for (const folder of ["systemd", "systemd/user"]) {
    const top = `hosts/forge/${folder}/acme-container@`;
    const dropIn = files.find(({ path }) => path === `${top}acme-ci-forge-1.service.d/10-slot.conf`);
    assert.deepEqual(
      dropIn?.content.split("\n").filter((line) => line !== "" && !line.startsWith("#")),
      [
        "[Service]",
        "ExecStopPost=-/bin/sh -c 'docker container inspect %i >/dev/null 2>&1 || docker rm --force --volumes %i-dind'",
      ],
    );
    assert.ok(!files.some(({ path }) => path.includes("acme-plain-forge-1")));
  }
});
