// A published release of actions/runner, with the checksums that GitHub keeps of its files: readable with any token,
// so also in a workflow, whose own token may not see the runners of an organisation. In: the opened GitHub.
// Out: the release as rows of downloads. REST API, "Releases"; `digest` of an asset: GitHub changelog, 3 June 2025.

import { asObject } from "../base/read-json.ts";
import type { GitHubAnswer, RunnerDownload } from "../model/github.ts";
import type { CallGitHub } from "./github-calls.ts";
import { asText, readAll } from "./github-shapes.ts";

/** `version` null: the latest, drafts and pre-releases left out. */
export function findRelease(
  call: CallGitHub,
  version: string | null,
): Promise<GitHubAnswer<readonly RunnerDownload[]>> {
  const base = "/repos/{owner}/{repo}/releases";
  const named = { owner: "actions", repo: "runner" };
  return call({
    method: "GET",
    route: version === null ? `${base}/latest` : `${base}/tags/{tag}`,
    parameters: version === null ? named : { ...named, tag: `v${version}` },
    on404: "not-found",
    read: (body) => readAll(asObject(body)?.assets, readAsset),
  });
}

function readAsset(body: unknown): RunnerDownload | null {
  const asset = asObject(body);
  const filename = asText(asset?.name);
  if (filename === null) return null;
  const digest = /^sha256:([0-9a-f]{64})$/.exec(asText(asset?.digest) ?? "")?.[1] ?? null;
  const url = asText(asset?.browser_download_url) ?? "";
  return { os: "linux", architecture: "", url, filename, downloadToken: null, sha256: digest };
}
