// Who may be root where, and what they would find there. In: the draft. Out: CF113, CF201, CF202, CF625.

import type { PoolSpec } from "../../model/fleet.ts";
import { type Draft, type Rule, relatePool } from "../draft.ts";
import { relate } from "../report.ts";
import { isWithin, showsEngineSocket } from "./mount-rules.ts";

const dockerNeedsTrust: Rule = ({ fleet }, say) => {
  for (const pool of fleet.pools) {
    if (pool.trusted || (pool.docker !== "socket" && pool.docker !== "dind")) continue;
    say(pool.docker === "socket" ? "CF201" : "CF202", [...pool.at, "docker"], {
      message: `\`docker: ${pool.docker}\` makes every job root on the host and needs \`trusted: true\``,
      help: "use `docker: rootless`, or add `trusted: true`",
    });
  }
};

/** Jobs with root read every file: the credential must be elsewhere, or this must be accepted. */
const credentialWithinReach: Rule = (draft, say) => {
  for (const pool of draft.fleet.pools) {
    const target = draft.targetOf(pool);
    if (target === null || target.auth.kind === "broker" || pool.acceptLocalCredential) continue;
    const socketVolume = pool.volumes.findIndex(showsEngineSocket);
    const byKey = pool.docker === "socket" || pool.docker === "dind";
    if ((!byKey && socketVolume === -1) || onClustersOnly(draft, pool)) continue;
    say("CF625", byKey ? [...pool.at, "docker"] : [...pool.at, "volumes", socketVolume], {
      message: `jobs with root on the host could read the credential that registers runners for target "${target.name}"`,
      help: "use `auth: {broker: ssh://USER@HOST}`, or say `acceptLocalCredential: true` in the pool",
      related: [
        relate(
          target.authWritten ? "the credential is said here" : "the target is here",
          target.authWritten ? [...target.at, "auth"] : target.at,
          true,
        ),
      ],
    });
  }
};

/** In a cluster the credential is with the controller, not on the node. */
function onClustersOnly(draft: Draft, pool: PoolSpec): boolean {
  const hosts = draft.hostsOf(pool);
  return hosts.length > 0 && hosts.every(({ kind }) => kind === "kubernetes");
}

const trustZonesShareFolder: Rule = (draft, say) => {
  const trusted = draft.fleet.pools.filter((pool) => pool.trusted && pool.volumes.length > 0);
  if (trusted.length === 0) return;
  for (const pool of draft.fleet.pools) {
    if (pool.trusted) continue;
    pool.volumes.forEach((volume, i) => {
      if (volume.readOnly) return;
      const other = trusted.find(
        (candidate) =>
          candidate.volumes.some((theirs) => overlap(theirs.source, volume.source)) &&
          shareHost(draft, candidate, pool),
      );
      if (other === undefined) return;
      say("CF113", [...pool.at, "volumes", i], {
        message: `the untrusted pool "${pool.name}" can write to ${volume.source}, which the trusted pool "${other.name}" uses`,
        help: "give each pool a folder of its own, or add `:ro` here",
        related: [relatePool("the trusted pool is here", other)],
      });
    });
  }
};

function overlap(a: string, b: string): boolean {
  return isWithin(a, b) || isWithin(b, a);
}

function shareHost(draft: Draft, a: PoolSpec, b: PoolSpec): boolean {
  const names = new Set(draft.hostsOf(a).map(({ name }) => name));
  return draft.hostsOf(b).some(({ name }) => names.has(name));
}

export const TRUST_RULES: readonly Rule[] = [dockerNeedsTrust, credentialWithinReach, trustZonesShareFolder];
