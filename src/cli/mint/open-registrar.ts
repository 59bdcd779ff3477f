// Joins GitHub, the rules of registration and the preparation of a start. In: the slot, its scope. Out: a registrar,
// by this host's credential or by a broker's.

import { randomInt } from "node:crypto";
import { openInstallations } from "../../adapters/installations-file.ts";
import { clearNames } from "../../mint/clear-names.ts";
import { nameWorkFolder } from "../../mint/find-slot.ts";
import { isSecondLook } from "../../mint/register-start.ts";
import type { JitAnswer, Registrar, TokenAnswer } from "../../mint/start-ports.ts";
import type { GitHubAnswer, RunnerScopeApi } from "../../model/github.ts";
import type { SlotPlace } from "../../model/slot-start.ts";
import { decideToken } from "../../registration/decide-token.ts";
import { registerEphemeral } from "../../registration/register-ephemeral.ts";
import { registerPersistent } from "../../registration/register-persistent.ts";
import { openHostBroker } from "../open-broker.ts";
import { openTarget } from "../open-target.ts";
import { refuse, refused } from "./refuse.ts";
import { registerByBroker } from "./register-by-broker.ts";

export async function openRegistrar(
  place: SlotPlace,
  url: string,
  say: (text: string) => void,
): Promise<Registrar> {
  const { plan, target, places } = place;
  if (target.auth.kind === "broker") {
    const repository = target.scope.kind === "repositories" ? url.split("/").slice(-2).join("/") : null;
    return registerByBroker(place, url, repository, openHostBroker(target.auth, places), Date.now);
  }
  // Both the unit and this call name the same folder of credentials.
  const installations = openInstallations(`${places.state}/installations.json`);
  const access = await openTarget(plan, target, { places, installations });
  for (const warning of access.credential.warnings) say(warning);
  const opened = access.scopes.find(({ api }) => api.url === url);
  if (opened === undefined) throw new Error(`the target ${target.name} has no scope ${url}`);
  return registerAt(place, url, opened.api, { now: Date.now, draw: (below) => randomInt(below) });
}

interface Chance {
  readonly now: () => number;
  readonly draw: (below: number) => number;
}

export function registerAt(
  place: SlotPlace,
  url: string,
  plain: RunnerScopeApi,
  { now, draw }: Chance,
): Registrar {
  const { slot, placement, target } = place;
  const { api, clockOffset } = watchClock(plain);
  return {
    clockOffset,
    clear: (names) => clearNames(api, slot.name, names, now()),
    registerJit: async (announce): Promise<JitAnswer> => {
      const workFolder = nameWorkFolder(place);
      const wanted = { name: slot.name, placement, target, workFolder };
      const outcome = await registerEphemeral(api, wanted, { draw, announce });
      switch (outcome.kind) {
        case "registered": {
          const { runner, encodedConfig } = outcome.registration;
          return { kind: "registered", name: runner.name, id: runner.id, config: encodedConfig };
        }
        case "group-missing":
          return { ...refuseGroup(url, outcome.group), perhaps: null };
        case "failed":
          return { ...refuse(outcome.answer), perhaps: outcome.perhaps };
      }
    },
    createToken: async (): Promise<TokenAnswer> => {
      const outcome = await registerPersistent(api, target);
      switch (outcome.kind) {
        case "token":
          return { kind: "token", token: outcome.token.token };
        case "group-missing":
          return refuseGroup(url, outcome.group);
        case "failed":
          return refuse(outcome.answer);
      }
    },
    need: async (identity, goneBefore) => {
      const isOwn = identity.kind === "whole" && identity.agentName === slot.name;
      const remote = isOwn ? await api.getRunner(identity.agentId) : null;
      const wanted = { name: slot.name, lifetime: placement.lifetime, url };
      const need = decideToken(wanted, identity, remote, isSecondLook(goneBefore, now()));
      const goneId = isOwn && remote?.kind === "not-found" ? identity.agentId : null;
      const kind = need.kind === "registration-token" ? "registration-token" : "none";
      return { kind, why: need.why, goneId };
    },
  };
}

function refuseGroup(url: string, group: string): ReturnType<typeof refused> {
  const help = "Make it in GitHub's settings, or name another under `runnerGroup` in the spec";
  return refused("group-missing", `${url} has no runner group ${group}`, help);
}

/** Every answer tells GitHub's time. */
function watchClock(api: RunnerScopeApi): { readonly api: RunnerScopeApi; clockOffset(): number | null } {
  let offset: number | null = null;
  const note = async <T>(asked: Promise<GitHubAnswer<T>>): Promise<GitHubAnswer<T>> => {
    const answer = await asked;
    offset = answer.meta.clockOffset ?? offset;
    return answer;
  };
  return {
    clockOffset: () => offset,
    api: {
      url: api.url,
      listRunners: () => note(api.listRunners()),
      getRunner: (id) => note(api.getRunner(id)),
      findRunner: (name) => note(api.findRunner(name)),
      deleteRunner: (id) => note(api.deleteRunner(id)),
      createJit: (request) => note(api.createJit(request)),
      createRegistrationToken: () => note(api.createRegistrationToken()),
      createRemoveToken: () => note(api.createRemoveToken()),
      findGroup: (name) => note(api.findGroup(name)),
      listDownloads: () => note(api.listDownloads()),
      getDeprecation: (version) => note(api.getDeprecation(version)),
    },
  };
}
