// Rendered seeds through their readers: cloud-init 25 and its JSON schemas, netplan, and for each file that a seed
// carries the tool that will read it on the machine.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import AjvDraft04 from "ajv-draft-04";
import addFormats from "ajv-formats";
import { parse } from "yaml";
import { renderCloudInit } from "../../src/render/cloud-init.ts";
import { DOCKER_KEY, NVIDIA_KEY } from "../../src/render/cloud-init-keys.ts";
import { FLEETS, listFleets, loadFleet } from "../plan/load-fleet.ts";
import { makeProvisioning, makeSeed, type SeedCase, seedCases } from "../render/cloud-init-cases.ts";
import { sampleTexts } from "../render/hostile-text.ts";
import { makeHost } from "../render/systemd-fleet.ts";
import { hasTools, hasTrixie, runInTrixie, runTool } from "./tool.ts";

const data = process.env.CI_FLEET_DATA ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));
const schemas = {
  "user-data": join(data, "cloud-init-schema-cloud-config-v1.json"),
  "network-config": join(data, "cloud-init-schema-network-config-v2.json"),
};

/** The cases made by hand, and every host of the whole fleets that is provisioned. */
const cases: Readonly<Record<string, SeedCase>> = { ...seedCases, ...Object.fromEntries(listFleetSeeds()) };

function listFleetSeeds(): readonly (readonly [string, SeedCase])[] {
  return listFleets().flatMap((name) => {
    const { plan, copies } = loadFleet(`${FLEETS}/${name}`);
    const hosts = plan?.hosts.filter(({ provisioning }) => provisioning !== null) ?? [];
    return hosts.flatMap((host) =>
      plan === null ? [] : [[`${host.name} in ${name}`, { plan, host, copies }] as const],
    );
  });
}

/** The seed's files by name. */
function readSeed({ plan, host, copies }: SeedCase): Readonly<Record<string, string>> {
  const files = renderCloudInit(plan, host, copies);
  return Object.fromEntries(
    files.map(({ path, content }) => [path.slice(path.lastIndexOf("/") + 1), content]),
  );
}

/** What the seed writes on the machine, by place. */
function readPlaced(seed: SeedCase): Readonly<Record<string, string>> {
  const { write_files: files } = parse(readSeed(seed)["user-data"] ?? "") as {
    write_files: readonly { path: string; content: string }[];
  };
  return Object.fromEntries(files.map((file) => [file.path, file.content]));
}

for (const [name, seed] of Object.entries(cases)) {
  test(`cloud-init 25 accepts the seed of ${name}`, (t) => {
    if (!hasTrixie(t)) return;
    const files = readSeed(seed);
    for (const [file, type] of [
      ["user-data", "cloud-config"],
      ["network-config", "network-config"],
    ] as const) {
      const answer = runInTrixie(files, (folder) => [
        "cloud-init",
        "schema",
        "-t",
        type,
        "-c",
        `${folder}/${file}`,
      ]);
      assert.equal(answer.code, 0, answer.stdout + answer.stderr);
      assert.doesNotMatch(answer.stdout + answer.stderr, /deprecat|warning/i);
    }
  });

  test(`the JSON schemas accept the seed of ${name}`, (t) => {
    const missing = Object.values(schemas).filter((path) => !existsSync(path));
    if (missing.length > 0) {
      t.skip(`no reference data at CI_FLEET_DATA: ${missing.join()}`);
      return;
    }
    const files = readSeed(seed);
    const cloudConfig = new AjvDraft04.default({ strict: false, logger: false });
    addFormats.default(cloudConfig as never);
    const network = new Ajv({ strict: false, logger: false });
    addFormats.default(network);
    for (const [file, ajv] of [
      ["user-data", cloudConfig],
      ["network-config", network],
    ] as const) {
      const isValid = ajv.validate(JSON.parse(readFileSync(schemas[file], "utf8")), parse(files[file] ?? ""));
      assert.ok(isValid, JSON.stringify(ajv.errors?.slice(0, 5)));
    }
  });

  test(`the scripts and settings that the seed of ${name} carries pass their own readers`, (t) => {
    if (!hasTools(t, "shellcheck", "shfmt", "apt-config", "perl")) return;
    const placed = readPlaced(seed);
    for (const [path, content] of Object.entries(placed)) {
      if (path.endsWith(".sh")) {
        const check = runTool("shellcheck", ["--severity=style", "-"], content);
        assert.equal(check.stdout, "", path);
        assert.equal(runTool("shfmt", ["-d", "-i", "2", "-ci"], content).stdout, "", path);
      }
      if (path.endsWith(".json")) assert.ok(typeof JSON.parse(content) === "object", path);
    }
    const folder = mkdtempSync(join(tmpdir(), "seed-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const apt = placed["/etc/apt/apt.conf.d/52ci-fleet"];
    if (apt === undefined) return;
    writeFileSync(join(folder, "apt"), apt);
    const dump = runTool("apt-config", ["--config-file", join(folder, "apt"), "dump"]);
    assert.equal(dump.stderr, "");
    assert.match(dump.stdout, /^Unattended-Upgrade::Package-Blacklist:: "\^docker";$/m);
    const own = (parse(readSeed(seed)["user-data"] ?? "") as { apt?: { conf?: string } }).apt?.conf ?? "";
    writeFileSync(join(folder, "own"), own);
    const dumped = runTool("apt-config", ["--config-file", join(folder, "own"), "dump"]);
    assert.equal(dumped.stderr, "");
    for (const line of own.trimEnd().split("\n").filter(Boolean))
      assert.ok(dumped.stdout.includes(line), line);
    const perl = `our %nrconf; ${placed["/etc/needrestart/conf.d/ci-fleet.conf"]}
      for my $unit (qw(docker.service containerd.service ${seed.plan.fleet}-container@x.service)) {
        print grep({ $unit =~ $_ } keys %{$nrconf{override_rc}}) ? "held\\n" : "free: $unit\\n";
      }`;
    assert.equal(runTool("perl", ["-w", "-"], perl).stdout, "held\nheld\nheld\n");
  });
}

test("netplan takes the network of each seed", (t) => {
  if (!hasTrixie(t)) return;
  for (const [name, seed] of Object.entries(cases)) {
    const network = { network: parse(readSeed(seed)["network-config"] ?? "") };
    const files = { "etc/netplan/50-cloud-init.yaml": JSON.stringify(network) };
    const answer = runInTrixie(files, (folder) => [
      "sh",
      "-c",
      `chmod 600 ${folder}/etc/netplan/* && netplan generate --root-dir ${folder} && cat ${folder}/run/systemd/network/*`,
    ]);
    assert.equal(answer.code, 0, `${name}: ${answer.stderr}`);
    assert.match(answer.stdout, seed.host.provisioning?.network.kind === "dhcp" ? /DHCP=ipv4/ : /Address=/);
  }
});

test("systemd-networkd on Arch gets a network that finds the interface", (t) => {
  if (!hasTrixie(t)) return;
  const seed = seedCases["an-arch-machine"];
  if (seed === undefined) throw new Error("there is no such case");
  const answer = runInTrixie(readSeed(seed), (folder) => [
    "sh",
    "-c",
    `cd ${folder} && cloud-init devel net-convert -p network-config -k yaml -d out -D arch -O networkd >/dev/null 2>&1; cat out/etc/systemd/network/*`,
  ]);
  assert.match(answer.stdout, /^Name=eth0$/m, answer.stderr);
});

test("the keys of repositories are the vendors'", (t) => {
  if (!hasTools(t, "gpg")) return;
  for (const [key, fingerprint] of [
    [DOCKER_KEY, "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"],
    [NVIDIA_KEY, "C95B321B61E88C1809C4F759DDCAE044F796ECB0"],
  ] as const) {
    const answer = runTool("gpg", ["--show-keys", "--with-colons"], key);
    assert.match(answer.stdout, new RegExp(`^fpr:+${fingerprint}:$`, "m"));
  }
});

test("PyYAML reads every text of user-data as it was written", (t) => {
  if (!hasTrixie(t)) return;
  const texts = sampleTexts(200).filter((text) => text !== "");
  const seed = makeSeed(makeHost({ provisioning: makeProvisioning({ sshKeys: texts }) }));
  const content = `${texts.join("\n")}\r\n\0 \n`;
  const files = readSeed({ ...seed, copies: [{ path: "fleet.yaml", content, mode: 0o644 }] });
  const read =
    "import yaml,json,sys; d = yaml.safe_load(open(sys.argv[1])); print(json.dumps([d['ssh_authorized_keys'], d['write_files'][-1]['content']]))";
  const answer = runInTrixie(files, (folder) => ["python3", "-c", read, `${folder}/user-data`]);
  assert.deepEqual(JSON.parse(answer.stdout || "null"), [texts, content], answer.stderr);
});
