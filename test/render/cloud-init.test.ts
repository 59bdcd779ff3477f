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

for (const [name, { plan, host, rendered }] of Object.entries(seedCases)) {
  test(`${name} renders to the files in fixtures/cloud-init`, () => {
    expectGolden(`fixtures/cloud-init/${name}`, renderCloudInit(plan, host, rendered));
  });
}

interface UserData {
  readonly write_files: readonly {
    readonly path: string;
    readonly permissions: string;
    readonly encoding: string;
    readonly content: string;
  }[];
  readonly ssh_authorized_keys?: readonly string[];
  readonly apt?: { readonly http_proxy?: string };
  readonly bootcmd?: readonly (readonly string[])[];
}

function readSeed({ plan, host, rendered }: SeedCase): { readonly data: UserData; readonly text: string } {
  const file = renderCloudInit(plan, host, rendered).find(({ path }) => path.endsWith("user-data"));
  const text = file?.content ?? "";
  return { data: parse(text, { version: "1.1" }) as UserData, text };
}

const decode = (content: string) => Buffer.from(content, "base64").toString("utf8");

test("a host that cloud-init does not provision gets no seed", () => {
  const { plan, host } = makeSeed(makeHost());
  assert.deepEqual(renderCloudInit(plan, host, []), []);
});

test("cloud-init knows user-data by its first line", () => {
  for (const each of Object.values(seedCases)) assert.match(readSeed(each).text, /^#cloud-config\n/);
});

test("files rendered for the host lie where apply would put them, and what is for others stays out", () => {
  const { data } = readSeed(makeSeed(makeHost({ provisioning: makeProvisioning() })));
  const placed = Object.fromEntries(data.write_files.map((file) => [file.path, decode(file.content)]));
  assert.equal(placed["/etc/ci-fleet/acme/compose.yaml"], "services: {}\n");
  assert.match(placed["/etc/systemd/system/acme.target"] ?? "", /^\[Unit\]$/m);
  const paths = Object.keys(placed);
  assert.deepEqual(
    paths.filter((path) => /user\/|manifest|cloud-init/.test(path)),
    [],
  );
  assert.equal(new Set(paths).size, paths.length);
});

test("modes are text, for a number with a leading zero means something else to each reader", () => {
  const { data } = readSeed(makeSeed(makeHost({ provisioning: makeProvisioning() })));
  assert.deepEqual([...new Set(data.write_files.map(({ permissions }) => permissions))].sort(), [
    "0644",
    "0700",
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

test("the instance keeps its id when anything about it changes", () => {
  const read = (each: SeedCase) =>
    renderCloudInit(each.plan, each.host, each.rendered).find(({ path }) => path.endsWith("meta-data"))
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
      for (const file of seed.rendered.filter(({ path }) => path.includes("/systemd/acme"))) {
        const place = file.path.replace("hosts/forge/systemd/", "/etc/systemd/system/");
        const found = data.write_files.find(({ path }) => path === place);
        assert.equal(decode(found?.content ?? ""), file.content);
      }
    }),
    { numRuns: 50 },
  );
});
