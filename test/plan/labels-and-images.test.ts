// What a runner is called, which image it runs and where its caches are.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fleet, PoolSpec } from "../../src/model/fleet.ts";
import type { Plan, PlanInputs } from "../../src/model/plan.ts";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import {
  makeCard,
  makeFleet,
  makeInputs,
  makeInventory,
  makeMachine,
  makeNvidiaInventory,
  makePool,
  makeRequest,
} from "./make-fleet.ts";

const GIB = 2 ** 30;

function plan(fleet: Fleet, inputs: PlanInputs): Plan {
  const { value, diagnostics } = planFleet(fleet, inputs);
  assert.ok(value !== null, JSON.stringify(diagnostics, null, 2));
  return value;
}

function labelsOf(pool: PoolSpec, inventory = makeNvidiaInventory([makeCard(1)])): readonly string[] {
  const planned = plan(makeFleet([makeMachine("forge")], [pool]), makeInputs({ forge: inventory }));
  return planned.pools[0]?.labels ?? [];
}

test("labels tell the architecture, the distribution the job sees, Docker, the GPU and emulation", () => {
  const pool = makePool("ci", {
    gpu: makeRequest(),
    docker: "rootless",
    emulate: ["linux/riscv64", "linux/amd64"],
    labels: ["CUDA-12", "Docker"],
  });
  assert.deepEqual(labelsOf(pool), [
    "self-hosted",
    "linux",
    "x64",
    "ubuntu",
    "docker",
    "gpu",
    "nvidia",
    "cuda",
    "qemu-riscv64",
    "cuda-12",
  ]);
});

test("the distribution is the host's for processes, the image's for containers, and absent where unknown", () => {
  const arch = makeInventory({
    os: { id: "arch", idLike: [], versionId: null, codename: null, prettyName: null },
  });
  const base = ["self-hosted", "linux", "x64"];
  assert.deepEqual(labelsOf(makePool("ci", { run: "process" }), arch), [...base, "arch", "cpu-only"]);
  assert.deepEqual(labelsOf(makePool("ci"), arch), [...base, "ubuntu", "cpu-only"]);
  assert.deepEqual(
    labelsOf(makePool("ci", { image: { kind: "packages", packages: ["clang"], from: null } }), arch),
    [...base, "ubuntu", "cpu-only"],
  );
  assert.deepEqual(
    labelsOf(makePool("ci", { image: { kind: "from", from: "ghcr.io/acme/runner:1.4" } }), arch),
    [...base, "cpu-only"],
  );
});

test("an emulated runner has its platform's label, and its host the handler", () => {
  const planned = plan(
    makeFleet([makeMachine("forge")], [makePool("arm", { platform: "linux/arm64" })]),
    makeInputs({ forge: makeInventory({ binfmt: null }) }),
  );
  const host = planned.hosts[0];
  assert.deepEqual(planned.pools[0]?.labels, ["self-hosted", "linux", "arm64", "ubuntu", "cpu-only"]);
  assert.deepEqual(
    [host?.emulate, host?.placements[0]?.platform, host?.placements[0]?.emulated],
    [["linux/arm64"], "linux/arm64", true],
  );
});

test("a pool on two architectures has two variants and only their common labels", () => {
  const planned = plan(
    makeFleet([makeMachine("forge"), makeMachine("spark")], [makePool("ci")]),
    makeInputs({ forge: makeInventory(), spark: makeInventory({ arch: "arm64" }) }),
  );
  assert.deepEqual(planned.pools[0]?.labels, ["self-hosted", "linux", "ubuntu", "cpu-only"]);
  assert.deepEqual(
    planned.pools[0]?.variants.map(({ arch, hosts }) => [arch, hosts]),
    [
      ["x64", ["forge"]],
      ["arm64", ["spark"]],
    ],
  );
});

test("a built image is named after everything that goes into it and comes from no registry", () => {
  const imageOf = (
    packages: readonly string[],
    from: string | null = null,
    version: string | null = "2.338.1",
  ) => {
    const fleet = makeFleet(
      [makeMachine("forge")],
      [makePool("ci", { image: { kind: "packages", packages, from } })],
    );
    const planned = plan(
      { ...fleet, runner: { ...fleet.runner, version } },
      makeInputs({ forge: makeInventory() }),
    );
    return planned.hosts[0]?.placements[0]?.image?.reference ?? "";
  };
  assert.match(imageOf(["clang"]), /^localhost\/ci-fleet\/acme\/ci:[0-9a-f]{16}$/);
  assert.equal(imageOf(["cmake", "clang"]), imageOf(["clang", "cmake", "clang"]));
  const different = [
    imageOf(["clang"]),
    imageOf(["clang", "cmake"]),
    imageOf(["clang"], "ghcr.io/acme/base:1"),
    imageOf(["clang"], null, "2.337.0"),
  ];
  assert.equal(new Set(different).size, different.length);
});

test("a Dockerfile's folder goes into the tag by names, contents and modes, in any order", () => {
  const file = (path: string, content: string, executable = false) => ({ path, content, executable });
  const tagOf = (...files: ReturnType<typeof file>[]) =>
    plan(
      makeFleet(
        [makeMachine("forge")],
        [makePool("ci", { image: { kind: "dockerfile", dockerfile: "images/ci.Dockerfile" } })],
      ),
      makeInputs({ forge: makeInventory() }, { imageFolders: new Map([["images/ci.Dockerfile", files]]) }),
    ).hosts[0]?.placements[0]?.image?.reference;
  const main = file("ci.Dockerfile", "FROM scratch\n");
  const tool = file("tool.sh", "true\n");
  assert.equal(tagOf(main, tool), tagOf(tool, main));
  const tags = [tagOf(main), tagOf(main, tool), tagOf(main, { ...tool, executable: true })];
  assert.equal(new Set(tags).size, tags.length);
});

test("the image is the runner's, with its version as tag, unless the spec says otherwise", () => {
  const imageOf = (image: string, digest: string | null) => {
    const fleet = makeFleet([makeMachine("forge")], [makePool("ci")]);
    const planned = plan(
      { ...fleet, runner: { ...fleet.runner, image, digest } },
      makeInputs({ forge: makeInventory() }),
    );
    return planned.hosts[0]?.placements[0]?.image?.reference;
  };
  const digest = `sha256:${"a".repeat(64)}`;
  assert.equal(imageOf("ghcr.io/actions/actions-runner", null), "ghcr.io/actions/actions-runner:2.338.1");
  assert.equal(
    imageOf("mirror:5000/actions/actions-runner", digest),
    `mirror:5000/actions/actions-runner:2.338.1@${digest}`,
  );
  assert.equal(imageOf("mirror:5000/runner:mine", null), "mirror:5000/runner:mine");
});

test("caches have a place, a variable and, for layers, a folder for each platform", () => {
  const caches = [
    { kind: "folder", name: "cargo-registry", path: "/home/runner/.cargo/registry", size: GIB },
    { kind: "buildx", name: "layers", size: GIB },
  ] as const;
  const cachesOf = (run: "container" | "process") =>
    plan(
      makeFleet(
        [makeMachine("forge")],
        [makePool("ci", { run, caches, docker: "rootless", emulate: ["linux/riscv64"] })],
      ),
      makeInputs({ forge: makeInventory() }),
    ).hosts[0]?.placements[0]?.caches.map(({ path, variable, platforms }) => [path, variable, platforms]);
  const platforms = ["linux/amd64", "linux/riscv64"];
  assert.deepEqual(cachesOf("container"), [
    ["/home/runner/.cargo/registry", "CI_FLEET_CACHE_CARGO_REGISTRY", []],
    ["/home/runner/.cache/ci-fleet/layers", "CI_FLEET_CACHE_LAYERS", platforms],
  ]);
  assert.deepEqual(cachesOf("process")?.[1], [null, "CI_FLEET_CACHE_LAYERS", platforms]);
});
