// A host that is no longer fit between two jobs: its card does not answer, its disk is full. Nothing registers then,
// `status` says why, and once the host is well again its runners come back by themselves.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FakeJob } from "../github/state.ts";
import { addCard, CARD, CARD_ANSWERS } from "./card.ts";
import { giveToken, makeFleet, writeSpec } from "./fleet.ts";
import { openLab } from "./lab.ts";
import { putInForce } from "./put-in-force.ts";
import { findSlot, type Slot } from "./slot.ts";
import { waitFor } from "./wait-for.ts";

const HANGS = "#!/bin/sh\nexec sleep 1000\n";
const LOST =
  '#!/bin/sh\necho "Unable to determine the device handle for GPU0000:01:00.0: Unknown Error"\nexit 15\n';

const STATE = "/var/lib/ci-fleet";
const PATIENT = { within: 90_000 };

test("a host that is not fit", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  lab.github.liveness = 2000;
  const host = await lab.bootHost();
  await giveToken(lab, host);
  const giveCard = (program: string) => host.write("/usr/bin/nvidia-smi", program, "755");
  await giveCard(CARD_ANSWERS);
  // A disk of its own, which is full when it is made small.
  await host.bash(`mkdir -p ${STATE} && mount -t tmpfs -o size=8G none ${STATE}`);
  const pools = { box: "{labels: [box]}", card: "{run: process, labels: [card], gpu: {vendor: nvidia}}" };
  await makeFleet(host, writeSpec({ pools }), (inventory) => addCard(inventory, false));
  const box = findSlot(lab, host, { run: "container", pool: "box" });
  const card = findSlot(lab, host, { run: "process", pool: "card" });
  const queue = (name: "box" | "card", script = "true") => lab.queueJob(script, { labels: [name], name });

  const expectRed = async (slot: Slot, text: RegExp) => {
    const isRed = async () => {
      const said = await slot.status();
      return said.reason === "PreflightRed" && text.test(said.text);
    };
    await waitFor(`${slot.name} to be red`, isRed, { ...PATIENT, instead: slot.status });
    assert.equal(slot.find(), undefined, "it registered all the same");
  };
  /** A job of the card runs; ends when it is told to. */
  const runUntilTold = async (): Promise<{ readonly job: FakeJob; readonly end: () => Promise<void> }> => {
    const job = queue("card", "until [ -e /home/runner/go ]; do sleep 0.1; done");
    await waitFor("the job to run", () => job.status === "in_progress", PATIENT);
    const end = async () => {
      await host.bash(`touch ${STATE}/acme/${card.name}/home/go`);
      await lab.expectJob(job);
    };
    return { job, end };
  };
  /** Between two jobs the card is what it is then; the next job waits until it is well again. */
  const loseCard = async (program: string, text: RegExp) => {
    const { end } = await runUntilTold();
    await giveCard(program);
    const mints = card.mints();
    await end();
    await expectRed(card, text);
    const next = queue("card");
    await lab.expectJob(queue("box"));
    assert.equal(next.status, "queued");
    assert.ok(card.mints() - mints <= 2, "only the other slot may have asked for a secret");
    await giveCard(CARD_ANSWERS);
    await lab.expectJob(next, "success", PATIENT);
  };

  await lab.scene("each slot takes jobs, and the one with the card has it by name", async () => {
    await putInForce(host);
    const job = queue("card", 'echo "card: $CUDA_VISIBLE_DEVICES"');
    await lab.expectJob(queue("box"), "success", PATIENT);
    await lab.expectJob(job, "success", PATIENT);
    assert.match(job.log, new RegExp(`card: ${CARD}`));
  });

  await lab.scene("a card that hangs after a job", () => loseCard(HANGS, /did not answer within 20 s/));

  await lab.scene("a card that falls off the bus after a job", () =>
    loseCard(LOST, /does not answer: Unable to determine the device handle/),
  );

  await lab.scene("a disk that fills up under a waiting runner: its job is refused in words", async () => {
    await Promise.all([box.online(undefined, PATIENT), card.online(undefined, PATIENT)]);
    await host.bash(`mount -o remount,size=1G ${STATE}`);
    const refused = queue("card");
    await lab.expectJob(refused, "failure");
    assert.match(
      refused.log,
      /^::error title=Runner disk is full::acme-card-forge-1 has \d+ MiB free, and a job needs 2048 MiB\. Free some/m,
    );
    await expectRed(card, /disk-full: .*MiB free, and a runner needs 2304 MiB/s);
    const next = queue("card");
    await host.bash(`mount -o remount,size=8G ${STATE}`);
    await lab.expectJob(next, "success", PATIENT);
  });
});
