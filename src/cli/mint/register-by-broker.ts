// Registrations of a host that holds no credential: the broker makes them. It chooses the names, so a request whose
// answer got lost stays written down under the slot's own name, and cleared by asking what the slot has. In: the slot,
// the broker. Out: a registrar.

import { isSecondLook } from "../../mint/register-start.ts";
import type { JitAnswer, Registrar, TokenAnswer } from "../../mint/start-ports.ts";
import type { BrokeredRegistration, RunnerBroker } from "../../model/broker.ts";
import type { GitHubAnswer } from "../../model/github.ts";
import { readRegistrationName } from "../../model/names.ts";
import type { SlotPlace } from "../../model/slot-start.ts";
import { decideToken } from "../../registration/decide-token.ts";
import { refuse, refused } from "./refuse.ts";

export function registerByBroker(
  place: SlotPlace,
  url: string,
  repository: string | null,
  broker: RunnerBroker,
  now: () => number,
): Registrar {
  const { slot, placement, target } = place;
  const ask = (want: "jit" | "token") => broker.mint(slot.name, want, repository);
  return {
    clockOffset: () => null,
    clear: async (names) => {
      const own = await broker.listOwn(target.name);
      if (own.kind !== "ok") return { left: names, deleted: [] };
      const left = own.value.runners.filter(({ name }) => readRegistrationName(name).slot === slot.name);
      const deleted: string[] = [];
      let isClear = own.value.complete;
      for (const { id, name, scope } of left) {
        const answer = await broker.deleteOwn({ target: target.name, scope, runner: id });
        if (answer.kind === "ok") deleted.push(name);
        else if (answer.kind !== "not-found") isClear = false;
      }
      return { left: isClear ? [] : names, deleted };
    },
    registerJit: async (announce): Promise<JitAnswer> => {
      announce(slot.name);
      const answer = await ask("jit");
      if (answer.kind !== "ok")
        return { ...refuseBroker(answer), perhaps: answer.kind === "unknown" ? slot.name : null };
      const { runner, secret } = answer.value;
      const isOwn = runner !== null && readRegistrationName(runner.name).slot === slot.name;
      if (secret.kind !== "jit" || !isOwn) {
        return {
          ...refused("broker-mistaken", `${broker.url} registered something else`, null),
          perhaps: slot.name,
        };
      }
      return { kind: "registered", name: runner.name, id: runner.id, config: secret.config };
    },
    createToken: async (): Promise<TokenAnswer> => {
      const answer = await ask("token");
      if (answer.kind !== "ok") return refuseBroker(answer);
      const { secret } = answer.value;
      if (secret.kind !== "token") return refused("broker-mistaken", `${broker.url} sent no token`, null);
      return { kind: "token", token: secret.token };
    },
    need: async (identity, goneBefore) => {
      const isOwn = identity.kind === "whole" && identity.agentName === slot.name;
      const remote = isOwn
        ? await broker.getOwn({ target: target.name, scope: url, runner: identity.agentId })
        : null;
      const wanted = { name: slot.name, lifetime: placement.lifetime, url };
      const need = decideToken(wanted, identity, remote, isSecondLook(goneBefore, now()));
      const goneId = isOwn && remote?.kind === "not-found" ? identity.agentId : null;
      return { kind: need.kind === "registration-token" ? need.kind : "none", why: need.why, goneId };
    },
  };
}

function refuseBroker(answer: Exclude<GitHubAnswer<BrokeredRegistration>, { kind: "ok" }>) {
  if (answer.kind === "not-found") return refused("broker-refused", "the broker knows no such slot", null);
  // Its own rule, or its own credential: nothing on this machine would help.
  if (answer.kind === "refused" && answer.status === null) {
    return refused("broker-refused", `the broker refuses: ${answer.message}`, answer.help, null, true);
  }
  if (answer.kind !== "unknown") return refuse(answer);
  const help = "Look whether `ssh` reaches it from here, as the user that runs this";
  return refused(
    "broker-unreachable",
    `the broker gave no answer: ${answer.cause} (${answer.request})`,
    help,
  );
}
