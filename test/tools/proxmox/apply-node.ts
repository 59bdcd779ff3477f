// `apply` on a Proxmox node to play on: the real look, plan and hands, over a root folder of its own, with the
// stand-in's programs. In: a node of fixtures/nodes. Out: a host to apply to, to kill, and to look at.

import { globSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { openHostFiles } from "../../../src/adapters/host-files.ts";
import { openHostTools } from "../../../src/adapters/host-tools.ts";
import { openFileHands } from "../../../src/adapters/install-files-hands.ts";
import { carryOut } from "../../../src/apply/carry-out.ts";
import { describeSteps } from "../../../src/apply/describe-step.ts";
import { placeForSystem } from "../../../src/apply/places.ts";
import { type PlannedApply, planApply } from "../../../src/apply/plan-apply.ts";
import { wantHost } from "../../../src/apply/want-host.ts";
import { lookAtHost } from "../../../src/cli/apply/look-at-host.ts";
import type { Step, Wanted } from "../../../src/model/apply.ts";
import type { RenderedFile } from "../../../src/model/rendered-file.ts";
import { renderPlan } from "../../../src/render/render-plan.ts";
import { loadNode } from "../../render/load-node.ts";
import { type PlayNode, playNode } from "./play-node.ts";

/** systemd of a node on which the fleet has no units. */
export const SYSTEMCTL = `#!/bin/bash
[[ $1 == show ]] || exit 0
for word in "\${@:2}"; do
  [[ $word == -* ]] && continue
  printf 'ActiveState=inactive\\nUnitFileState=\\nFragmentPath=\\nInvocationID=\\n\\n'
done
`;

export class Cut extends Error {}

export interface AppliedNode {
  readonly node: PlayNode;
  readonly root: string;
  want(name: string, change?: (spec: string) => string): Promise<Wanted>;
  plan(wanted: Wanted | null): Promise<PlannedApply>;
  /** `cut`: before which step to stop, as a kill does. Throws where apply refuses or fails. */
  apply(wanted: Wanted | null, cut?: (step: Step, at: number) => boolean): Promise<Applied>;
  reboot(): void;
  /** Path below the root → text, links and folders too. */
  snapshot(): Readonly<Record<string, string>>;
}

export interface Applied {
  readonly script: string;
  readonly said: readonly string[];
}

export function openNode(t: TestContext): AppliedNode {
  const node = playNode(t, []);
  const root = join(node.folder, "root");
  mkdirSync(join(root, "run/systemd/system"), { recursive: true });
  mkdirSync(join(root, "etc/systemd/system"), { recursive: true });
  node.program("systemctl", SYSTEMCTL);
  const tools = openHostTools(
    { PATH: `${node.folder}/bin:${process.env.PATH}` },
    { PVE_STATE: node.folder, CI_FLEET_ROOT: root, CI_FLEET_DATA: process.env.CI_FLEET_DATA ?? "" },
  );
  const below = (path: string) => join(root, path);
  const system = placeForSystem({
    binary: below("/usr/bin/ci-fleet"),
    config: below("/etc/ci-fleet/lab"),
    state: below("/var/lib/ci-fleet/lab"),
    run: below("/run/ci-fleet/lab"),
    runner: below("/opt/ci-fleet/runner"),
  });
  const places = { ...system, units: below("/etc/systemd/system") };
  const ports = { tools, files: openHostFiles(root), user: false, now: Date.now(), monotonic: 0 };

  async function plan(wanted: Wanted | null): Promise<PlannedApply> {
    const { installed } = await lookAtHost(wanted, "lab", places, ports, "root");
    // What this process sees of its own machine is not the node's.
    const ground = { ...installed.ground, missing: new Set<string>() };
    const named = { ...installed, ground, node: { ...installed.node, name: "pve1" } };
    return planApply(wanted, named, { force: false });
  }

  return {
    node,
    root,
    plan,
    async want(name, change) {
      const { plan: fleet } = await loadNode(name, change);
      const host = fleet?.hosts.find((each) => each.name === "pve1");
      if (fleet === null || host === undefined) throw new Error(`${name} has no plan`);
      const rendered = renderPlan(fleet, new Set(["pve1"]), []).map(moveSecret(root));
      const wanting = wantHost({ plan: fleet, host, rendered, copies: [], places, program: null });
      if (wanting.kind === "clash") throw new Error(wanting.paths.join(", "));
      return wanting.wanted;
    },
    async apply(wanted, cut = () => false) {
      const planned = await plan(wanted);
      if (planned.refusals.length > 0)
        throw new Error(planned.refusals.map(({ message }) => message).join("\n"));
      const said: string[] = [];
      const hands = {
        ...openFileHands(tools, (line) => said.push(line)),
        deregister: refuse,
        installRunner: refuse,
        look: refuse,
      };
      let at = 0;
      await carryOut(planned, hands, {
        tell: (step, end) => {
          if (end !== null) return;
          at += 1;
          if (cut(step, at)) throw new Cut();
        },
        enterChange: async () => {},
      });
      const { slots, node: seen } = planned.desk.installed;
      return { script: describeSteps(planned.steps, slots, seen.rehearsals), said };
    },
    reboot: () => rmSync(below("/run/ci-fleet"), { recursive: true, force: true }),
    snapshot: () => readTree(root),
  };
}

/** access.sh alone writes outside of the root that tests give. */
function moveSecret(root: string) {
  return (file: RenderedFile): RenderedFile => ({
    ...file,
    content: file.path.endsWith("/access.sh")
      ? file.content.replaceAll("'/etc/ci-fleet/", `'${root}/etc/ci-fleet/`)
      : file.content,
  });
}

async function refuse(): Promise<never> {
  throw new Error("a node has no slots");
}

function readTree(root: string): Readonly<Record<string, string>> {
  const paths = globSync("**/*", { cwd: root }).sort();
  return Object.fromEntries(
    paths.map((path) => {
      const at = join(root, path);
      return [path, statSync(at).isDirectory() ? "folder" : readFileSync(at, "utf8")];
    }),
  );
}
