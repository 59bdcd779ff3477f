// What apply says and goes on: files beside its own that are not there, credentials that will not be used, a user whose
// slots would end with the session.

import assert from "node:assert/strict";
import { test } from "node:test";
import { placeFleetForUser, placeForSystem } from "../../src/apply/places.ts";
import { planApply } from "../../src/apply/plan-apply.ts";
import { wantHost } from "../../src/apply/want-host.ts";
import { placesOf } from "../../src/model/names.ts";
import { renderContainers } from "../../src/render/compose.ts";
import { renderSystemd } from "../../src/render/systemd.ts";
import { makeBusyHost, makeBusyPlan } from "../render/systemd-fleet.ts";
import { FakeHost } from "./fake-host.ts";
import { FLEETS } from "./fleets.ts";

const newHost = () => new FakeHost(placeForSystem(placesOf("acme")));

test("what is missing beside us is a warning: slots wait for it", () => {
  const wanted = FLEETS.first();
  const host = newHost().observe(wanted);
  const { refusals, warnings } = planApply(
    wanted,
    { ...host, absent: new Set(["/etc/ci-fleet/app.pem"]) },
    { force: false },
  );
  assert.deepEqual(refusals, []);
  assert.deepEqual(warnings, [
    {
      message: "/etc/ci-fleet/app.pem, the credential of target default, is not there",
      help: "run `ci-fleet auth put` here; until then slots wait and register nothing",
    },
  ]);
});

test("a credential that others could read is a warning with the command that closes it", () => {
  const wanted = FLEETS.first();
  const message = "/etc/ci-fleet/app.pem is open to other users (mode 0644)";
  const unsafe = new Map([["/etc/ci-fleet/app.pem", { message, help: "chmod 600 /etc/ci-fleet/app.pem" }]]);
  const { refusals, warnings } = planApply(
    wanted,
    { ...newHost().observe(wanted), unsafe },
    { force: false },
  );
  assert.deepEqual(refusals, []);
  assert.deepEqual(warnings, [
    {
      message: `the credential of target default is not used: ${message}`,
      help: "chmod 600 /etc/ci-fleet/app.pem",
    },
  ]);
});

test("a user who does not linger is told what that means", () => {
  const wanted = {
    ...FLEETS.first(),
    places: { ...placeForSystem(placesOf("acme")), flavour: "user" as const },
  };
  const at = newHost().observe(wanted);
  const asUser = {
    ...at,
    places: wanted.places,
    ground: { ...at.ground, isRoot: false, lingers: false, userName: "alice" },
  };
  const { warnings } = planApply(wanted, asUser, { force: false });
  assert.equal(warnings[0]?.help, "run `loginctl enable-linger alice`");
});

test("the command for a missing credential names the target where there are several, and a user's own place", () => {
  const host = makeBusyHost();
  const places = placeFleetForUser("acme", { home: "/home/alice", config: null, runtime: "/run/user/1000" });
  const program = { path: "/root/ci-fleet", sha256: "ab".repeat(32) };
  const plan = makeBusyPlan(host);
  const rendered = [...renderContainers(plan, host), ...renderSystemd(plan, host)];
  const wanting = wantHost({ plan, host, places, rendered, copies: [], program });
  assert.ok(wanting.kind !== "clash");
  assert.deepEqual(
    wanting.wanted.expects.filter(({ isSecret }) => isSecret).map(({ path, help }) => [path, help]),
    [
      [
        "/home/alice/.config/ci-fleet/app.pem",
        "run `ci-fleet auth put --target default --user` here; until then slots wait and register nothing",
      ],
      [
        "/home/alice/.config/ci-fleet/second token",
        "run `ci-fleet auth put --target second --user` here; until then slots wait and register nothing",
      ],
    ],
  );
});
