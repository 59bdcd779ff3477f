// Whether the credential files of this host could be used by the units that need them. Their texts are read, for
// that is the only way to know, and thrown away. In: the plan, this host. Out: one verdict for each file.

import { join } from "node:path";
import { placeOf } from "../../adapters/credentials.ts";
import { readSecretFile } from "../../adapters/credentials-file.ts";
import type { CredentialFacts } from "../../doctor/facts.ts";
import type { TargetSpec } from "../../model/fleet.ts";
import type { Plan } from "../../model/plan.ts";
import type { ThisHost } from "../this-host.ts";

export function lookAtCredentials(plan: Plan, at: ThisHost): readonly CredentialFacts[] {
  const used = new Set(at.host.placements.map(({ target }) => target));
  return plan.targets.filter(({ name }) => used.has(name)).flatMap((target) => lookAtTarget(target, at));
}

/** `gh` and `broker` keep nothing in files of ours. */
function lookAtTarget(target: TargetSpec, at: ThisHost): readonly CredentialFacts[] {
  const { auth } = target;
  const place = (path: string): string => placeOf(path, { userFolder: nameUserFolder(at) });
  switch (auth.kind) {
    case "app":
      return [lookAtFile(target, place(auth.privateKey), at)];
    case "token":
      return [lookAtFile(target, place(auth.file), at)];
    case "search":
      return search(target, place(auth.folder), at);
    default:
      return [];
  }
}

/** `app.pem` with `app.id`, else `token`. */
function search(target: TargetSpec, folder: string, at: ThisHost): readonly CredentialFacts[] {
  const key = lookAtFile(target, join(folder, "app.pem"), at);
  if (key.state !== "missing") return [key, lookAtFile(target, join(folder, "app.id"), at)];
  const token = lookAtFile(target, join(folder, "token"), at);
  if (token.state !== "missing") return [token];
  return [{ ...token, message: `neither app.pem with app.id nor token is in ${folder}` }];
}

function lookAtFile({ name }: TargetSpec, path: string, { places, uid }: ThisHost): CredentialFacts {
  const facts = { target: name, path };
  // Units of the system read it as root, whoever looks now.
  const reader = places.flavour === "system" ? 0 : uid;
  const file = readSecretFile(path, { uid: reader });
  if (file.kind === "read") return { ...facts, state: "usable", message: "", help: null };
  const put = places.flavour === "user" ? "ci-fleet auth put --user" : "sudo ci-fleet auth put";
  if (file.kind === "missing")
    return { ...facts, state: "missing", message: `there is no ${path}`, help: put };
  const mayNot = reader !== uid && file.message.startsWith("cannot read");
  return { ...facts, state: mayNot ? "unknown" : "refused", message: file.message, help: file.help };
}

/** Takes the place of /etc/ci-fleet for a user's install. */
export function nameUserFolder({ places }: Pick<ThisHost, "places">): string | null {
  return places.flavour === "user" ? places.config.slice(0, places.config.lastIndexOf("/")) : null;
}
