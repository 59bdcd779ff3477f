// What is asked of Docker for one slot, and what its refusals are told as.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createContainer,
  listSlotContainers,
  makeNetwork,
  removeContainers,
  startSidecar,
} from "../../src/adapters/container-slot.ts";
import { WorldError } from "../../src/base/world-error.ts";
import { makeTools, ran } from "./fake-tools.ts";

const SLOT = "acme-ci-forge-1";
const place = { config: "/etc/ci-fleet/acme", service: SLOT, isBuilt: false };

test("a slot's containers are listed with whose they are", async () => {
  const tools = makeTools({ "docker ps": ran(`${SLOT}\texited\tacme\n${SLOT}-dind\trunning\t\n`) });
  assert.deepEqual(await listSlotContainers(SLOT, tools), [
    { name: SLOT, state: "exited", fleet: "acme" },
    { name: `${SLOT}-dind`, state: "running", fleet: null },
  ]);
  assert.ok(tools.asked[0]?.includes(`--filter name=^/?${SLOT}$ --filter name=^/?${SLOT}-dind$`));
});

test("an engine that does not answer is a fault, not an empty list", async () => {
  const cases = [
    [{ kind: "missing" }, "docker is not installed"],
    [{ kind: "timeout", afterMs: 20_000 }, "docker did not answer within 20 s"],
    [ran("", 1, "Cannot connect to the Docker daemon\nmore"), "Cannot connect to the Docker daemon"],
  ] as const;
  for (const [answer, why] of cases) {
    const found = await listSlotContainers(SLOT, makeTools({ docker: answer }));
    assert.ok("message" in found);
    assert.deepEqual([found.reason, found.message], ["docker-silent", `Docker does not answer: ${why}`]);
  }
});

test("Compose is told the file, no other environment, and to pull only what a registry can have", async () => {
  const tools = makeTools({ "docker compose": ran() });
  await createContainer(place, tools);
  await createContainer({ ...place, isBuilt: true }, tools);
  const line = (pull: string) =>
    `docker compose --project-directory /etc/ci-fleet/acme --file /etc/ci-fleet/acme/compose.yaml --env-file /dev/null --profile on-demand create --no-build --pull ${pull} ${SLOT}`;
  assert.deepEqual(tools.asked, [line("missing"), line("never")]);
});

const refusals: readonly (readonly [string, boolean, RegExp])[] = [
  ["Error response from daemon: No such image: localhost/ci-fleet/acme/ci:1", true, /builds the image/],
  ["Error response from daemon: pull access denied for x", false, /check the image's name/],
  [
    'Error: invalid mount config for type "bind": bind source path does not exist: /srv/models',
    false,
    /make the folder/,
  ],
  ["network ci-fleet-acme declared as external, but could not be found", false, /network went away/],
  ['could not select device driver "cdi" with capabilities: []', false, /NVIDIA Container Toolkit/],
  ["no such service: acme-ci-forge-1", false, /of another plan/],
];
for (const [said, isBuilt, help] of refusals) {
  test(`a container that cannot be created says what to do: ${said}`, async () => {
    const stderr = ` Container ${SLOT}  Creating\n${said}\n`;
    const tools = makeTools({ "docker compose": ran("", 1, stderr) });
    await assert.rejects(createContainer({ ...place, isBuilt }, tools), (error) => {
      assert.ok(error instanceof WorldError);
      assert.equal(error.message, `cannot create the container ${SLOT}: ${said}`);
      assert.match(error.help ?? "", help);
      return true;
    });
  });
}

test("containers that are gone already are removed; others are told", async () => {
  const gone = makeTools({ "docker rm": ran("", 1, "Error response from daemon: No such container: x\n") });
  await removeContainers([SLOT], gone);
  assert.deepEqual(gone.asked, [`docker rm --force --volumes -- ${SLOT}`]);
  const stuck = makeTools({ "docker rm": ran("", 1, "Error: could not kill: tried to kill container\n") });
  await assert.rejects(removeContainers([SLOT], stuck), /cannot remove the containers .*tried to kill/);
});

test("the network is made once, between two looks, and closed between slots", async () => {
  const tools = makeTools({
    "docker network ls": [ran(), ran(), ran("abc\n")],
    "docker network create": ran("abc\n"),
  });
  await makeNetwork("ci-fleet-acme", "/nonexistent/ci-fleet-test", tools);
  await makeNetwork("ci-fleet-acme", "/nonexistent/ci-fleet-test", tools);
  assert.deepEqual(
    tools.asked.map((line) => line.split(" ").slice(0, 3).join(" ")),
    ["docker network ls", "docker network ls", "docker network create", "docker network ls"],
  );
  assert.ok(tools.asked[2]?.includes("--opt com.docker.network.bridge.enable_icc=false -- ci-fleet-acme"));
});

test("a sidecar that does not start is told", async () => {
  const tools = makeTools({ "docker start": ran("", 1, "Error: OCI runtime create failed\n") });
  await assert.rejects(startSidecar("x-dind", tools), /cannot start the engine x-dind: Error: OCI runtime/);
});
