// Seeds of new machines, whole: fixtures/cloud-init/ holds what each case renders to, and laws beside them.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { renderCloudInit } from "../../src/render/cloud-init.ts";
import { makeFolder } from "../adapters/folder.ts";
import { expectGolden } from "../golden.ts";
import { makeProvisioning, makeSeed, type SeedCase, seedCases } from "./cloud-init-cases.ts";
import { lineText } from "./hostile-text.ts";
import { makeHost, makeProcessPlacement } from "./systemd-fleet.ts";

for (const [name, { plan, host, copies }] of Object.entries(seedCases)) {
  test(`${name} renders to the files in fixtures/cloud-init`, () => {
    expectGolden(`fixtures/cloud-init/${name}`, renderCloudInit(plan, host, copies));
  });
}

interface UserData {
  readonly write_files: readonly {
    readonly path: string;
    readonly permissions: string;
    readonly content: string;
  }[];
  readonly ssh_authorized_keys?: readonly string[];
  readonly apt?: { readonly http_proxy?: string; readonly conf?: string };
  readonly bootcmd?: readonly (readonly string[])[];
}

function readSeed({ plan, host, copies }: SeedCase): { readonly data: UserData; readonly text: string } {
  const file = renderCloudInit(plan, host, copies).find(({ path }) => path.endsWith("user-data"));
  const text = file?.content ?? "";
  return { data: parse(text, { version: "1.1" }) as UserData, text };
}

test("a host that cloud-init does not provision gets no seed", () => {
  const { plan, host } = makeSeed(makeHost());
  assert.deepEqual(renderCloudInit(plan, host, []), []);
});

test("cloud-init knows user-data by its first line", () => {
  for (const each of Object.values(seedCases)) assert.match(readSeed(each).text, /^#cloud-config\n/);
});

test("what the plan was made of lies beside the script that applies it, and nothing where apply itself writes", () => {
  const seed = makeSeed(makeHost({ provisioning: makeProvisioning() }));
  const { data } = readSeed(seed);
  const placed = new Map(data.write_files.map((file) => [file.path, file]));
  assert.equal(placed.size, data.write_files.length);
  for (const { path, content, mode } of seed.copies) {
    const there = placed.get(`/usr/local/lib/ci-fleet/seed/${path}`);
    assert.equal(there?.content, content);
    assert.equal(there?.permissions, `0${mode.toString(8)}`);
  }
  const paths = [...placed.keys()];
  assert.deepEqual(
    paths.filter((path) => /^\/(?:etc|var\/lib)\/ci-fleet|^\/etc\/systemd\/.*acme/.test(path)),
    [],
  );
});

test("modes are text, for a number with a leading zero means something else to each reader", () => {
  const { data } = readSeed(makeSeed(makeHost({ provisioning: makeProvisioning() })));
  assert.deepEqual([...new Set(data.write_files.map(({ permissions }) => permissions))].sort(), [
    "0644",
    "0700",
    "0755",
  ]);
});

test("a guest trusts the repository's authority before it downloads a thing, and a newer one at later boots", (t) => {
  const folder = makeFolder(t);
  const ca = join(folder, "etc/authority/ca.pem");
  const network = {
    proxy: null,
    noProxy: [],
    ca,
    caContent: "first\n",
    mirrors: { apt: null, docker: null },
  };
  for (const os of ["debian-13", "arch"] as const) {
    const { data } = readSeed(makeSeed(makeHost({ provisioning: makeProvisioning({ os }) }), { network }));
    const [program = "", option = "", script = "", ...args] = data.bootcmd?.[0] ?? [];
    const store = /[^ ]+\/ci-fleet\.crt/.exec(script)?.[0] ?? "";
    const update = os === "arch" ? "update-ca-trust" : "update-ca-certificates";
    const trusted = join(folder, `${os}.crt`);
    const here = script.replace(store, trusted).replace(new RegExp(`${update}$`), "echo updated");
    const boot = () => execFileSync(program, [option, here, ...args], { encoding: "utf8" });
    rmSync(join(folder, "etc"), { recursive: true, force: true });
    assert.match(store, os === "arch" ? /^\/etc\/ca-certificates\/trust-source\// : /^\/usr\/local\/share\//);
    assert.equal(boot(), "updated\n");
    assert.deepEqual([readFileSync(ca, "utf8"), readFileSync(trusted, "utf8")], ["first\n", "first\n"]);
    writeFileSync(ca, "second\n");
    assert.equal(boot(), "updated\n");
    assert.deepEqual([readFileSync(ca, "utf8"), readFileSync(trusted, "utf8")], ["second\n", "second\n"]);
  }
});

test("apt goes to a mirror directly where the spec says so, and only there", () => {
  const confOf = (noProxy: readonly string[], apt: string) => {
    const network = {
      proxy: "http://proxy:3128",
      noProxy,
      ca: null,
      caContent: null,
      mirrors: { apt, docker: null },
    };
    const { data } = readSeed(makeSeed(makeHost({ provisioning: makeProvisioning() }), { network }));
    return data.apt?.conf?.match(/(?<=Proxy::)\S+/g) ?? [];
  };
  const mirror = "http://apt.corp/debian";
  for (const direct of [".corp", "corp", "apt.corp", "*.corp", "APT.corp:80"]) {
    assert.deepEqual(confOf([direct], mirror), ["apt.corp", "apt.corp"], direct);
  }
  for (const other of ["t.corp", ".apt.corp.example", "10.0.0.0/8", "xcorp"])
    assert.deepEqual(confOf([other], mirror), []);
  assert.deepEqual(confOf([".corp"], "http://[fd00::1]/debian"), []);
  assert.deepEqual(new Set(confOf(["*"], mirror)), new Set(["apt.corp", "download.docker.com"]));
});

test("the instance keeps its id when anything about it changes", () => {
  const read = (each: SeedCase) =>
    renderCloudInit(each.plan, each.host, each.copies).find(({ path }) => path.endsWith("meta-data"))
      ?.content;
  const one = makeSeed(makeHost({ provisioning: makeProvisioning() }));
  const other = makeSeed(
    makeHost({ placements: [], provisioning: makeProvisioning({ sshKeys: ["ssh-ed25519 A b"] }) }),
  );
  assert.equal(read(one), read(other));
  assert.match(read(one) ?? "", /^instance-id: "acme-forge"$/m);
});

test("no text of the spec becomes syntax in user-data, and each arrives as it was", () => {
  fc.assert(
    fc.property(lineText, lineText, (text, other) => {
      const host = makeHost({
        placements: [makeProcessPlacement({ env: { GREETING: text } })],
        provisioning: makeProvisioning({ sshKeys: [text] }),
      });
      const seed = makeSeed(host, {
        install: { url: text, sha256: "0".repeat(64) },
        network: {
          proxy: text,
          noProxy: [other],
          ca: other,
          caContent: null,
          mirrors: { apt: null, docker: text },
        },
      });
      const { data } = readSeed(seed);
      assert.deepEqual(data.ssh_authorized_keys, [text]);
      assert.equal(data.apt?.http_proxy, text);
      assert.equal(data.bootcmd?.[0]?.at(-1), other);
      const daemon = data.write_files.find(({ path }) => path === "/etc/docker/daemon.json");
      const { proxies } = JSON.parse(daemon?.content ?? "") as { proxies: Record<string, string> };
      assert.equal(proxies["https-proxy"], text);
      for (const { path, content } of seed.copies) {
        const found = data.write_files.find((file) => file.path.endsWith(`/seed/${path}`));
        assert.equal(found?.content, content);
      }
    }),
    { numRuns: 50 },
  );
});
