// Everything that keeps apply from beginning: one case for each rule, on a host that breaks it. Nothing is changed
// where one speaks, and each names the next step.

import assert from "node:assert/strict";
import { test } from "node:test";
import { placeForSystem, RETIRED } from "../../src/apply/places.ts";
import { planApply } from "../../src/apply/plan-apply.ts";
import { hashText } from "../../src/apply/read-generations.ts";
import type { Wanted } from "../../src/model/apply.ts";
import type { EngineState, FileState, Ground, Installed, UnitState } from "../../src/model/apply-state.ts";
import { placesOf } from "../../src/model/names.ts";
import { makePlacement, makeProcessPlacement } from "../render/systemd-fleet.ts";
import { applyHere } from "./apply-here.ts";
import { FakeHost } from "./fake-host.ts";
import { FLEETS, PROGRAM, wantFleet } from "./fleets.ts";

const newHost = () => new FakeHost(placeForSystem(placesOf("acme")));
const file = (content: string): FileState => ({
  kind: "file",
  sha256: hashText(content),
  executable: false,
  size: content.length,
});
const unit = (fragment: string): UnitState => ({
  active: "active",
  enabled: false,
  fragment,
  invocation: null,
});
const ground = (change: Partial<Ground>) => (at: Installed) => ({
  ...at,
  ground: { ...at.ground, ...change },
});
const engine = (change: Partial<EngineState>) => (at: Installed) => ({
  ...at,
  engine: at.engine === null ? null : { ...at.engine, ...change },
});
const rootless = wantFleet({ placements: [makePlacement({ docker: "rootless", work: "same-as-host" })] });
const socket = wantFleet({
  placements: [makeProcessPlacement({ gpu: null, caches: [], docker: "socket" })],
});
const fromSource: Wanted = { ...FLEETS.first(), program: null };
const none = { version: null, compose: null };

type Break = (at: Installed) => Installed;

const cases: readonly (readonly [string, Wanted, Break, "world" | "found", RegExp, RegExp])[] = [
  ["not root", FLEETS.first(), ground({ isRoot: false }), "world", /takes root/, /sudo, or --user/],
  [
    "--user as root",
    FLEETS.first(),
    (at) => ({ ...at, places: { ...at.places, flavour: "user" } }),
    "world",
    /that is root/,
    /without sudo/,
  ],
  [
    "no systemd",
    FLEETS.first(),
    ground({ manager: "absent" }),
    "world",
    /systemd does not run/,
    /init --refresh/,
  ],
  [
    "a manager that does not answer",
    FLEETS.first(),
    ground({ manager: { problem: "no bus" } }),
    "world",
    /does not answer: no bus/,
    /systemctl status/,
  ],
  [
    "no Docker",
    FLEETS.first(),
    (at) => engine({ ...none, problem: "there is none" })(ground({ missing: new Set(["docker"]) })(at)),
    "world",
    /Docker does not answer: there is none/,
    /install Docker Engine/,
  ],
  [
    "an engine that is down",
    FLEETS.first(),
    engine({ ...none, problem: "cannot connect" }),
    "world",
    /cannot connect/,
    /systemctl start docker/,
  ],
  [
    "an engine that lets nobody but its group ask",
    FLEETS.first(),
    (at) =>
      engine({ ...none, problem: "permission denied while trying to connect" })({
        ...ground({ isRoot: false, userName: "alice" })(at),
        places: { ...at.places, flavour: "user" },
      }),
    "world",
    /Docker does not answer: permission denied/,
    /usermod -aG docker alice/,
  ],
  [
    "no Compose",
    FLEETS.first(),
    engine({ compose: null }),
    "world",
    /docker compose/,
    /docker-compose-plugin/,
  ],
  [
    "Docker in another place",
    FLEETS.first(),
    ground({ missing: new Set(["/usr/bin/docker"]) }),
    "world",
    /\/usr\/bin\/docker/,
    /a link to it/,
  ],
  [
    "no rootless engine",
    rootless,
    ground({ missing: new Set(["newuidmap"]) }),
    "world",
    /newuidmap/,
    /uidmap/,
  ],
  ["no group docker", socket, ground({ groups: new Set() }), "world", /no group docker/, /groupadd docker/],
  [
    "the runner's uid is somebody's",
    rootless,
    (at) => ({ ...at, uidHolder: "alice" }),
    "found",
    /alice has it/,
    /another uid/,
  ],
  [
    "the account has another uid",
    rootless,
    (at) => ({ ...at, account: { uid: 998, subordinates: true } }),
    "found",
    /has the uid 998/,
    /userdel ci-fleet/,
  ],
  ["no useradd", socket, ground({ missing: new Set(["useradd"]) }), "world", /useradd/, /package/],
  [
    "a read-only /etc",
    FLEETS.first(),
    ground({ unwritable: new Map([["/etc", "the file system is read-only"]]) }),
    "world",
    /cannot write in \/etc/,
    /writable/,
  ],
  ["no program", fromSource, (at) => at, "found", /runs from source/, /npm run build/],
  [
    "another program",
    FLEETS.first(),
    (at) => ({ ...at, program: file("other") }),
    "found",
    /another ci-fleet/,
    /install -m 0755/,
  ],
  [
    "a folder in the program's place",
    FLEETS.first(),
    (at) => ({ ...at, program: { kind: "other", what: "a folder" } }),
    "found",
    /is a folder/,
    /remove it/,
  ],
  [
    "a foreign unit",
    FLEETS.first(),
    (at) => ({ ...at, units: new Map([["acme.target", unit("/usr/lib/systemd/system/acme.target")]]) }),
    "found",
    /unit of somebody else's/,
    /another name/,
  ],
  [
    "a foreign unit in our place",
    FLEETS.first(),
    (at) => ({ ...at, files: new Map([["/etc/systemd/system/acme.target", file("[Unit]\n")]]) }),
    "found",
    /acme\.target is there already/,
    /move it away/,
  ],
  [
    "a link in a file's place",
    FLEETS.first(),
    (at) => ({
      ...at,
      files: new Map([["/etc/ci-fleet/acme/compose.yaml", { kind: "other", what: "a symbolic link" }]]),
    }),
    "found",
    /a symbolic link where a file belongs/,
    /remove it/,
  ],
  [
    "a foreign container",
    FLEETS.first(),
    engine({
      containers: new Map([
        ["acme-ci-forge-1", { running: true, slot: null, fleet: null, generation: null }],
      ]),
    }),
    "found",
    /not of this fleet/,
    /docker rm acme-ci-forge-1/,
  ],
  [
    "a record that is damaged",
    FLEETS.first(),
    (at) => ({ ...at, problems: [{ message: "it is damaged", help: "put it back", kind: "found" }] }),
    "found",
    /it is damaged/,
    /put it back/,
  ],
];

for (const [name, wanted, spoil, kind, message, help] of cases) {
  test(`refused: ${name}`, () => {
    const { refusals } = planApply(wanted, spoil(newHost().observe(wanted)), { force: false });
    assert.equal(refusals.length, 1, JSON.stringify(refusals));
    assert.equal(refusals[0]?.kind, kind);
    assert.match(refusals[0]?.message ?? "", message);
    assert.match(refusals[0]?.help ?? "", help);
  });
}

test("a whole host is refused nothing", () => {
  const wanted = FLEETS.withBuild();
  assert.deepEqual(planApply(wanted, newHost().observe(wanted), { force: false }).refusals, []);
});

async function installed(): Promise<FakeHost> {
  const host = newHost();
  await applyHere(host, FLEETS.first());
  return host;
}

test("who is not root hears that, and not what Docker says to others", () => {
  const wanted = FLEETS.first();
  const at = engine({ ...none, problem: "permission denied" })(newHost().observe(wanted));
  const { refusals } = planApply(wanted, ground({ isRoot: false })(at), { force: false });
  assert.deepEqual(
    refusals.map(({ help }) => help),
    ["use sudo, or --user for one of your own"],
  );
});

test("refused: a machine that is installed as another host", async () => {
  const host = await installed();
  const wanted = { ...FLEETS.first(), host: "smithy" };
  const { refusals } = planApply(wanted, host.observe(wanted), { force: false });
  assert.match(refusals[0]?.message ?? "", /installed as host forge/);
});

test("what was edited by hand is refused, whether it is to be changed or removed; --force drops the edit", async () => {
  const host = await installed();
  const path = "/etc/systemd/system/acme.target";
  const text = host.files.get(path);
  host.files.set(path, { content: `${text?.content}# mine\n`, mode: 0o644 });
  for (const wanted of [FLEETS.otherVersion(), null]) {
    const { refusals } = planApply(wanted, host.observe(wanted), { force: false });
    assert.equal(refusals.length, 1);
    assert.match(refusals[0]?.message ?? "", /acme\.target .*edited by hand/);
    assert.deepEqual(planApply(wanted, host.observe(wanted), { force: true }).refusals, []);
  }
});

test("what somebody else wrote is refused even with --force", () => {
  const wanted = FLEETS.first();
  const host = newHost();
  host.files.set("/etc/ci-fleet/acme/fleet.yaml", { content: "not ours\n", mode: 0o644 });
  const { refusals } = planApply(wanted, host.observe(wanted), { force: true });
  assert.match(refusals[0]?.message ?? "", /was not written by ci-fleet/);
});

test("a marker that a person put stays; only ours goes when the slot comes back", async () => {
  const host = await installed();
  const marker = "/var/lib/ci-fleet/acme/drained/acme-ci-forge-1";
  host.files.set(marker, { content: "by hand: ci-fleet drain\n", mode: 0o644 });
  await applyHere(host, FLEETS.otherVersion());
  assert.ok(host.files.has(marker));
  host.files.set(marker, { content: RETIRED, mode: 0o644 });
  await applyHere(host, FLEETS.first());
  assert.ok(!host.files.has(marker));
});

test("a program of ours that is older is replaced, one of our own version is left", () => {
  const wanted = FLEETS.first();
  const at = newHost().observe(wanted);
  const old = file("old");
  const sha256 = old.kind === "file" ? old.sha256 : "";
  const replaced = planApply(
    wanted,
    { ...at, program: old, shared: { ...at.shared, programs: [sha256] } },
    { force: false },
  );
  assert.deepEqual(replaced.refusals, []);
  assert.ok(replaced.steps.some(({ action }) => action.kind === "copy-program"));
  const same = planApply(
    wanted,
    { ...at, program: { kind: "file", sha256: PROGRAM.sha256, executable: true, size: 1 } },
    { force: false },
  );
  assert.ok(!same.steps.some(({ action }) => action.kind === "copy-program"));
});
