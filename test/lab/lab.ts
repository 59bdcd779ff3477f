// The lab: hosts that really boot, a GitHub that really answers, and the built binary between them. In: a test,
// Docker's engine, root, what .ci/prepare made, dist/ci-fleet. Out: hosts, jobs, scenes; everything ends with
// the test, also when it fails, and what a killed run left is removed by the next.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { FakeJob } from "../github/state.ts";
import { ciCache, hasTools, hasWorking } from "../tools/tool.ts";
import { type Authority, keepAuthority } from "./authority.ts";
import { ask, docker } from "./command.ts";
import { type Ending, makeEnding } from "./ending.ts";
import { makeEngineVolume } from "./engine-volume.ts";
import { type Host, startHost } from "./host.ts";
import { buildCloudImage, buildHostImage, type HostSystem } from "./host-image.ts";
import { type Internet, openInternet } from "./internet.ts";
import { hasRoot, LAB_ROOTS } from "./roots.ts";
import { saveRunnerImages } from "./runner-files.ts";
import { findSecrets, searchText, spell } from "./secret-scan.ts";
import { startVirtualMachine, type VirtualMachine } from "./virtual-machine.ts";
import { type Patience, waitFor } from "./wait-for.ts";

export const BINARY = join(import.meta.dirname, "../../dist/ci-fleet");
const MARK = "dev.ci-fleet.lab";

export interface BootOptions {
  readonly name?: string;
  readonly system?: HostSystem;
  /** Without the images of the runner: a host that runs processes only. */
  readonly bare?: boolean;
  readonly options?: readonly string[];
}

export interface Lab {
  readonly internet: Internet;
  readonly github: Internet["github"];
  readonly authority: Authority;
  readonly ending: Ending;
  /** What no place may show, beside everything that the fake GitHub gave out. */
  readonly secrets: Set<string>;
  readonly bootHost: (options?: BootOptions) => Promise<Host>;
  /** A machine of a cloud, provisioned by the NoCloud seed in a folder and by nothing else. */
  readonly bootNewMachine: (seed: string, options?: Pick<BootOptions, "name" | "bare">) => Promise<Host>;
  /** A guest with a kernel of its own, which reaches the network by the emulator's. */
  readonly startVirtualMachine: (machine: VirtualMachine) => Promise<Host>;
  readonly queueJob: (script: string, job?: JobWish) => FakeJob;
  /** The job ended like this; its log otherwise. */
  readonly expectJob: (job: FakeJob, conclusion?: string, patience?: Patience) => Promise<void>;
  /** One scene: a subtest after which no secret is anywhere, and whose failure comes with the hosts' logs. */
  readonly scene: (sentence: string, act: () => Promise<void>) => Promise<void>;
}

export interface JobWish {
  readonly repository?: string;
  readonly labels?: readonly string[];
  readonly name?: string;
}

/** Null after having skipped the test. */
export async function openLab(t: TestContext): Promise<Lab | null> {
  if (!isPossible(t)) return null;
  await sweepLeftovers();
  const ending = makeEnding(t);
  const mark = `${MARK}=${process.pid}`;
  const authority = await keepAuthority(join(ciCache, "lab-authority"), "ci-fleet lab");
  const isUnified = existsSync("/sys/fs/cgroup/cgroup.controllers");
  const internet = await openInternet(ending, authority, mark);
  const github = internet.github;
  const secrets = new Set<string>();
  const hosts: Host[] = [];
  let failed: string | null = null;

  const { network, address: dns } = internet;

  return {
    internet,
    github,
    authority,
    ending,
    secrets,
    bootHost,
    bootNewMachine: async (seed, { name = "forge", bare = false } = {}) => {
      const image = await buildCloudImage();
      const engine = bare ? await makeEngineVolume(ending, image, null, mark) : await provideEngine();
      const options = ["--volume", `${seed}:/var/lib/cloud/seed/nocloud:ro`];
      const at = { image, network, dns, name, mark, volume: engine.volume, options };
      const host = await startHost(ending, { ...at, isNew: true }, isUnified);
      hosts.push(host);
      return host;
    },
    startVirtualMachine: async (machine) => {
      const host = await startVirtualMachine(ending, machine);
      hosts.push(host);
      return host;
    },
    queueJob: (script, { repository = "acme/app", labels = ["self-hosted"], name = "build" } = {}) =>
      github.addJob({ repository, labels, name, script }),
    expectJob: async (job, conclusion = "success", patience = {}) => {
      const instead = () => ({
        job,
        runners: [...github.scopes.values()].map(({ runners }) => [...runners.values()]),
      });
      await waitFor(`job ${job.name} to end`, () => job.status === "completed", { instead, ...patience });
      assert.equal(job.conclusion, conclusion, job.log);
    },
    scene: async (sentence, act) => {
      await t.test(sentence, async (scene) => {
        // What comes after tells nothing about itself, and waits in vain for minutes.
        if (failed !== null) return scene.skip(`not played after "${failed}" failed`);
        const began = performance.now();
        try {
          await act();
          // A run of an hour has to show where its time goes.
          console.log(`${((performance.now() - began) / 1000).toFixed(1)} s: ${sentence}`);
          assert.deepEqual(await findAllSecrets(), [], "a secret is where none may be");
          assert.deepEqual(internet.mistakes, [], "the fake GitHub is not like GitHub");
        } catch (cause) {
          failed = sentence;
          console.error(`logs of this scene: ${await saveLogs(sentence)}`);
          throw cause;
        }
      });
    },
  };

  async function bootHost({
    name = "forge",
    system = "trixie",
    bare = false,
    options = [],
  }: BootOptions = {}) {
    const image = await buildHostImage(system, authority.certificate);
    const archive = bare ? null : await saveRunnerImages(authority.certificate);
    const { volume, fill } = await makeEngineVolume(ending, image, archive, mark);
    const host = await startHost(ending, { image, network, dns, name, mark, volume, options }, isUnified);
    hosts.push(host);
    await Promise.all([host.copyIn(BINARY, "/usr/bin/ci-fleet"), fill(host)]);
    return host;
  }

  /** No registry is within reach, so the runner's images are there before the engine is. */
  async function provideEngine() {
    const image = await buildHostImage("trixie", authority.certificate);
    const archive = await saveRunnerImages(authority.certificate);
    const engine = await makeEngineVolume(ending, image, archive, mark);
    if (engine.isFull) return engine;
    // The first host of a kind leaves a copy of what its engine made.
    await bootHost({ name: "first" });
    return makeEngineVolume(ending, image, archive, mark);
  }

  async function findAllSecrets(): Promise<readonly string[]> {
    const all = [...secrets, ...github.secrets];
    const onHosts = await Promise.all(hosts.map((host) => findSecrets(host, all)));
    // Jobs print what they find: see nosy.ts.
    const wanted = all.flatMap(spell);
    const inJobs = [...github.jobs.values()].flatMap((job) =>
      searchText(`log of job ${job.name}`, job.log, wanted),
    );
    return [...onHosts.flat(), ...inJobs];
  }

  async function saveLogs(sentence: string): Promise<string> {
    const folder = join(tmpdir(), "ci-fleet-lab", sentence.replaceAll(/[^A-Za-z0-9]+/g, "-").slice(0, 80));
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const keep = (name: string, text: string) => writeFileSync(join(folder, name), text);
    for (const host of hosts) {
      for (const [name, line] of Object.entries(LOGS)) {
        const said = await host
          .ask(["bash", "-c", line])
          .catch((error) => ({ stdout: "", stderr: `${error}` }));
        keep(`${host.name}.${name}`, said.stdout + said.stderr);
      }
    }
    keep("requests.json", JSON.stringify(github.requests, null, 1));
    keep("jobs.json", JSON.stringify([...github.jobs.values()], null, 1));
    const runners = [...github.scopes].map(([path, { runners }]) => [path, [...runners.values()]]);
    keep("runners.json", JSON.stringify(runners, null, 1));
    return folder;
  }
}

const LOGS: Readonly<Record<string, string>> = {
  "journal.log": "journalctl --no-pager --output=short-precise",
  "units.log": "systemctl --no-pager --all status; systemctl list-jobs",
  "docker.log":
    "docker ps -a; for each in $(docker ps -aq); do docker inspect $each; docker logs $each; done",
  "cloud-init.log": "cat /var/log/cloud-init-output.log /var/log/cloud-init.log",
  "files.log": "find /etc/ci-fleet /var/lib/ci-fleet /run/ci-fleet /opt/ci-fleet -ls",
};

function isPossible(t: TestContext): boolean {
  const missing = LAB_ROOTS.filter((root) => !hasRoot(root));
  if (!hasTools(t, "openssl", "tar") || !hasWorking(t, "docker", "info")) return false;
  if (process.getuid?.() === 0 && missing.length === 0 && existsSync(BINARY)) return true;
  const message = `the lab needs root, \`bash .ci/prepare\` (${missing.join(", ")}) and \`npm run build\``;
  if (process.env.CI === "true") throw new Error(message);
  t.skip(message);
  return false;
}

/** Of runs that were killed before they could clean up. */
async function sweepLeftovers(): Promise<void> {
  for (const kind of ["container", "network", "volume"] as const) {
    const flags = kind === "container" ? ["ls", "--all"] : ["ls"];
    const format = `{{.${kind === "volume" ? "Name" : "ID"}}} {{.Label "${MARK}"}}`;
    const { stdout } = await docker(kind, ...flags, "--filter", `label=${MARK}`, "--format", format);
    for (const line of stdout.split("\n").filter((each) => each !== "")) {
      const [id = "", pid = ""] = line.split(" ");
      if (existsSync(`/proc/${pid}`)) continue;
      await ask("docker", kind === "container" ? ["rm", "--force", "--volumes", id] : [kind, "rm", id]);
    }
  }
}
