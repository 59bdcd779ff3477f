// What a slot needs before it starts: a JIT config, a registration token, or nothing, since it still has a
// registration of its own. In: the slot as planned, the identity files, what GitHub said of that registration.
// Out: the need, with the reason that the audit log will give.

import type { Lifetime } from "../model/fleet.ts";
import type { GitHubAnswer, RunnerRecord } from "../model/github.ts";
import type { RunnerIdentity } from "../model/runner-identity.ts";

export type TokenNeed =
  /** Every start of an ephemeral slot. */
  | { readonly kind: "jit"; readonly why: string }
  /** Nothing: it starts with what it has. */
  | { readonly kind: "none"; readonly why: string }
  /** `wipe`: all five files go first. */
  | { readonly kind: "registration-token"; readonly wipe: boolean; readonly why: string };

export interface SlotToRegister {
  readonly name: string;
  readonly lifetime: Lifetime;
  /** Of the target, or of the repository that the slot is assigned to: `https://github.com/acme`. */
  readonly url: string;
}

/**
 * `remote`: the registration as GitHub has it, asked for by id; null where nobody asked. One 404 is not enough
 * to throw a key away: that takes the watchdog's second look, which `goneTwice` carries.
 */
export function decideToken(
  slot: SlotToRegister,
  identity: RunnerIdentity,
  remote: GitHubAnswer<RunnerRecord> | null,
  goneTwice: boolean,
): TokenNeed {
  if (slot.lifetime === "ephemeral") return { kind: "jit", why: "an ephemeral slot registers at each start" };
  const renew = (why: string): TokenNeed => ({
    kind: "registration-token",
    wipe: identity.kind !== "none",
    why,
  });
  if (identity.kind === "none") return renew("it has no registration");
  if (identity.kind === "broken") return renew(`its registration cannot be used: ${identity.why}`);
  if (identity.ephemeral) return renew("its registration was for one job");
  if (identity.agentName !== slot.name) return renew(`its registration is that of ${identity.agentName}`);
  if (identity.gitHubUrl !== null && !isSameUrl(identity.gitHubUrl, slot.url)) {
    return renew(`its registration belongs to ${identity.gitHubUrl}`);
  }
  if (remote?.kind !== "not-found") return { kind: "none", why: `it is registered as ${identity.agentId}` };
  return goneTwice
    ? renew(`GitHub said twice that registration ${identity.agentId} is gone`)
    : { kind: "none", why: `GitHub said once that registration ${identity.agentId} is gone` };
}

/** Owners and repositories are not told apart by case at GitHub. */
function isSameUrl(one: string, other: string): boolean {
  const plain = (url: string) => url.toLowerCase().replace(/\/+$/, "").replace("://www.", "://");
  return plain(one) === plain(other);
}
