// What Docker has of a fleet at one moment. In: tools, and what to ask for. Out: an EngineState; an engine that does
// not answer is a state too.

import type { ContainerState, EngineState } from "../model/apply-state.ts";
import type { ObservedContainer } from "../model/host-observation.ts";
import type { HostTools } from "../model/ports.ts";
import { explainDocker, showContainers } from "./observe-containers.ts";

const PATIENCE_MS = 20_000;
export interface EngineQuestions {
  readonly fleet: string;
  /** Names of containers that are looked for whoever has made them. */
  readonly containers: readonly string[];
  readonly images: readonly string[];
}

export async function readEngine(tools: HostTools, questions: EngineQuestions): Promise<EngineState> {
  const [version, compose] = await Promise.all([
    ask(tools, "version", "--format", "{{.Server.Version}}"),
    ask(tools, "compose", "version", "--short"),
  ]);
  if (typeof version === "object") return noAnswer(version.problem);
  const [driver, networks, containers] = await Promise.all([
    ask(tools, "info", "--format", "{{.CgroupDriver}}"),
    ask(tools, "network", "ls", "--format", "{{.Name}}"),
    showContainers(tools, questions.fleet, questions.containers),
  ]);
  if (typeof networks === "object") return noAnswer(networks.problem);
  if (!containers.known) return noAnswer(containers.why);
  const images = new Set<string>();
  for (const reference of questions.images) {
    const answer = await ask(tools, "image", "inspect", "--format", "{{.Id}}", reference);
    if (typeof answer === "string") images.add(reference);
  }
  return {
    version,
    compose: typeof compose === "string" ? compose : null,
    problem: null,
    cgroupDriver: typeof driver === "string" && driver !== "" ? driver : null,
    networks: new Set(linesOf(networks)),
    images,
    containers: new Map([...containers.value].map(([name, each]) => [name, describeContainer(each)])),
  };
}

function noAnswer(problem: string): EngineState {
  const none = new Set<string>();
  return {
    ...{ version: null, compose: null, problem, cgroupDriver: null },
    ...{ networks: none, images: none, containers: new Map() },
  };
}

export function describeContainer({ running, labels }: ObservedContainer): ContainerState {
  const label = (name: string) => labels[`dev.ci-fleet.${name}`] ?? null;
  return { running, fleet: label("fleet"), slot: label("slot"), generation: label("generation") };
}

async function ask(
  tools: HostTools,
  ...words: readonly string[]
): Promise<string | { readonly problem: string }> {
  const answer = await tools.run("docker", words, PATIENCE_MS);
  if (answer.kind === "ran" && answer.exitCode === 0) return answer.stdout.replace(/\n$/, "");
  return { problem: explainDocker(answer) ?? "it said nothing" };
}

function linesOf(answer: string | { readonly problem: string }): readonly string[] {
  return typeof answer === "string" ? answer.split("\n").filter((line) => line !== "") : [];
}
