// Every rendered unit through systemd-analyze, of this machine and of Debian 13, in both flavours: any word on
// stderr is a failure, for systemd only warns of what it then ignores.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { findForbiddenCharacter } from "../../src/base/text-policy.ts";
import type { RenderedFile } from "../../src/model/rendered-file.ts";
import { renderSystemd } from "../../src/render/systemd.ts";
import { FLEETS, listFleets, loadFleet } from "../plan/load-fleet.ts";
import { sampleTexts, systemdText } from "../render/hostile-text.ts";
import { unitCases } from "../render/systemd-cases.ts";
import { makeHost, makePlan, makeProcessPlacement } from "../render/systemd-fleet.ts";
import { hasTools, hasTrixie, runTool, type ToolAnswer, trixieRoot } from "./tool.ts";

type Flavour = "system" | "user";
const home = "home/alice";
/** Programs that units start; systemd asks only whether they are there. */
const listPrograms = (fleet: string): Readonly<Record<Flavour, readonly string[]>> => ({
  system: [
    "usr/bin/qemu-system-x86_64",
    ...["usr/bin/ci-fleet", "usr/bin/docker", "usr/bin/test", "usr/bin/rm", "usr/bin/dockerd-rootless.sh"],
    ...[
      ...["bin/kill", "bin/sh"],
      ...["entrypoint", "cache", "binfmt", "one-job"].map(
        (name) => `etc/ci-fleet/${fleet}/runner/${name}.sh`,
      ),
    ],
  ],
  user: [
    `${home}/.local/bin/ci-fleet`,
    ...["entrypoint", "cache"].map((name) => `${home}/.config/ci-fleet/${fleet}/runner/${name}.sh`),
  ],
});

/** A judge: the systemd of a version, and where it has to find the files. */
interface Judge {
  readonly name: string;
  readonly isThere: (t: TestContext) => boolean;
  /** Below which the folder with the files is made. */
  readonly parent: string;
  readonly run: (folder: string, args: readonly string[], env: readonly string[]) => ToolAnswer;
}

const judges: readonly Judge[] = [
  {
    name: "this machine's systemd",
    isThere: (t) => hasTools(t, "systemd-analyze"),
    parent: tmpdir(),
    run: (_, args, env) => runTool("env", [...env, "systemd-analyze", ...args]),
  },
  {
    name: "systemd 257",
    isThere: hasTrixie,
    parent: join(trixieRoot, "tmp"),
    run: (_, args, env) => runTool("chroot", [trixieRoot, "env", ...env, "systemd-analyze", ...args]),
  },
];

for (const judge of judges) {
  for (const [name, { plan, host }] of Object.entries(unitCases)) {
    for (const flavour of ["system", "user"] as const) {
      test(`${judge.name} accepts the ${flavour} units of ${name}`, (t) => {
        if (!judge.isThere(t)) return;
        const checked = verifyUnits(judge, flavour, renderSystemd(plan, host));
        assert.ok(checked.includes("acme.target") && checked.length >= 3, checked.join());
      });
    }
  }

  for (const name of listFleets()) {
    const { plan } = loadFleet(`${FLEETS}/${name}`);
    if (plan === null) continue;
    const hosts = plan.hosts.filter((host) => renderSystemd(plan, host).length > 0);
    if (hosts.length === 0) continue;
    test(`${judge.name} accepts every unit of the fleet ${name.replaceAll("-", " ")}`, (t) => {
      if (!judge.isThere(t)) return;
      for (const host of hosts) {
        const files = renderSystemd(plan, host);
        // A node is root's.
        const flavours = host.kind === "proxmox" ? (["system"] as const) : (["system", "user"] as const);
        for (const flavour of flavours) {
          const checked = verifyUnits(judge, flavour, files, { fleet: plan.fleet });
          assert.ok(checked.includes(plan.units.target), checked.join());
        }
        findExposure(judge, files, plan.units.watchdog, plan.fleet);
      }
    });
  }

  test(`${judge.name} accepts units with hostile text in every field of the spec`, (t) => {
    if (!judge.isThere(t)) return;
    // One unit for many texts: what systemd ignores it names on stderr.
    const texts = sampleTexts(150, systemdText).filter((text) => !/\p{Cc}/u.test(text));
    t.diagnostic(`${texts.length} texts`);
    const env = Object.fromEntries(texts.map((text, at) => [`TEXT_${at}`, text]));
    const paths = texts.filter(
      (text) => /^[^\0-\x1f\x7f:/]+$/.test(text) && !/^\s|\s$|\\$|^\.\.?$/.test(text),
    );
    const host = makeHost({
      placements: [makeProcessPlacement({ env })],
      credentials: paths
        .slice(0, 40)
        .map((text, at) => ({ target: "default", id: `c${at}.token`, path: `/etc/ci-fleet/${text}x` })),
    });
    // What a comment cannot hold is refused in the names of files.
    const named = paths.filter((text) => findForbiddenCharacter(text, { multiline: false }) === null);
    assert.ok(named.length >= 10, `${named.length} texts`);
    for (const text of named.slice(0, 20)) {
      const plan = makePlan(host, {
        specFile: `${text}x`,
        network: {
          proxy: text,
          noProxy: [text],
          ca: `/${text}`,
          caContent: null,
          mirrors: { apt: null, docker: null },
        },
      });
      const watchdog = { ...plan.watchdog, metrics: `/var/lib/${text}/m.prom` };
      verifyUnits(judge, "system", renderSystemd({ ...plan, watchdog }, host), {
        only: ["acme-watchdog.service"],
      });
    }
    verifyUnits(judge, "system", renderSystemd(makePlan(host), host));
    verifyUnits(judge, "user", renderSystemd(makePlan(host), host));
  });

  test(`${judge.name} finds the watchdog's exposure at most 3.0`, (t) => {
    if (!judge.isThere(t)) return;
    for (const { plan, host } of Object.values(unitCases)) {
      findExposure(judge, renderSystemd(plan, host), "acme-watchdog", "acme");
    }
  });
}

test("the judges do see a key that systemd does not know", (t) => {
  for (const judge of judges) {
    if (!judge.isThere(t)) return;
    const file = {
      path: "hosts/forge/systemd/acme.target",
      content: "[Unit]\nBogus=1\n",
      mode: 0o644 as const,
    };
    assert.throws(() => verifyUnits(judge, "system", [file]), /Bogus/);
  }
});

function findExposure(judge: Judge, files: readonly RenderedFile[], watchdog: string, fleet: string): void {
  withUnits(judge, "system", files, fleet, (root, outside) => {
    const args = ["security", "--offline=yes", "--threshold=30", `--root=${root}`, `${watchdog}.service`];
    const answer = judge.run(outside, args, []);
    assert.equal(answer.code, 0, answer.stdout.slice(-300) + answer.stderr);
  });
}

/** Verifies each unit (one instance of each slot) and gives their names. */
function verifyUnits(
  judge: Judge,
  flavour: Flavour,
  files: readonly RenderedFile[],
  { only, fleet = "acme" }: { readonly only?: readonly string[]; readonly fleet?: string } = {},
): readonly string[] {
  return withUnits(judge, flavour, files, fleet, (root, outside, units) => {
    const wanted = only ?? units;
    const place =
      flavour === "system"
        ? { args: [`--root=${root}`], env: [] }
        : {
            args: ["--user"],
            env: [
              `HOME=${root}/${home}`,
              `XDG_RUNTIME_DIR=${root}/run`,
              `XDG_CONFIG_HOME=${root}/${home}/.config`,
            ],
          };
    const args = ["verify", "--man=no", "--recursive-errors=no", ...place.args, ...wanted];
    const answer = judge.run(outside, args, place.env);
    assert.equal(answer.stderr, "", `${judge.name}, ${flavour}`);
    assert.equal(answer.code, 0);
    return wanted;
  });
}

/** Lays the files out as they are installed. `root` is the folder as the judge sees it. */
function withUnits<T>(
  judge: Judge,
  flavour: Flavour,
  files: readonly RenderedFile[],
  fleet: string,
  use: (root: string, outside: string, units: readonly string[]) => T,
): T {
  const outside = mkdtempSync(join(judge.parent, "units-"));
  const root = judge.parent.startsWith(trixieRoot) ? outside.slice(trixieRoot.length) : outside;
  const write = (path: string, content: string, mode: number) => {
    mkdirSync(dirname(join(outside, path)), { recursive: true });
    writeFileSync(join(outside, path), content, { mode });
  };
  try {
    for (const path of listPrograms(fleet)[flavour]) write(path, "#!/bin/sh\n", 0o755);
    mkdirSync(join(outside, "run"));
    const folder = flavour === "system" ? "etc/systemd/system" : `${home}/.config/systemd/user`;
    const names = new Set<string>();
    for (const { path, content, mode } of files) {
      const match = /^hosts\/[^/]+\/systemd\/(user\/)?(.*)$/.exec(path);
      if (match === null || (match[1] === "user/") !== (flavour === "user")) continue;
      const below = match[2] as string;
      // A user's manager has no other root, and the one that it has may lack Docker.
      const text = flavour === "user" ? content.replaceAll("=/usr/bin/docker ", "=/usr/bin/true ") : content;
      write(`${folder}/${below}`, text, mode);
      const unit = below.replace(/\.d\/.*$/, "");
      const guest = /-vm@(.*)\.service$/.exec(unit)?.[1];
      if (guest !== undefined) write(`etc/ci-fleet/${fleet}/vm/${guest}/guest.sh`, "#!/bin/sh\n", 0o755);
      // Templates without a drop-in are asked about by an instance of their own.
      names.add(unit.replace("@.", "@acme-any-forge-1."));
    }
    return use(root, outside, [...names].sort());
  } finally {
    rmSync(outside, { recursive: true, force: true });
  }
}
