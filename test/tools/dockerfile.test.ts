// Docker as the judge of every Dockerfile that we write: each is built, on an image of BusyBox in place of GitHub's,
// whose apt-get and update-ca-certificates only write down how they were called.

import assert from "node:assert/strict";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { hasTools, hasWorking, runTool } from "./tool.ts";

const BANNER = /^# Made by ci-fleet /;
/** Not those that a repository brought. */
const dockerfiles = globSync("fixtures/{containers,fleets}/**/hosts/*/images/*/Dockerfile")
  .filter((path) => BANNER.test(readFileSync(path, "utf8")))
  .sort();

const recorder = (name: string) => `#!/bin/sh\necho "${name} $*" >>/calls\n`;

/** BusyBox with the libraries it asks for. */
function layBase(folder: string): void {
  const busybox = runTool("which", ["busybox"]).stdout.trim();
  const libraries = runTool("ldd", [busybox]).stdout.match(/\/\S+\.so\S*/g) ?? [];
  for (const path of [busybox, ...libraries]) {
    const place = path === busybox ? "/bin/busybox" : path;
    mkdirSync(dirname(join(folder, place)), { recursive: true });
    copyFileSync(path, join(folder, place));
  }
  const programs = {
    "usr/bin/apt-get": recorder("apt-get"),
    "usr/sbin/update-ca-certificates": recorder("trust"),
  };
  for (const [path, text] of Object.entries(programs)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    chmodSync(join(folder, path), 0o755);
  }
  mkdirSync(join(folder, "etc"));
  writeFileSync(join(folder, "etc/passwd"), "root:x:0:0:root:/:/bin/sh\n");
  writeFileSync(join(folder, "etc/group"), "root:x:0:\n");
  for (const name of ["sh", "rm", "cat", "id", "ls"])
    copyFileSync(join(folder, "bin/busybox"), join(folder, "bin", name));
}

test("Docker builds every Dockerfile, with the packages, the authority and the user that it names", (t) => {
  if (!hasWorking(t, "docker", "info") || !hasTools(t, "busybox", "ldd", "tar")) return;
  assert.ok(dockerfiles.length >= 4, dockerfiles.join());
  const folder = mkdtempSync(join(tmpdir(), "dockerfile-"));
  const image = `ci-fleet-test/dockerfile-${process.pid}`;
  t.after(() => {
    rmSync(folder, { recursive: true });
    runTool("docker", ["image", "rm", "--force", `${image}:built`, `${image}:base`]);
  });
  const succeed = (...args: readonly string[]) => {
    const answer = runTool("docker", args);
    assert.equal(answer.code, 0, `${args.join(" ")}\n${answer.stdout}${answer.stderr}`);
    return answer.stdout;
  };
  layBase(join(folder, "base"));
  assert.equal(runTool("tar", ["-C", join(folder, "base"), "-cf", join(folder, "base.tar"), "."]).code, 0);
  succeed("import", join(folder, "base.tar"), `${image}:base`);
  for (const path of dockerfiles) {
    const context = join(folder, "context");
    rmSync(context, { recursive: true, force: true });
    cpSync(dirname(path), context, { recursive: true });
    const text = readFileSync(path, "utf8");
    writeFileSync(join(context, "Dockerfile"), text.replace(/^FROM .*$/m, `FROM ${image}:base`));
    succeed("build", "--quiet", "--tag", `${image}:built`, context);
    const [user = "", ...calls] = succeed("run", "--rm", `${image}:built`, "sh", "-c", "id -u; cat /calls")
      .trimEnd()
      .split("\n");
    const packages = [...text.matchAll(/^ {6}'(.+)' \\$/gm)].map(([, name]) => name);
    const trusts = text.includes("COPY ci-fleet.crt");
    assert.ok(packages.length > 0, path);
    assert.equal(user, /^USER (\d+)$/m.exec(text.slice(text.indexOf("RUN apt-get")))?.[1], path);
    assert.deepEqual(calls, [
      ...(trusts ? ["trust "] : []),
      "apt-get update",
      `apt-get install --yes --no-install-recommends ${packages.join(" ")}`,
    ]);
    const store = "/usr/local/share/ca-certificates/ci-fleet.crt";
    if (trusts) {
      const inside = succeed("run", "--rm", `${image}:built`, "cat", store);
      assert.equal(inside, readFileSync(join(dirname(path), "ci-fleet.crt"), "utf8"));
    }
  }
});
