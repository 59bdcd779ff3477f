// One slot of a host as a scene sees it: its unit, its registration at GitHub, its processes. In: lab, host, pool.
// Out: questions and blows.

import type { FakeRunner } from "../github/state.ts";
import type { Host } from "./host.ts";
import type { Lab } from "./lab.ts";
import { type Patience, waitFor } from "./wait-for.ts";

export interface Slot {
  readonly name: string;
  readonly unit: string;
  readonly scope: string;
  /** Its registration; of an ephemeral slot, any of them. */
  readonly find: () => FakeRunner | undefined;
  /** Waits until it listens; `not` is the registration that it has to be rid of. */
  readonly online: (not?: FakeRunner, patience?: Patience) => Promise<FakeRunner>;
  /** Requests for secrets so far, for its whole scope. */
  readonly mints: () => number;
  readonly systemctl: (verb: string) => Promise<unknown>;
  /** What `ci-fleet status` says of it: the reason, and the sentence. */
  readonly status: () => Promise<SlotStatus>;
  /** Kills its listener, or another process of GitHub's runner. */
  readonly kill: (process?: "Runner.Listener" | "Runner.Worker") => Promise<unknown>;
}

export interface SlotStatus {
  readonly slot: string;
  /** `PreflightRed` */
  readonly reason: string;
  readonly text: string;
}

export interface SlotWords {
  readonly run: "container" | "process";
  readonly pool: string;
  readonly fleet?: string;
  readonly index?: number;
  readonly scope?: string;
}

export function findSlot(
  lab: Lab,
  host: Host,
  { run, pool, fleet = "acme", index = 1, scope = "orgs/acme" }: SlotWords,
): Slot {
  const name = `${fleet}-${pool}-${host.name}-${index}`;
  const unit = `${fleet}-${run}@${name}.service`;
  const own = () =>
    [...lab.github.scope(scope).runners.values()].filter(
      (runner) => runner.name === name || runner.name.startsWith(`${name}-`),
    );
  return {
    name,
    unit,
    scope,
    find: () => own().at(-1),
    online: (not, patience = {}) =>
      waitFor(
        `${name} to be online`,
        () => own().find((runner) => runner.id !== not?.id && lab.github.online(runner)),
        { instead: async () => [own(), (await host.ask(["systemctl", "status", unit])).stdout], ...patience },
      ),
    mints: () =>
      lab.github.requests.filter(
        ({ path }) => path === `/${scope}/actions/runners/registration-token` || path.endsWith("jitconfig"),
      ).length,
    systemctl: (verb) => host.run("systemctl", verb, unit),
    status: async () => {
      // Exit code 1 says that a slot needs a look, which is what is asked.
      const said = await host.ask(["ci-fleet", "status", "--json", "-C", `/etc/ci-fleet/${fleet}`]);
      const { slots } = JSON.parse(said.stdout) as { readonly slots: readonly SlotStatus[] };
      const found = slots.find((each) => each.slot === name);
      if (found === undefined) throw new Error(`status does not know ${name}: ${said.stdout}${said.stderr}`);
      return found;
    },
    kill: async (process = "Runner.Listener") => {
      // Below the unit's process, or in the container of the same name; seen from the host either way.
      const group =
        run === "process" ? `systemd:.*/${unit}$` : `$(docker inspect --format '{{.Id}}' ${name})`;
      const line = `for p in $(pgrep -x ${process}); do grep -qE "${group}" /proc/$p/cgroup && kill -KILL $p && done=yes; done; test "$done"`;
      await host.bash(line);
    },
  };
}
