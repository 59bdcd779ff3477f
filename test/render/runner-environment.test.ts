// What slots are told about where they register, by kind of target.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { TargetSpec } from "../../src/model/fleet.ts";
import { renderImages } from "../../src/render/image-files.ts";
import { listProcessEnvironment, listProxies } from "../../src/render/runner-scripts-environment.ts";
import { makeHost, makePlacement, makePlan } from "./compose-plan.ts";

function listFor(change: Partial<TargetSpec>): Readonly<Record<string, string>> {
  const placement = makePlacement({
    run: "process",
    lifetime: "persistent",
    image: null,
    uid: null,
    user: "ci-fleet",
    work: "same-as-host",
  });
  const host = makeHost([placement]);
  const plan = makePlan(host);
  const [target] = plan.targets;
  const [slot] = placement.slots;
  assert.ok(target && slot);
  const changed = { ...plan, targets: [{ ...target, ...change }] };
  return Object.fromEntries(listProcessEnvironment(changed, host, placement, slot));
}

test("each kind of target gives the address that config.sh takes and the request for a token", () => {
  const cases: readonly (readonly [Partial<TargetSpec>, string, string, string | undefined])[] = [
    [{ runnerGroup: "ci" }, "https://github.com/acme", "orgs/acme", "ci"],
    [
      {
        url: "https://github.com/acme/app",
        scope: { kind: "repository", owner: "acme", repo: "app" },
        runnerGroup: "ci",
      },
      "https://github.com/acme/app",
      "repos/acme/app",
      undefined,
    ],
    [
      {
        url: "https://ghe.example:8443/enterprises/big",
        scope: { kind: "enterprise", slug: "big" },
        flavour: "ghes",
        runnerGroup: null,
      },
      "https://ghe.example:8443/enterprises/big",
      "--hostname ghe.example:8443 enterprises/big",
      undefined,
    ],
    [
      {
        url: "https://github.com/alice",
        scope: { kind: "repositories", owner: "alice", repos: ["app", "lib"] },
      },
      "https://github.com/alice/app",
      "repos/alice/app",
      undefined,
    ],
  ];
  for (const [change, url, request, group] of cases) {
    const variables = listFor(change);
    assert.equal(variables.CI_FLEET_URL, url);
    assert.equal(variables.CI_FLEET_TOKEN_API, `${request}/actions/runners/registration-token`);
    assert.equal(variables.CI_FLEET_GROUP, group);
  }
});

test("a process slot runs from a copy of the unpacked runner, in folders of its own", () => {
  const variables = listFor({});
  assert.deepEqual(
    Object.fromEntries(
      Object.entries(variables).filter(([name]) =>
        /ROOT|SOURCE|STAMP|EXTERNALS|DIR|WORK|ADMIT|HOOK/.test(name),
      ),
    ),
    {
      CI_FLEET_RUNNER_ROOT: "/var/lib/ci-fleet/acme/acme-ci-forge-1/root",
      CI_FLEET_RUN_DIR: "/run/ci-fleet/acme/acme-ci-forge-1/runner",
      CI_FLEET_WORK: "/var/lib/ci-fleet/acme/acme-ci-forge-1/work",
      CI_FLEET_STATE_DIR: "/var/lib/ci-fleet/acme/acme-ci-forge-1/state",
      CI_FLEET_RUNNER_SOURCE: "/opt/ci-fleet/runner/2.338.1",
      CI_FLEET_RUNNER_STAMP: "2.338.1",
      CI_FLEET_EXTERNALS: "link",
      CI_FLEET_ADMIT: "sudo -u ci-fleet env CI_FLEET_RUN_DIR=/run/ci-fleet/acme/acme-ci-forge-1/runner",
      ACTIONS_RUNNER_HOOK_JOB_STARTED: "/etc/ci-fleet/acme/runner/job-started.sh",
      ACTIONS_RUNNER_HOOK_JOB_COMPLETED: "/etc/ci-fleet/acme/runner/job-completed.sh",
    },
  );
});

test("without a proxy there are no proxy variables, and `no_proxy` always has this machine", () => {
  const network = {
    proxy: null,
    noProxy: [".corp"],
    ca: null,
    caContent: null,
    mirrors: { apt: null, docker: null },
  };
  assert.deepEqual(listProxies({ network }), []);
  const found = new Map(listProxies({ network: { ...network, proxy: "http://p:1" } }));
  assert.equal(found.get("NO_PROXY"), "localhost,127.0.0.1,.corp");
  assert.equal(found.size, 6);
});

test("a version and an architecture of a package are written as one word", () => {
  const context = { kind: "packages", packages: ["clang=1:14.0-55.7~deb12u1", "libc6:arm64"] } as const;
  const image = { kind: "build", reference: "localhost/a:b", base: "debian:13", context } as const;
  const host = makeHost([makePlacement({ image })]);
  const [file] = renderImages(makePlan(host), host);
  assert.match(file?.content ?? "", / 'clang=1:14\.0-55\.7~deb12u1' \\\n +'libc6:arm64' \\\n/);
});

test("a package name that apt would read as an instruction never reaches a Dockerfile", () => {
  for (const name of ["sudo-", "clang=1-", "clang=", "clang/sid", "gcc:", "-y", "a;b", "A"]) {
    const context = { kind: "packages", packages: [name] } as const;
    const image = { kind: "build", reference: "localhost/a:b", base: "debian:13", context } as const;
    const host = makeHost([makePlacement({ image })]);
    assert.throws(() => renderImages(makePlan(host), host), /name of a package/, name);
  }
});
