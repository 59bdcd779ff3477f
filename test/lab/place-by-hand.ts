// Puts a rendered fleet in force without `apply`: files copied, user and folders made, units started. For scenes
// that are about rendered files alone. In: a host with a rendered fleet. Out: its target, started.

import { REPOSITORY } from "./fleet.ts";
import type { Host } from "./host.ts";
import type { Lab } from "./lab.ts";

export async function placeByHand(lab: Lab, host: Host, fleet = "acme"): Promise<void> {
  const rendered = `${REPOSITORY}/rendered/hosts/${host.name}`;
  await host.bash(
    [
      `mkdir -p /etc/ci-fleet/${fleet} /var/lib/ci-fleet/${fleet}/drained`,
      `cp -a ${rendered}/. /etc/ci-fleet/${fleet}/`,
      `cp -a ${REPOSITORY}/fleet.yaml ${REPOSITORY}/hosts /etc/ci-fleet/${fleet}/`,
      `chmod 755 /etc/ci-fleet/${fleet}/runner/*.sh`,
      `cp -a ${rendered}/systemd/. /etc/systemd/system/`,
      "rm -rf /etc/systemd/system/user/*@*",
      "id ci-fleet >/dev/null 2>&1 || useradd --system --no-create-home --home-dir /nonexistent ci-fleet",
      `docker network inspect ci-fleet-${fleet} >/dev/null 2>&1 || docker network create ci-fleet-${fleet}`,
      // The watchdog is not what these scenes ask about.
      `sed -i /watchdog/d /etc/systemd/system/${fleet}.target`,
    ].join(" && "),
  );
  for (const [path, content] of lab.github.files) {
    const version = /\/v([0-9.]+)\//.exec(path)?.[1];
    if (version === undefined) continue;
    await host.bash(`mkdir -p /opt/ci-fleet/runner/${version}`);
    await host.write("/tmp/runner.tar.gz", content.toString("base64"));
    await host.bash(
      `base64 -d /tmp/runner.tar.gz | tar -xz -C /opt/ci-fleet/runner/${version} && chown -R root:root /opt/ci-fleet && rm /tmp/runner.tar.gz`,
    );
  }
  await host.bash(`systemctl daemon-reload && systemctl enable --now --no-block ${fleet}.target`);
}
