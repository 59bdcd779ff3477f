// The scan for secrets finds one in every place that it claims to look into: a scan that cannot fail proves nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openLab } from "./lab.ts";
import { findSecrets, type PLACES } from "./secret-scan.ts";

const SECRET = "ghs_PlantedByTheTestWhereNoSecretMayEverBe";

/** Each plants the secret in one place alone, or says which others it cannot help but reach. */
const PLANTED: Readonly<Record<keyof typeof PLACES, string>> = {
  "docker inspect": "docker create --name inspected --label secret=$SECRET $IMAGE true",
  "docker logs":
    "printf %s $SECRET >/root/said && docker run --name said -v /root/said:/said:ro $IMAGE cat /said",
  images:
    'docker create --name history $IMAGE true && docker commit --change "LABEL secret=$SECRET" history told && docker rm history',
  "/proc/*/environ": "SECRET=$SECRET setsid sleep 1000 >/dev/null 2>&1 &",
  "/proc/*/cmdline": "exec -a $SECRET sleep 1000 >/dev/null 2>&1 &",
  "the journal": "logger $SECRET; sleep 1",
  "unit files": "printf '[Service]\\nExecStart=/bin/true %s\\n' $SECRET >/etc/systemd/system/planted.service",
  "installed configuration": "mkdir -p /etc/ci-fleet/acme && echo $SECRET >/etc/ci-fleet/acme/compose.yaml",
  "work folders and caches":
    "mkdir -p /var/lib/ci-fleet/acme/slot/work/app && echo $SECRET >/var/lib/ci-fleet/acme/slot/work/app/file",
  "records of ci-fleet": "mkdir -p /var/lib/ci-fleet/acme && echo $SECRET >/var/lib/ci-fleet/acme/audit.log",
  "data and logs of cloud-init":
    "mkdir -p /var/lib/cloud/instance && echo $SECRET >/var/lib/cloud/instance/user-data.txt",
};

test("the scan for secrets", async (t) => {
  const lab = await openLab(t);
  if (lab === null) return;
  const host = await lab.bootHost();
  const prepare = `exec </dev/null; export IMAGE=ghcr.io/actions/actions-runner:2.337.0; read -r SECRET </root/secret`;

  await t.test("finds nothing where nothing is", async () => {
    assert.deepEqual(await findSecrets(host, [SECRET]), []);
  });

  for (const [place, line] of Object.entries(PLANTED)) {
    await t.test(`finds a secret in ${place}`, async () => {
      await host.write("/root/secret", `${SECRET}\n`, "600");
      await host.bash(`${prepare}; ${line}`);
      const found = await findSecrets(host, [SECRET]);
      assert.ok(
        found.some((each) => each.startsWith(`forge, ${place}`)),
        `not found in ${place}, only in ${found.join("; ")}`,
      );
    });
  }

  await t.test("finds it when it was encoded again, and when it is a key of many lines", async () => {
    const key = `-----BEGIN KEY-----\nMIIEpAIBAAKCAQEAxyzzyPlugh0123456789abcdefghijklmnopqrstuvw\n-----END KEY-----\n`;
    const encoded = Buffer.from(`${key.split("\n")[1]}, and more`).toString("base64");
    await host.bash(`echo ${encoded} >/var/lib/ci-fleet/acme/encoded`);
    assert.equal((await findSecrets(host, [key])).length, 1);
  });
});
