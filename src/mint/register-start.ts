// The last step before a runner starts: its registration. Names are written down before GitHub is asked, answers
// before they are used, and the secret goes into one file and nowhere else. In: ports, the slot, its scope. Out:
// what the runner starts with, or why there is nothing.

import type { MintJournal } from "../model/mint-journal.ts";
import { type Fault, fault, type SlotPlace } from "../model/slot-start.ts";
import type { RepositoryChoice } from "./find-slot.ts";
import type { Refused, Registrar, SlotWorld, StartPorts } from "./start-ports.ts";

type Scope = Extract<RepositoryChoice, { kind: "chosen" }>;

export type Registered = { readonly kind: "registered" | "kept-registration" } | Refused;

/** The runner's own limit is five minutes (its OAuth token is refused beyond); this leaves it one. */
const MAX_CLOCK_OFFSET_MS = 4 * 60_000;
/** GitHub's first "gone" counts when it says so again this much later. */
const SECOND_LOOK_MS = 60_000;

export function isSecondLook(goneBefore: number | null, now: number): boolean {
  return goneBefore !== null && now - goneBefore >= SECOND_LOOK_MS;
}

export async function registerStart(
  ports: StartPorts,
  world: SlotWorld,
  place: SlotPlace,
  scope: Scope,
): Promise<Registered> {
  if (place.placement.lifetime === "ephemeral") return registerEphemeral(ports, world, place, scope);
  return registerPersistent(ports, world, place, scope);
}

async function registerEphemeral(
  ports: StartPorts,
  world: SlotWorld,
  place: SlotPlace,
  { url }: Scope,
): Promise<Registered> {
  const { keeper, clock } = ports;
  const registrar = await ports.openRegistrar(place, url);
  const clear = async (): Promise<void> => {
    const { names } = keeper.readJournal();
    if (names.length === 0) return;
    const { left, deleted } = await registrar.clear(names);
    for (const name of deleted) ports.say(`took back the registration ${name} of an earlier start`);
    if (left.length !== names.length) change(ports, { names: left });
  };
  await clear();
  const announced = new Set<string>();
  const answer = await registrar.registerJit((name) => {
    announced.add(name);
    const { names } = keeper.readJournal();
    change(ports, { names: [...names, { name, url, id: null, at: clock.now() }] });
  });
  const offset = noteClock(ports, registrar);
  const isRefused = answer.kind === "refused";
  const { names } = keeper.readJournal();
  const tried = names.filter(({ name }) => announced.has(name));
  const others = names.filter(({ name }) => !announced.has(name));
  // Of the names that were tried, the others are known not to be registered, or are somebody else's. A broker
  // chooses the name itself, and it is known only now.
  const kept = isRefused
    ? tried.filter(({ name }) => name === answer.perhaps)
    : [{ name: answer.name, url, id: answer.id, at: tried.at(-1)?.at ?? clock.now() }];
  change(ports, { names: [...others, ...kept] });
  if (isRefused) return answer;
  const skew = judgeClock(offset);
  if (skew !== null) {
    await clear();
    return { kind: "refused", fault: skew, retryAt: null, isCredential: false, isHost: true };
  }
  world.handOver("jitconfig", `${answer.config.reveal()}\n`);
  return { kind: "registered" };
}

async function registerPersistent(
  ports: StartPorts,
  world: SlotWorld,
  place: SlotPlace,
  { url, repository }: Scope,
): Promise<Registered> {
  const identity = world.readIdentity();
  // The entrypoint can read it, and says in its log how to register anew where it is of no use.
  if (identity === null) return { kind: "kept-registration" };
  const isSame = identity.kind === "whole" && identity.agentName === place.slot.name;
  // Nothing is asked of GitHub where nothing is in doubt: such a slot needs no credential to come back.
  if (isSame && !identity.ephemeral && isUrl(identity.gitHubUrl, url) && !world.isSuspect()) {
    return { kind: "kept-registration" };
  }
  const registrar = await ports.openRegistrar(place, url);
  const { gone } = ports.keeper.readJournal();
  const before = identity.kind === "whole" && gone?.agentId === identity.agentId ? gone.at : null;
  const need = await registrar.need(identity, before);
  if (need.goneId !== null && before === null) {
    change(ports, { gone: { agentId: need.goneId, at: ports.clock.now() } });
  }
  ports.say(need.why);
  if (need.kind === "none") return { kind: "kept-registration" };
  const answer = await registrar.createToken();
  const skew = judgeClock(noteClock(ports, registrar));
  if (answer.kind === "refused") return answer;
  if (skew !== null)
    return { kind: "refused", fault: skew, retryAt: null, isCredential: false, isHost: true };
  // Before the token: the runner begins when it sees that.
  if (repository !== null) world.handOver("url", `${url}\n`);
  world.handOver("token", `${answer.token.reveal()}\n`);
  change(ports, { gone: null });
  return { kind: "registered" };
}

/** null: it was not recorded. Case does not tell owners and repositories apart at GitHub. */
function isUrl(recorded: string | null, url: string): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/\/+$/, "").replace("://www.", "://");
  return recorded === null || plain(recorded) === plain(url);
}

function change({ keeper }: StartPorts, changed: Partial<MintJournal>): void {
  keeper.writeJournal({ ...keeper.readJournal(), ...changed });
}

function noteClock(ports: StartPorts, registrar: Registrar): number | null {
  const offset = registrar.clockOffset();
  if (offset !== null) change(ports, { clock: { offset, at: ports.clock.now() } });
  return offset;
}

function judgeClock(offset: number | null): Fault | null {
  if (offset === null || Math.abs(offset) <= MAX_CLOCK_OFFSET_MS) return null;
  const seconds = Math.round(Math.abs(offset) / 1000);
  const message = `this machine's clock is ${seconds} s ${offset > 0 ? "behind" : "ahead of"} GitHub's`;
  return fault("clock-skew", message, "Run `timedatectl set-ntp true`, and look at `timedatectl`");
}
