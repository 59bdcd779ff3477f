// `ci-fleet status`: what is wanted, what runs here, what GitHub says, side by side. In: --json, --watch, --local.
// Out: a page or a document; exit 1 where a slot or a guest needs a look.

import { setTimeout as sleep } from "node:timers/promises";
import { stringifySafely } from "../../base/print-json.ts";
import type { Plan } from "../../model/plan.ts";
import { compareSlots } from "../../status/compare-slots.ts";
import { hasOddGuestUnit } from "../../status/describe-guest-units.ts";
import { hasOddGuest } from "../../status/describe-node.ts";
import { describeStatus, makeStatusDocument } from "../../status/describe-status.ts";
import type { StatusFacts } from "../../status/facts.ts";
import type { Command, CommandCall } from "../command.ts";
import { FINE, FOUND } from "../exit-codes.ts";
import { loadFleet } from "../load-fleet.ts";
import { warnAbout } from "../report-diagnostics.ts";
import { showProgress } from "../show-progress.ts";
import {
  lookAtGuests,
  lookAtMachine,
  lookHere,
  openLists,
  type TargetLists,
} from "../status/gather-status.ts";
import { findThisHost } from "../this-host.ts";
import { UsageError } from "../usage-error.ts";

const LOOK_MS = 2000;
/** GitHub's lists are minutes behind anyway, and each costs requests of the fleet's budget. */
const ASK_MS = 30_000;

export const run: Command = async (call) => {
  const { flags, terminal } = call;
  if (flags.has("watch") && flags.has("json")) throw new UsageError("--watch and --json exclude each other");
  if (flags.has("watch") && !terminal.interactive) throw new UsageError("--watch needs a terminal");
  const loaded = loadFleet(call);
  if (loaded.plan === null) {
    warnAbout(loaded, terminal);
    return FOUND;
  }
  const { plan } = loaded;
  const found = findThisHost(call, plan);
  const at = found !== null && found.host.supervision !== "none" ? found : null;
  const ask = flags.has("local") ? async (): Promise<TargetLists> => new Map() : await openLists(plan, at);
  const look: Look = async () => ({
    here: at === null ? null : await lookHere(loaded, plan, at),
    node: await lookAtGuests(plan, found),
    machine: await lookAtMachine(found),
  });
  if (flags.has("watch")) return watch(call, plan, look, ask);
  const shown = showOnce(call, plan, look, await showProgress(terminal, "asking GitHub", ask()));
  const { text, healthy } = await shown;
  terminal.out(text);
  return healthy ? FINE : FOUND;
};

type Look = () => Promise<Pick<StatusFacts, "here" | "node" | "machine">>;

async function showOnce(call: CommandCall, plan: Plan, look: Look, github: TargetLists) {
  const { flags, terminal } = call;
  const facts = { now: Date.now(), plan, ...(await look()), github };
  const rows = compareSlots(facts);
  const { red, yellow, green, dim } = terminal.outStyle;
  const paints = { ok: green, waits: yellow, differs: red, unknown: dim };
  const text = flags.has("json")
    ? stringifySafely(makeStatusDocument(facts, rows))
    : describeStatus(facts, rows, (health, mark) => paints[health](mark));
  const healthy = rows.every(({ explanation }) => explanation.health !== "differs");
  const odd = hasOddGuest(plan, facts.node) || hasOddGuestUnit(facts.machine);
  return { text, healthy: healthy && !odd };
}

/** Until Ctrl-C; read-only, no keys. */
async function watch(
  call: CommandCall,
  plan: Plan,
  look: Look,
  ask: () => Promise<TargetLists>,
): Promise<number> {
  const { terminal } = call;
  let lists: TargetLists = new Map();
  let askedAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    if (performance.now() - askedAt >= ASK_MS) {
      lists = await ask();
      askedAt = performance.now();
    }
    const { text } = await showOnce(call, plan, look, lists);
    // Home, the page with each line cleared to its end, then all below it: no flicker, nothing left over.
    terminal.out(`\u001b[H${text.replaceAll("\n", "\u001b[K\n")}\u001b[J`);
    await sleep(LOOK_MS);
  }
}
