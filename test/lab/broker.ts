// A machine that registers for other hosts, set up as docs/broker.md says. In: a lab, a host that has its fleet
// already, the spec as it is on the broker. Out: the broker, which knows that host's key.

import { docker } from "./command.ts";
import { knowToken, REPOSITORY } from "./fleet.ts";
import type { Host } from "./host.ts";
import type { Lab } from "./lab.ts";

const TOKEN = "ghp_TheBrokersTokenThatNoRunnerHostMaySee1";
export const BROKER = "control.lab.example";

export interface Broker {
  readonly control: Host;
  /** Nobody else may see it. */
  readonly token: string;
  /** `spec`: the same with the credential itself. */
  readonly serve: (host: Host, spec: string) => Promise<void>;
}

export async function bootBroker(lab: Lab): Promise<Broker> {
  lab.secrets.add(TOKEN);
  knowToken(lab.github, TOKEN);
  const control = await lab.bootHost({ name: "control", bare: true });
  const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
  const { stdout: address } = await docker("inspect", "--format", format, control.container);
  lab.internet.names.set(BROKER, address.trim());
  return { control, token: TOKEN, serve: (host, spec) => serve(control, host, spec) };
}

async function serve(control: Host, host: Host, spec: string): Promise<void> {
  await host.bash("mkdir -p /etc/ci-fleet && ssh-keygen -q -t ed25519 -N '' -f /etc/ci-fleet/broker.key");
  const key = await host.bash("cut -d' ' -f1,2 /etc/ci-fleet/broker.key.pub");
  await control.bash("useradd --create-home mint && systemctl start ssh.service");
  await control.write("/etc/ci-fleet/token", `${TOKEN}\n`, "600", "mint:mint");
  await control.write("/etc/ci-fleet/acme/fleet.yaml", spec);
  const inventory = await host.bash(`cat ${REPOSITORY}/hosts/${host.name}.yaml`);
  await control.write(`/etc/ci-fleet/acme/hosts/${host.name}.yaml`, inventory);
  const forced = `restrict,command="/usr/bin/ci-fleet mint --stdio --host ${host.name} -C /etc/ci-fleet/acme"`;
  const line = `${forced} ${key.trim()} ${host.name}\n`;
  await control.write("/home/mint/.ssh/authorized_keys", line, "600", "mint:mint");
  await control.bash("chown mint:mint /home/mint/.ssh");
  const known = await control.bash("cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub");
  await host.write("/etc/ci-fleet/broker.known_hosts", `${BROKER} ${known}`);
}
