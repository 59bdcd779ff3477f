// All of the world that a host of the lab can reach: a network, a name server, and the fake GitHub under its real
// names, with TLS of an authority that the hosts trust. In: Docker, the lab's authority. Out: the world, which
// ends with the test.

import { type FakeServer, serveFakeGitHub } from "../github/serve.ts";
import { FakeState } from "../github/state.ts";
import type { Authority } from "./authority.ts";
import { ask, docker } from "./command.ts";
import type { Ending } from "./ending.ts";
import { type NameServer, serveNames } from "./name-server.ts";
import { packRunner } from "./runner-files.ts";

/** GitHub's own, and a GitHub Enterprise Server. */
export const GITHUB_NAMES = ["github.com", "api.github.com", "ghe.lab.example"] as const;

/** Servers of plain files: what a new machine gets on its first boot comes from there. */
export const FILE_NAMES = ["download.docker.com", "mirror.lab.example", "files.lab.example"] as const;

export interface Internet {
  /** Name of Docker's network. */
  readonly network: string;
  /** Where the fake GitHub and the name server listen. */
  readonly address: string;
  readonly names: NameServer["names"];
  readonly github: FakeState;
  /** Answers that GitHub's OpenAPI does not allow. */
  readonly mistakes: readonly string[];
  /** Nobody reaches GitHub until `restore`. */
  readonly cut: () => Promise<void>;
  readonly restore: () => Promise<void>;
}

export async function openInternet(ending: Ending, authority: Authority, mark: string): Promise<Internet> {
  const network = `ci-fleet-lab-${process.pid}-${performance.now().toFixed(0)}`;
  await docker("network", "create", "--label", mark, network);
  ending(() => ask("docker", ["network", "rm", network]));
  const inspected = await docker(
    "network",
    "inspect",
    "--format",
    "{{(index .IPAM.Config 0).Gateway}}",
    network,
  );
  const address = inspected.stdout.trim();

  const names = await serveNames(address);
  ending(names.close);
  const github = new FakeState();
  await offerRunners(github);
  const every = [...GITHUB_NAMES, ...FILE_NAMES];
  const tls = await authority.sign(every);
  for (const name of FILE_NAMES) github.fileServers.add(name);
  const open = () => serveFakeGitHub(github, { host: address, port: 443, tls, check: true });
  const mistakes: string[] = [];
  let server: FakeServer | null = await open();
  for (const name of every) names.names.set(name, address);
  const cut = async () => {
    if (server === null) return;
    mistakes.push(...server.mistakes);
    await server.close();
    server = null;
  };
  ending(cut);
  return {
    network,
    address,
    names: names.names,
    github,
    get mistakes() {
      return [...mistakes, ...(server?.mistakes ?? [])];
    },
    cut,
    restore: async () => {
      server ??= await open();
    },
  };
}

/** As github.com lists them: no token, a checksum for each. The one for arm64 exists in name alone. */
export async function offerRunners(github: FakeState, version = "2.337.0"): Promise<void> {
  const { filename, content, sha256 } = await packRunner(version);
  const path = `/actions/runner/releases/download/v${version}/${filename}`;
  github.files.set(path, content);
  const entry = (architecture: string, file: string, checksum: string) => ({
    os: "linux",
    architecture,
    download_url: `https://github.com/actions/runner/releases/download/v${version}/${file}`,
    filename: file,
    sha256_checksum: checksum,
  });
  github.downloads = [
    entry("x64", filename, sha256),
    entry("arm64", filename.replace("x64", "arm64"), "0".repeat(64)),
  ];
}
