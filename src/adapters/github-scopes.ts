// Which part of GitHub's API a target's runners live in. In: the target. Out: its scopes; several for a
// personal account, whose runners belong to its repositories.

import type { TargetSpec } from "../model/fleet.ts";

export interface RunnerScope {
  /** `https://github.com/acme` */
  readonly url: string;
  /** `/orgs/{org}` */
  readonly prefix: "/orgs/{org}" | "/repos/{owner}/{repo}" | "/enterprises/{enterprise}";
  readonly parameters: Readonly<Record<string, string>>;
  /** `alice/app`; null for organizations and enterprises. */
  readonly repository: string | null;
  /** Repositories have no groups of their own. */
  readonly hasGroups: boolean;
}

export function listScopes({ scope, url }: TargetSpec): readonly RunnerScope[] {
  switch (scope.kind) {
    case "organization": {
      const parameters = { org: scope.owner };
      return [{ url, prefix: "/orgs/{org}", parameters, repository: null, hasGroups: true }];
    }
    case "enterprise": {
      const parameters = { enterprise: scope.slug };
      return [{ url, prefix: "/enterprises/{enterprise}", parameters, repository: null, hasGroups: true }];
    }
    case "repository":
      return [repositoryScope(scope.owner, scope.repo, url)];
    case "repositories":
      return scope.repos.map((repo) => repositoryScope(scope.owner, repo, `${url}/${repo}`));
  }
}

function repositoryScope(owner: string, repo: string, url: string): RunnerScope {
  return {
    url,
    prefix: "/repos/{owner}/{repo}",
    parameters: { owner, repo },
    repository: `${owner}/${repo}`,
    hasGroups: false,
  };
}

/** The account that an App is installed on; null where Apps cannot manage runners. */
export function nameAccount({ scope }: TargetSpec): string | null {
  return scope.kind === "enterprise" ? null : scope.owner;
}
