// A release of actions/runner as GitHub's REST API describes it, and where an image's registry is.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Call, CallGitHub } from "../../src/adapters/github-calls.ts";
import { findRelease } from "../../src/adapters/github-releases.ts";
import { splitImage } from "../../src/adapters/image-digest.ts";
import { type GitHubAnswer, NO_META } from "../../src/model/github.ts";

function open(body: unknown): { readonly call: CallGitHub; readonly asked: Call<unknown>[] } {
  const asked: Call<unknown>[] = [];
  const call = async <T>(given: Call<T>): Promise<GitHubAnswer<T>> => {
    asked.push(given);
    const value = given.read(body, new Headers());
    return value === null
      ? { kind: "unknown", cause: "odd", request: "GET x", meta: NO_META }
      : { kind: "ok", value, fromCache: false, meta: NO_META };
  };
  return { call, asked };
}

const asset = (name: string, digest: unknown) => ({
  name,
  digest,
  browser_download_url: `https://github.com/actions/runner/releases/download/v2.338.1/${name}`,
});

test("the assets of a release are rows of downloads, digests their checksums", async () => {
  const sum = "a".repeat(64);
  const { call, asked } = open({
    tag_name: "v2.338.1",
    assets: [asset("a.tar.gz", `sha256:${sum}`), asset("b.tar.gz", null), asset("c.tar.gz", "md5:1")],
  });
  const answer = await findRelease(call, null);
  assert.ok(answer.kind === "ok");
  assert.deepEqual(
    answer.value.map(({ filename, sha256 }) => [filename, sha256]),
    [
      ["a.tar.gz", sum],
      ["b.tar.gz", null],
      ["c.tar.gz", null],
    ],
  );
  assert.equal(asked[0]?.route, "/repos/{owner}/{repo}/releases/latest");
  await findRelease(call, "2.337.0");
  assert.deepEqual(asked[1]?.parameters, { owner: "actions", repo: "runner", tag: "v2.337.0" });
});

test("what is no release is no answer", async () => {
  for (const body of [null, {}, { assets: [{}] }, { assets: "x" }]) {
    assert.equal((await findRelease(open(body).call, null)).kind, "unknown");
  }
});

test("an image's name says its registry as docker reads it", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["ghcr.io/actions/actions-runner", "ghcr.io", "actions/actions-runner"],
    ["debian", "registry-1.docker.io", "library/debian"],
    ["acme/runner", "registry-1.docker.io", "acme/runner"],
    ["registry:5000/runner", "registry:5000", "runner"],
    ["localhost/runner", "localhost", "runner"],
  ];
  for (const [image, registry, repository] of cases)
    assert.deepEqual(splitImage(image), { registry, repository });
});
