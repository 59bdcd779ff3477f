// The container half of a host, whole: fixtures/containers/ holds what each case renders to.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import type { Placement } from "../../src/model/plan.ts";
import { renderContainers } from "../../src/render/compose.ts";
import { expectGolden } from "../golden.ts";
import { containerCases } from "./compose-cases.ts";
import { makeGpu, makeHost, makePlacement, makePlan, makeSlot } from "./compose-plan.ts";
import { anyText } from "./hostile-text.ts";

for (const [name, { plan, host }] of Object.entries(containerCases)) {
  test(`${name} renders to the files in fixtures/containers`, () => {
    // The scripts are the same for every host: one golden holds them.
    const files = renderContainers(plan, host);
    const kept = files.filter((file) => name === "one-ephemeral-slot" || !file.path.includes("/runner/"));
    expectGolden(`fixtures/containers/${name}`, kept);
    assert.equal(files.filter((file) => file.path.includes("/runner/")).length, 5);
  });
}

function renderService(placement: Placement): Record<string, unknown> {
  const host = makeHost([placement]);
  const file = renderContainers(makePlan(host), host).find(({ path }) => path.endsWith("compose.yaml"));
  const { services } = parse(file?.content ?? "") as { services: Record<string, Record<string, unknown>> };
  return services[placement.slots[0]?.name ?? ""] ?? {};
}

test("a hypervisor, a cluster and a host without slots get no files", () => {
  const one = makePlacement();
  for (const host of [
    makeHost([one], { kind: "kubernetes" }),
    makeHost([one], { kind: "proxmox" }),
    makeHost([]),
  ]) {
    assert.deepEqual(renderContainers(makePlan(host), host), []);
  }
});

test("a host of processes gets the scripts and no Compose file", () => {
  const host = makeHost([makePlacement({ run: "process", image: null, uid: null, user: "ci-fleet" })]);
  const paths = renderContainers(makePlan(host), host).map((file) => file.path);
  assert.deepEqual(
    paths,
    ["entrypoint.sh", "folders.sh", "identity.sh", "job-started.sh", "job-completed.sh"].map(
      (name) => `hosts/forge/runner/${name}`,
    ),
  );
});

test("any value of the environment comes back once Compose has halved its dollars", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const { environment } = renderService(makePlacement({ env: { ANY: text } }));
      assert.equal((environment as Record<string, string>).ANY?.replaceAll("$$", "$"), text);
    }),
  );
});

test("what the scripts are told cannot be changed by the pool's own variables", () => {
  const env = { CI_FLEET_LIFETIME: "persistent", ACTIONS_RUNNER_HOOK_JOB_STARTED: "/tmp/x.sh" };
  const { environment } = renderService(makePlacement({ env }));
  assert.equal((environment as Record<string, string>).CI_FLEET_LIFETIME, "ephemeral");
  assert.equal(
    (environment as Record<string, string>).ACTIONS_RUNNER_HOOK_JOB_STARTED,
    "/ci-fleet/scripts/job-started.sh",
  );
});

test("a slot never gets its cards in two ways", () => {
  const ways: readonly Placement["gpu"][] = [
    { kind: "cdi", vendor: "nvidia", why: "" },
    { kind: "reservation", vendor: "nvidia", driver: "nvidia", capabilities: [], why: "" },
    { kind: "reservation", vendor: "nvidia", driver: "cdi", capabilities: ["video"], why: "" },
    { kind: "runtime", vendor: "nvidia", capabilities: [], why: "" },
  ];
  for (const gpu of ways) {
    const service = renderService(
      makePlacement({ gpu, slots: [makeSlot("ci", 1, { gpus: [makeGpu("nvidia", 0)] })] }),
    );
    const used = ["devices", "gpus", "deploy", "runtime"].filter((key) => key in service);
    assert.equal(used.length, 1, JSON.stringify(service));
  }
});

test("the generation of a slot changes with its service and not with ci-fleet's version", () => {
  const generationOf = (placement: Placement, ciFleetVersion = "1.0.0") => {
    const host = makeHost([placement]);
    const [file] = renderContainers(makePlan(host, { ciFleetVersion }), host);
    return /dev\.ci-fleet\.generation: "([0-9a-f]{16})"/.exec(file?.content ?? "")?.[1];
  };
  const first = generationOf(makePlacement());
  assert.ok(first);
  assert.equal(generationOf(makePlacement(), "2.0.0"), first);
  assert.notEqual(generationOf(makePlacement({ env: { A: "b" } })), first);
});

test("a bug in the plan throws instead of rendering a slot without its card", () => {
  const gpu = { kind: "cdi", vendor: "nvidia", why: "" } as const;
  assert.throws(() => renderService(makePlacement({ gpu })), /no card/);
  assert.throws(
    () =>
      renderService(
        makePlacement({
          gpu: {
            kind: "environment",
            vendor: "amd",
            variable: "ROCR_VISIBLE_DEVICES",
            order: null,
            groups: [],
            why: "",
          },
          slots: [makeSlot("ci", 1, { gpus: [makeGpu("amd", 0)] })],
        }),
      ),
    /cannot be given by a variable/,
  );
});
