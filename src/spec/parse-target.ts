// What an address of GitHub means: who owns the runners, which GitHub it is, where its API is.
// Sources: GitHub's docs for REST base addresses; actions/runner UrlUtil.cs for what counts as hosted.
// In: the address and the listed repositories. Out: scope, flavour, API, or what is wrong.

import type { TargetScope, TargetSpec } from "../model/fleet.ts";

export interface TargetPlace {
  readonly url: string;
  readonly scope: TargetScope;
  readonly flavour: TargetSpec["flavour"];
  readonly apiUrl: string;
}

export type TargetAnswer =
  | { readonly ok: true; readonly place: TargetPlace }
  | { readonly ok: false; readonly message: string; readonly help?: string };

const LOGIN = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,60}[A-Za-z0-9])?$/;
const REPOSITORY = /^[A-Za-z0-9._-]{1,100}$/;

export function parseTarget(address: string, repos: readonly string[] | null): TargetAnswer {
  const parsed = new URL(address);
  if (parsed.hostname === "www.github.com") parsed.hostname = "github.com";
  const steps = parsed.pathname.split("/").filter((step) => step !== "");
  const scope = repos === null ? parseScope(steps, parsed) : parseRepositories(steps, repos, parsed);
  if ("message" in scope) return { ok: false, ...scope };
  const flavour = judgeFlavour(parsed.hostname);
  return {
    ok: true,
    place: {
      url: `${parsed.protocol}//${parsed.host}/${steps.join("/")}`,
      scope,
      flavour,
      apiUrl: deriveApiUrl(parsed, flavour),
    },
  };
}

type Fault = { readonly message: string; readonly help?: string };

function parseScope(steps: readonly string[], { origin }: URL): TargetScope | Fault {
  const [first, second] = steps;
  if (first === undefined) {
    return {
      message: "the address names no owner",
      help: `write ${origin}/OWNER or ${origin}/OWNER/REPOSITORY`,
    };
  }
  if (steps.length > 2) {
    return {
      message: "the address has more than owner and repository",
      help: `write ${origin}/${first}/${second}`,
    };
  }
  if (second === undefined) {
    if (first === "enterprises" || first === "orgs") return { message: `${first}/ needs a name after it` };
    return LOGIN.test(first)
      ? { kind: "organization", owner: first }
      : { message: `${first} is no login of GitHub` };
  }
  if (first === "orgs")
    return { message: "this is the address of a settings page", help: `write ${origin}/${second}` };
  if (first === "enterprises") {
    return LOGIN.test(second)
      ? { kind: "enterprise", slug: second }
      : { message: `${second} is no enterprise's slug` };
  }
  if (second.endsWith(".git")) {
    return {
      message: "the address is one for cloning",
      help: `write ${origin}/${first}/${second.slice(0, -4)}`,
    };
  }
  if (!LOGIN.test(first)) return { message: `${first} is no login of GitHub` };
  if (!REPOSITORY.test(second) || second === "." || second === "..")
    return { message: `${second} is no repository name` };
  return { kind: "repository", owner: first, repo: second };
}

function parseRepositories(
  steps: readonly string[],
  repos: readonly string[],
  { origin }: URL,
): TargetScope | Fault {
  const [owner] = steps;
  if (owner === undefined || steps.length !== 1 || !LOGIN.test(owner)) {
    return {
      message: "with `repos` the address is that of the account which owns them",
      help: `write ${origin}/${repos[0]?.split("/")[0] ?? "OWNER"}`,
    };
  }
  const names: string[] = [];
  for (const repo of repos) {
    const [repoOwner, name] = repo.split("/") as [string, string];
    if (repoOwner.toLowerCase() !== owner.toLowerCase()) {
      return {
        message: `${repo} does not belong to ${owner}`,
        help: "give the repositories of each account a target of their own",
      };
    }
    names.push(name);
  }
  return { kind: "repositories", owner, repos: names };
}

function judgeFlavour(hostname: string): TargetSpec["flavour"] {
  if (hostname === "github.com") return "github.com";
  return hostname.endsWith(".ghe.com") ? "ghe.com" : "ghes";
}

function deriveApiUrl({ protocol, host }: URL, flavour: TargetSpec["flavour"]): string {
  if (flavour === "ghes") return `${protocol}//${host}/api/v3`;
  return `https://api.${host}`;
}
