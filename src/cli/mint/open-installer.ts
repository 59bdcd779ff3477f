// The installer of GitHub's runner for one host. In: the plan, the host, where things lie. Out: the port; it asks
// GitHub about the release with the credential of a target that has process slots here, where there is one.

import { openFetchFile } from "../../adapters/fetch-file.ts";
import { openNetwork } from "../../adapters/github-network.ts";
import { openHostTools } from "../../adapters/host-tools.ts";
import { openRunnerInstaller } from "../../adapters/install-runner.ts";
import type { InstallPlaces, RunnerInstaller } from "../../model/apply.ts";
import type { GitHubAnswer, RunnerDownload } from "../../model/github.ts";
import type { Plan, PlannedHost } from "../../model/plan.ts";
import { openTarget } from "../open-target.ts";

export function openInstaller(plan: Plan, host: PlannedHost, places: InstallPlaces): RunnerInstaller {
  const names = new Set(host.placements.filter(({ run }) => run === "process").map(({ target }) => target));
  const target = plan.targets.find(({ name, auth }) => names.has(name) && auth.kind !== "broker");
  const listDownloads = async (): Promise<GitHubAnswer<readonly RunnerDownload[]>> => {
    if (target === undefined) throw new Error("a host without a target of its own asks nothing");
    const { scopes } = await openTarget(plan, target, { places });
    const api = scopes[0]?.api;
    if (api === undefined) throw new Error(`the target ${target.name} has no scope`);
    return api.listDownloads();
  };
  // The download's own way out, where no target is asked.
  openNetwork(plan.network, process.env);
  return openRunnerInstaller({
    arch: host.arch,
    checksum: plan.runner.checksums[`linux-${host.arch}`],
    listDownloads: target === undefined ? null : listDownloads,
    fetchFile: openFetchFile(),
    tools: openHostTools(process.env),
  });
}
