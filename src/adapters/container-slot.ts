// Containers of one slot, by the Docker client and Compose: what is there, and the steps that make a new one. Only
// Compose makes containers, from the file that was rendered; the unit starts and stops them. In: the slot, tools.
// Out: facts, or what was asked for; a WorldError with Docker's own words where it would not.

import { WorldError } from "../base/world-error.ts";
import type { HostTools, ToolResult } from "../model/ports.ts";
import { type ContainerFacts, type Fault, fault } from "../model/slot-start.ts";
import type { LockWait } from "./lock.ts";
import { takeLock } from "./lock.ts";
import { explainDocker } from "./observe-containers.ts";

const TIMEOUT_MS = 60_000;
/** An image that is not there yet is pulled: gigabytes, on a slow line. */
const CREATE_TIMEOUT_MS = 60 * 60_000;

/** The slot's own and its sidecar's, whoever made them. */
export async function listSlotContainers(
  slot: string,
  tools: HostTools,
): Promise<readonly ContainerFacts[] | Fault> {
  const format = '{{.Names}}\t{{.State}}\t{{.Label "dev.ci-fleet.fleet"}}';
  // Docker's filter is a regular expression over names that begin with a slash; names hold no character of syntax.
  const filters = [slot, `${slot}-dind`].flatMap((name) => ["--filter", `name=^/?${name}$`]);
  const answer = await tools.run("docker", ["ps", "--all", ...filters, "--format", format], 20_000);
  const said = explainDocker(answer);
  if (said !== null || answer.kind !== "ran") {
    return fault("docker-silent", `Docker does not answer: ${said}`, "Look at `systemctl status docker`");
  }
  return answer.stdout.split("\n").flatMap((line) => {
    const [name, state, fleet] = line.split("\t");
    if (name === undefined || state === undefined || name === "") return [];
    return [{ name, state, fleet: fleet === undefined || fleet === "" ? null : fleet }];
  });
}

/** With the volumes that have no name: what one job's engine stored is not the next one's. */
export async function removeContainers(names: readonly string[], tools: HostTools): Promise<void> {
  const answer = await tools.run("docker", ["rm", "--force", "--volumes", "--", ...names], TIMEOUT_MS);
  if (answer.kind === "ran" && answer.exitCode !== 0) {
    const left = answer.stderr
      .split("\n")
      .filter((line) => line.trim() !== "" && !/no such container/i.test(line));
    if (left.length === 0) return;
  }
  requireDone(answer, `remove the containers ${names.join(" and ")}`, null);
}

/**
 * Slots cannot reach one another in it (Docker's bridge driver, `enable_icc`). Engine 20.10 makes several networks of
 * one name when many slots ask at once, so they ask one after the other.
 */
export async function makeNetwork(name: string, folder: string, tools: HostTools): Promise<void> {
  const isThere = async (): Promise<boolean> => {
    const filter = ["--filter", `name=^${name}$`];
    const answer = await tools.run("docker", ["network", "ls", "--quiet", ...filter], TIMEOUT_MS);
    return requireDone(answer, "list Docker's networks", null).trim() !== "";
  };
  if (await isThere()) return;
  const wait: LockWait = { forMs: TIMEOUT_MS, onWait: () => undefined };
  const lock = await takeLock(`${folder}/.network`, wait);
  try {
    if (await isThere()) return;
    const options = ["--opt", "com.docker.network.bridge.enable_icc=false"];
    const answer = await tools.run("docker", ["network", "create", ...options, "--", name], TIMEOUT_MS);
    requireDone(answer, `make the network ${name}`, null);
  } finally {
    await lock?.release();
  }
}

export interface ComposePlace {
  /** Folder with compose.yaml. */
  readonly config: string;
  readonly service: string;
  /** Its image is built by `apply`; no registry has it. */
  readonly isBuilt: boolean;
}

export async function createContainer(
  { config, service, isBuilt }: ComposePlace,
  tools: HostTools,
): Promise<void> {
  const args = [
    "compose",
    ...["--project-directory", config, "--file", `${config}/compose.yaml`],
    // A file `.env` that lies there by chance is not for us.
    ...["--env-file", "/dev/null", "--profile", "on-demand"],
    ...["create", "--no-build", "--pull", isBuilt ? "never" : "missing"],
    service,
  ];
  const answer = await tools.run("docker", args, CREATE_TIMEOUT_MS);
  requireDone(answer, `create the container ${service}`, explainCreate(answer, isBuilt));
}

const HELPS: readonly (readonly [RegExp, string])[] = [
  [
    /bind source path does not exist|invalid mount config/i,
    "make the folder that it names, or run `ci-fleet apply`",
  ],
  [/no such file or directory|no configuration file/i, "run `ci-fleet apply`: it puts compose.yaml in place"],
  [/no such service/i, "run `ci-fleet apply`: the compose.yaml in force is of another plan"],
  [/external.*could not be found|network .* not found/i, "run it again: the network went away meanwhile"],
  [/could not select device driver/i, "install the NVIDIA Container Toolkit, then `ci-fleet init --refresh`"],
  [/is already in use by container/i, "remove or rename the container that has this name"],
];
const NO_IMAGE =
  /no such image|pull access denied|manifest unknown|not found: manifest|failed to resolve reference|repository does not exist/i;

function explainCreate(answer: ToolResult, isBuilt: boolean): string | null {
  if (answer.kind !== "ran") return null;
  const { stderr } = answer;
  if (NO_IMAGE.test(stderr)) {
    return isBuilt
      ? "run `ci-fleet apply`: it builds the image"
      : "check the image's name, and the way to its registry";
  }
  return HELPS.find(([pattern]) => pattern.test(stderr))?.[1] ?? null;
}

export async function startSidecar(name: string, tools: HostTools): Promise<void> {
  requireDone(await tools.run("docker", ["start", "--", name], TIMEOUT_MS), `start the engine ${name}`, null);
}

/** Of Compose's progress lines the last ones tell what went wrong. */
function requireDone(answer: ToolResult, operation: string, help: string | null): string {
  if (answer.kind === "ran") {
    if (answer.exitCode === 0) return answer.stdout;
    const lines = answer.stderr.split("\n").map((line) => line.trim());
    const said = lines.filter(
      (line) => line !== "" && !/^(?:Container|Network|Volume) \S+ +[A-Z][a-z]+$/.test(line),
    );
    const words = said.slice(-2).join("; ").slice(0, 600);
    throw new WorldError(operation, words === "" ? `docker exited ${answer.exitCode}` : words, help);
  }
  throw new WorldError(operation, explainDocker(answer) ?? "docker said nothing", help);
}
