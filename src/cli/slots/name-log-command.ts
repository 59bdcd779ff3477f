// Where the log of a slot is. In: the slot and how its host is supervised. Out: a command line.

import type { Plan } from "../../model/plan.ts";
import type { ThisHost } from "../this-host.ts";
import type { ChosenSlot } from "./choose-slots.ts";

export interface LogOptions {
  readonly lines: number;
  readonly follow: boolean;
}

/** Units run `docker start --attach`: the journal has the container's output too, over all its starts. */
export function nameLogCommand(
  plan: Plan,
  { host, places }: Pick<ThisHost, "host" | "places">,
  { slot, unit, placement }: Pick<ChosenSlot, "slot" | "unit" | "placement">,
  { lines, follow }: LogOptions,
): readonly [string, ...string[]] {
  if (host.supervision === "compose") {
    return [
      "docker",
      "logs",
      "--timestamps",
      "--tail",
      String(lines),
      ...(follow ? ["--follow"] : []),
      "--",
      slot,
    ];
  }
  const units = placement.run === "process" ? [unit, `${plan.units.mint}${slot}.service`] : [unit];
  const which = places.flavour === "user" ? "--user-unit" : "--unit";
  return [
    "journalctl",
    // Lines with control characters would be left out as "blob data": we clean them ourselves.
    ...["--quiet", "--no-pager", "--all", "--output=short-iso", `--lines=${lines}`],
    ...(follow ? ["--follow"] : []),
    ...units.map((name) => `${which}=${name}`),
  ];
}
