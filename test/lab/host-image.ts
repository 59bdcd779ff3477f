// Images of the lab's hosts: a Debian that boots systemd, with an engine of its own and nothing of ci-fleet; and one
// as a cloud has it, with cloud-init and no engine. In: the root of a release, the authority that this world trusts.
// Out: the image's tag.

import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ciCache } from "../tools/tool.ts";
import { buildImage, importRoot } from "./roots.ts";

/** Debian 13 with systemd 257 and engine 26; Debian 12 with systemd 252 and engine 20.10. */
export type HostSystem = "trixie" | "bookworm";

/** Of every machine. */
const BASE_FILES: Readonly<Record<string, string>> = {
  // In a container /proc/sys is read-only and the engine cannot switch IPv6 off.
  "etc/systemd/system/docker.service.d/lab.conf":
    "[Service]\nEnvironment=DOCKER_ALLOW_IPV6_ON_IPV4_INTERFACE=1\n",
  "etc/systemd/journald.conf.d/lab.conf": "[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\n",
};

const FILES: Readonly<Record<string, string>> = {
  ...BASE_FILES,
  // The programs' own lists of authorities, too: here the lab's is one that all the world trusts.
  "etc/systemd/system.conf.d/lab.conf":
    "[Manager]\nDefaultEnvironment=NODE_EXTRA_CA_CERTS=/usr/local/share/ca-certificates/lab.crt\n",
  "etc/systemd/user.conf.d/lab.conf":
    "[Manager]\nDefaultEnvironment=NODE_EXTRA_CA_CERTS=/usr/local/share/ca-certificates/lab.crt\n",
  // For sessions by SSH.
  "etc/environment": "NODE_EXTRA_CA_CERTS=/usr/local/share/ca-certificates/lab.crt\n",
};

/** Units that make no sense in a container, or would start by the clock. */
const MASKED = [
  ...[
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
  ],
  ...["getty.target", "console-getty.service", "systemd-udevd.service", "systemd-pcrphase.service"],
  ...["systemd-networkd-wait-online.service", "proc-sys-fs-binfmt_misc.automount"],
].join(" ");

const DOCKERFILE = (root: string) => `FROM ${root}
COPY files /
RUN chmod 755 /usr/libexec/docker/cli-plugins/* \\
 && update-ca-certificates \\
 && systemctl mask ${MASKED} \\
 && systemctl disable ssh.service \\
 && rm -f /etc/machine-id && : >/etc/machine-id \\
 && useradd --create-home --shell /bin/bash --groups docker alice
`;

export async function buildHostImage(system: HostSystem, authority: string): Promise<string> {
  const root = await importRoot(`lab-${system}`);
  const work = mkdtempSync(join(tmpdir(), "ci-fleet-lab-host-"));
  try {
    const lay = (path: string): string => layBelow(join(work, "files"), path);
    for (const [path, text] of Object.entries(FILES)) writeFileSync(lay(path), text);
    writeFileSync(lay("usr/local/share/ca-certificates/lab.crt"), authority);
    const plugins = join(ciCache, "sid/usr/libexec/docker/cli-plugins");
    for (const plugin of readdirSync(plugins))
      copyFileSync(join(plugins, plugin), lay(`usr/libexec/docker/cli-plugins/${plugin}`));
    const parts = [JSON.stringify(FILES), authority, readFileSync(join(ciCache, "sid/.made"))];
    return await buildImage(`ci-fleet-lab/${system}`, DOCKERFILE(root), work, parts);
  } finally {
    rmSync(work, { recursive: true });
  }
}

const CLOUD_FILES: Readonly<Record<string, string>> = {
  ...BASE_FILES,
  // Docker has given it an address; what is rendered for the network is judged by netplan elsewhere.
  "etc/cloud/cloud.cfg.d/90-lab.cfg": "network: {config: disabled}\ndatasource_list: [NoCloud, None]\n",
  // The stand-ins are not signed.
  "etc/apt/apt.conf.d/90lab":
    'Acquire::AllowInsecureRepositories "true";\nAPT::Get::AllowUnauthenticated "true";\n',
};

export async function buildCloudImage(): Promise<string> {
  const root = await importRoot("lab-cloud");
  const work = mkdtempSync(join(tmpdir(), "ci-fleet-lab-cloud-"));
  try {
    for (const [path, text] of Object.entries(CLOUD_FILES))
      writeFileSync(layBelow(join(work, "files"), path), text);
    const dockerfile = `FROM ${root}
COPY files /
RUN systemctl mask ${MASKED} && rm -f /etc/apt/sources.list /etc/machine-id && : >/etc/machine-id
`;
    return await buildImage("ci-fleet-lab/cloud", dockerfile, work, [JSON.stringify(CLOUD_FILES)]);
  } finally {
    rmSync(work, { recursive: true });
  }
}

function layBelow(folder: string, path: string): string {
  const place = join(folder, path);
  mkdirSync(dirname(place), { recursive: true });
  return place;
}
