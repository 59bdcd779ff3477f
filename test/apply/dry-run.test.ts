// What a dry run prints, whole: for each way that a host can be, the commands in their order. The expected texts are
// shell scripts to read, under fixtures/apply.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { describeSteps } from "../../src/apply/describe-step.ts";
import { placeFleetForUser, placeForSystem } from "../../src/apply/places.ts";
import { planApply } from "../../src/apply/plan-apply.ts";
import { wantHost } from "../../src/apply/want-host.ts";
import type { Wanted } from "../../src/model/apply.ts";
import type { Installed } from "../../src/model/apply-state.ts";
import { placesOf } from "../../src/model/names.ts";
import type { PlannedHost } from "../../src/model/plan.ts";
import { renderContainers } from "../../src/render/compose.ts";
import { renderPlan } from "../../src/render/render-plan.ts";
import { renderSystemd } from "../../src/render/systemd.ts";
import { expectGolden } from "../golden.ts";
import { makeHost, makePlacement, makePlan, makeProcessPlacement } from "../render/systemd-fleet.ts";
import { applyHere } from "./apply-here.ts";
import { FakeHost } from "./fake-host.ts";
import { FLEETS, wantFleet } from "./fleets.ts";

const fixtures = join(import.meta.dirname, "../../fixtures/apply");

function expectSteps(name: string, wanted: Wanted | null, installed: Installed): void {
  const plan = planApply(wanted, installed, { force: false });
  const content = describeSteps(plan.steps, installed.slots);
  expectGolden(join(fixtures, name), [{ path: "steps.sh", content, mode: 0o644 }]);
}

const newHost = () => new FakeHost(placeForSystem(placesOf("acme")));

async function hostWith(wanted: Wanted): Promise<FakeHost> {
  const host = newHost();
  await applyHere(host, wanted);
  return host;
}

test("a bare host gets account, folders, images, runner and network before anything changes", () => {
  const wanted = FLEETS.withBuild();
  expectSteps("a-bare-host", wanted, newHost().observe(wanted));
});

test("a new image restarts the slots that run, each when it has no job", async () => {
  const host = await hostWith(FLEETS.first());
  host.beginJob("acme-ci-forge-1");
  const wanted = FLEETS.newImage();
  expectSteps("a-new-image-while-a-job-runs", wanted, host.observe(wanted));
});

test("a pool that shrinks is drained, signed off and taken down, and units go last", async () => {
  const host = await hostWith(FLEETS.withProcesses());
  const wanted = FLEETS.first();
  expectSteps("a-pool-that-is-gone", wanted, host.observe(wanted));
});

test("a slot that becomes another runner is taken down before it is put up", async () => {
  const host = await hostWith(FLEETS.first());
  const wanted = FLEETS.runsAsProcess();
  expectSteps("a-slot-that-becomes-a-process", wanted, host.observe(wanted));
});

const card = {
  vendor: "nvidia" as const,
  id: "GPU-00000001-1111-2222-3333-444444444444",
  selector: "GPU-00000001-1111-2222-3333-444444444444",
  name: null,
  address: null,
  renderNode: null,
  index: 0,
};

const withCards = (labels: readonly string[]): Wanted =>
  wantFleet({
    placements: [
      makePlacement({
        labels,
        slots: [{ name: "acme-ci-forge-1", index: 1, always: true, gpus: [card] }],
        gpu: {
          kind: "reservation",
          vendor: "nvidia",
          driver: "nvidia",
          capabilities: ["gpu", "utility"],
          why: "no CDI",
        },
      }),
      ...(labels.length > 1 ? [makePlacement({ pool: "more" })] : []),
    ],
  });

test("where a reload would take the card from a job, all of the change waits for that job", async () => {
  const host = await hostWith(withCards(["a"]));
  host.cgroupDriver = "systemd";
  host.beginJob("acme-ci-forge-1");
  const wanted = withCards(["a", "b"]);
  expectSteps("a-reload-that-would-take-cards", wanted, host.observe(wanted));
});

test("everything is taken down in the reverse order", async () => {
  const host = await hostWith(FLEETS.withProcesses());
  expectSteps("nothing-is-wanted", null, host.observe(null));
});

test("a host without systemd gets containers that the engine keeps alive", () => {
  const places = placeForSystem(placesOf("acme"));
  const wanted = wantOn({ supervision: "compose" }, places);
  expectSteps("without-systemd", wanted, { ...newHost().observe(wanted), places });
});

test("below a home everything is the user's", () => {
  const folders = { home: "/home/alice", config: null, runtime: "/run/user/1000" };
  const places = placeFleetForUser("acme", folders);
  const wanted = wantOn({}, places);
  const host = new FakeHost(places);
  expectSteps("below-a-home", wanted, host.observe(wanted));
});

test("an authority of the repository is installed, and a new one is news to every slot", () => {
  const places = placeForSystem(placesOf("acme"));
  const host = makeHost({ placements: [makePlacement({ lifetime: "persistent" }), makeProcessPlacement()] });
  const want = (caContent: string | null) => {
    const ca = "/etc/ci-fleet/acme/authority/ca.pem";
    const network = { proxy: null, noProxy: [], ca, caContent, mirrors: { apt: null, docker: null } };
    const plan = { ...makePlan(host), network };
    const copies = [{ path: "certs/corp.pem", content: caContent ?? "", mode: 0o644 as const }];
    const rendered = renderPlan({ ...plan, hosts: [host] }, new Set([host.name]), copies);
    const program = { path: "/tmp/ci-fleet", sha256: "ab".repeat(32) };
    const wanting = wantHost({ plan, host, places, rendered, copies, program });
    if (wanting.kind === "clash") throw new Error("clash");
    return wanting.wanted;
  };
  const [first, second] = [want("first\n"), want("second\n")];
  const file = first.files.find(({ path }) => path === "/etc/ci-fleet/acme/authority/ca.pem");
  assert.equal(file?.content, "first\n");
  assert.deepEqual(
    first.expects.filter(({ what }) => what.includes("authority")),
    [],
  );
  assert.equal(want(null).expects.filter(({ what }) => what.includes("authority")).length, 1);
  for (const [index, { generation }] of first.slots.entries()) {
    assert.notEqual(generation, second.slots[index]?.generation);
  }
});

function wantOn(change: Partial<PlannedHost>, places: Wanted["places"]): Wanted {
  const host = makeHost({ placements: [makePlacement({ lifetime: "persistent" })], ...change });
  const plan = makePlan(host);
  const wanting = wantHost({
    ...{ plan, host, places },
    rendered: [...renderContainers(plan, host), ...renderSystemd(plan, host)],
    copies: [{ path: "fleet.yaml", content: "fleet: acme\n", mode: 0o644 }],
    program: { path: "/tmp/ci-fleet", sha256: "ab".repeat(32) },
  });
  if (wanting.kind === "clash") throw new Error("clash");
  return wanting.wanted;
}
