// A card that the engine itself gives to a runner's container, by its name in a CDI list.

import assert from "node:assert/strict";
import { test } from "node:test";
import { addCard, CARD, CARD_ANSWERS, CARD_LIST } from "./card.ts";
import { giveToken, makeFleet, REPOSITORY, writeSpec } from "./fleet.ts";
import { openLab } from "./lab.ts";
import { putInForce } from "./put-in-force.ts";
import { findSlot } from "./slot.ts";
import { waitFor } from "./wait-for.ts";

test("a card by CDI", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  const host = await lab.bootHost();
  await giveToken(lab, host);
  await host.write("/usr/bin/nvidia-smi", CARD_ANSWERS, "755");
  await host.write("/etc/cdi/nvidia.yaml", CARD_LIST);
  await host.bash(`cd /etc/docker 2>/dev/null || mkdir /etc/docker && cd /etc/docker
    [[ -s daemon.json ]] || echo '{}' >daemon.json
    jq '.features.cdi = true' daemon.json >new && mv new daemon.json && systemctl restart docker`);
  const pools = { card: "{labels: [card], gpu: {vendor: nvidia}}", none: "{labels: [none]}" };
  await makeFleet(host, writeSpec({ pools }), (inventory) => addCard(inventory, true));
  const slot = findSlot(lab, host, { run: "container", pool: "card" });
  const look = "ls /dev/nvidia0 /usr/lib/x86_64-linux-gnu/libcuda.so.* 2>&1 || true";

  await lab.scene("the plan takes the engine's own way, and a job finds the card", async () => {
    assert.match(
      await host.bash(`cat ${REPOSITORY}/rendered/hosts/forge/compose.yaml`),
      new RegExp(`nvidia.com/gpu=${CARD}`),
    );
    await putInForce(host);
    const [job, other] = [
      lab.queueJob(look, { labels: ["card"], name: "card" }),
      lab.queueJob(look, { labels: ["none"], name: "none" }),
    ];
    await lab.expectJob(job);
    await lab.expectJob(other);
    assert.match(job.log, /^\/dev\/nvidia0$/m);
    assert.match(job.log, /libcuda\.so\.550\.163\.01$/m);
    assert.doesNotMatch(other.log, /^\/dev\/nvidia0$/m);
  });

  await lab.scene("the card stays when systemd reads its units anew", async () => {
    const job = lab.queueJob(
      `${look}\nuntil [ -e /tmp/go ]; do sleep 0.2; done; echo again; : </dev/nvidia0 && echo open`,
      { labels: ["card"], name: "long" },
    );
    await waitFor("the job to run", () => job.status === "in_progress");
    await host.run("systemctl", "daemon-reload");
    await host.bash(`docker exec $(docker ps -q --filter name=${slot.name}) touch /tmp/go`);
    await lab.expectJob(job);
    assert.match(job.log, /^open$/m);
  });
});
