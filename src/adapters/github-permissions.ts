// Names the permission that a refused request lacked, as GitHub's own settings pages call it. In: headers of
// the answer. Out: words. Sources: GitHub's docs "Troubleshooting the REST API" (X-Accepted-GitHub-Permissions)
// and "Scopes for OAuth apps" (X-Accepted-OAuth-Scopes).

const NAMES: Readonly<Record<string, string>> = {
  actions: "Actions (repository)",
  administration: "Administration (repository)",
  metadata: "Metadata (repository)",
  organization_administration: "Administration (organization)",
  organization_self_hosted_runners: "Self-hosted runners (organization)",
};

/** `Self-hosted runners (organization): write`; null: GitHub names none. */
export function readMissingPermission(headers: Headers): string | null {
  return readFineGrained(headers.get("x-accepted-github-permissions")) ?? readScopes(headers);
}

/** `a=write,b=read; c=write`: all of one part, or all of another. */
function readFineGrained(header: string | null): string | null {
  if (header === null) return null;
  const ways = header
    .split(";")
    .map((way) =>
      [...way.matchAll(/([a-z][a-z0-9_]{0,63})=([a-z]{1,10})/g)].map(
        ([, name = "", level = ""]) => `${namePermission(name)}: ${level}`,
      ),
    );
  const told = ways.filter((way) => way.length > 0).map((way) => way.join(" and "));
  return told.length === 0 ? null : told.join(", or ");
}

/** As GitHub's settings call it: `Self-hosted runners (organization)`. */
export function namePermission(name: string): string {
  return NAMES[name] ?? name.replaceAll("_", " ");
}

/** Classic tokens: one of the accepted scopes is enough. Empty where the token has one and lacks a role. */
function readScopes(headers: Headers): string | null {
  const accepted = readScopeList(headers.get("x-accepted-oauth-scopes"));
  if (accepted.length === 0) return null;
  const owned = readScopeList(headers.get("x-oauth-scopes"));
  if (accepted.some((scope) => owned.includes(scope))) return null;
  return `scope ${accepted.join(" or ")}`;
}

export function readScopeList(header: string | null): readonly string[] {
  return (header ?? "").split(",").flatMap((scope) => {
    const name = scope.trim();
    return /^[a-z][a-z0-9_:-]{0,63}$/.test(name) ? [name] : [];
  });
}
