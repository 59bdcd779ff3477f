// Published releases of actions/runner, which every token may read. In: state, a request. Out: an answer; null where
// something else is asked.

import { type Answer, error, type Request } from "./request.ts";
import { accountBody } from "./shapes.ts";
import type { FakeRelease, FakeState } from "./state.ts";

const BASE = "/repos/actions/runner/releases";
const AT = "2026-01-01T00:00:00Z";

export function answerReleases(state: FakeState, request: Request): Answer | null {
  if (!request.path.startsWith(`${BASE}/`)) return null;
  const rest = request.path.slice(BASE.length);
  const tag = /^\/tags\/v(.+)$/.exec(rest)?.[1];
  const release =
    rest === "/latest" ? state.releases.at(-1) : state.releases.find(({ version }) => version === tag);
  if (release === undefined) return error(404, "Not Found");
  const route = `/repos/{owner}/{repo}/releases/${rest === "/latest" ? "latest" : "tags/{tag}"}`;
  return { status: 200, body: releaseBody(request.base, release), route };
}

function releaseBody(base: string, { version, sums }: FakeRelease): Record<string, unknown> {
  const url = `${base}${BASE}/1`;
  const page = `https://github.com/actions/runner/releases/download/v${version}`;
  const author = accountBody(base, "github-actions", "User");
  return {
    ...{ id: 1, node_id: "RE_1", url, assets_url: `${url}/assets`, upload_url: `${url}/assets{?name,label}` },
    ...{ html_url: page, tarball_url: `${page}.tar.gz`, zipball_url: `${page}.zip` },
    ...{ tag_name: `v${version}`, target_commitish: "main", name: `v${version}`, body: "" },
    ...{ draft: false, prerelease: false, created_at: AT, published_at: AT, author },
    assets: Object.entries(sums).map(([platform, sum], at) => {
      const name = `actions-runner-${platform}-${version}.tar.gz`;
      return {
        ...{ id: at + 1, node_id: `RA_${at + 1}`, url: `${url}/assets/${at + 1}`, name, label: "" },
        ...{ browser_download_url: `${page}/${name}`, state: "uploaded", size: 1, download_count: 0 },
        ...{ content_type: "application/gzip", digest: sum === null ? null : `sha256:${sum}` },
        ...{ created_at: AT, updated_at: AT, uploader: author },
      };
    }),
  };
}
