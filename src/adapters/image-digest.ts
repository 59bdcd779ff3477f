// The digest of an image's tag, asked of its registry without a login: what `docker pull` would get. In: the name
// and the tag. Out: `sha256:…`, or a WorldError. OCI Distribution Specification 1.1, "Pulling manifests"; token
// endpoint: distribution.github.io/distribution/spec/auth/token.

import { WorldError } from "../base/world-error.ts";
import { fetchWhole, type WholeAnswer } from "./github-fetch.ts";

const DEADLINE_MS = 20_000;
const TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

export async function findImageDigest(image: string, tag: string): Promise<string> {
  const { registry, repository } = splitImage(image);
  const url = `https://${registry}/v2/${repository}/manifests/${encodeURIComponent(tag)}`;
  const operation = `find the digest of ${image}:${tag}`;
  const help = "run it where the registry can be reached, or take `digest` out of the spec";
  let answer = await get(url, null);
  if (answer.kind === "answered" && answer.status === 401) {
    const token = await fetchToken(answer.headers.get("www-authenticate") ?? "", registry, repository);
    if (token === null) throw new WorldError(operation, `${registry} asks for a login`, help);
    answer = await get(url, token);
  }
  if (answer.kind === "failed") throw new WorldError(operation, `GET ${url}: ${answer.cause}`, help);
  const digest = answer.headers.get("docker-content-digest") ?? "";
  if (answer.status === 200 && /^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
  const why = answer.status === 200 ? "it names no digest" : `status ${answer.status}`;
  throw new WorldError(operation, `GET ${url}: ${why}`, help);
}

function get(url: string, token: string | null): Promise<WholeAnswer> {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  return fetchWhole(
    { method: "GET", url, headers: { accept: TYPES, ...authorization }, body: null },
    { deadlineMs: DEADLINE_MS, signal: null },
  );
}

/** As docker does: the first part is a registry only if it looks like a host (distribution/reference). */
export function splitImage(image: string): { readonly registry: string; readonly repository: string } {
  const cut = image.indexOf("/");
  const first = cut === -1 ? "" : image.slice(0, cut);
  if (/[.:]/.test(first) || first === "localhost") {
    return { registry: first, repository: image.slice(cut + 1) };
  }
  return { registry: "registry-1.docker.io", repository: cut === -1 ? `library/${image}` : image };
}

/** A token that anyone gets. The realm is the registry's word: only over TLS, and nothing secret is sent. */
async function fetchToken(challenge: string, registry: string, repository: string): Promise<string | null> {
  const read = (name: string): string | null =>
    new RegExp(`\\b${name}="([^"]*)"`).exec(challenge)?.[1] ?? null;
  const realm = read("realm");
  if (!/^bearer /i.test(challenge) || realm === null || !URL.canParse(realm)) return null;
  const url = new URL(realm);
  if (url.protocol !== "https:") return null;
  url.searchParams.set("service", read("service") ?? registry);
  url.searchParams.set("scope", `repository:${repository}:pull`);
  const answer = await get(url.href, null);
  if (answer.kind !== "answered" || answer.status !== 200) return null;
  try {
    const body = JSON.parse(answer.text) as { token?: unknown; access_token?: unknown } | null;
    const token = body?.token ?? body?.access_token;
    return typeof token === "string" && /^[\x21-\x7e]+$/.test(token) ? token : null;
  } catch {
    return null;
  }
}
