// Commands and questions that several checks share. In: facts. Out: text for a shell, yes or no.

import { formatShellCommand } from "../base/quote-shell.ts";
import type { Placement } from "../model/plan.ts";
import type { DoctorFacts } from "./facts.ts";

/** For root on a system install, for the user on one of theirs. */
export function privileged({ places }: Pick<DoctorFacts, "places">, ...argv: readonly string[]): string {
  return formatShellCommand(places.flavour === "user" ? argv : ["sudo", ...argv]);
}

export function systemctl(facts: Pick<DoctorFacts, "places">, ...argv: readonly string[]): string {
  return facts.places.flavour === "user"
    ? formatShellCommand(["systemctl", "--user", ...argv])
    : privileged(facts, "systemctl", ...argv);
}

export function applyCommand(facts: Pick<DoctorFacts, "places">): string {
  return facts.places.flavour === "user" ? "ci-fleet apply --user" : "sudo ci-fleet apply";
}

/** `sudo apt-get install …`; a sentence where the distribution is another. */
export function install(facts: Pick<DoctorFacts, "inventory">, debian: string, arch: string): string {
  const { os } = facts.inventory;
  const family = [os?.id, ...(os?.idLike ?? [])];
  if (family.includes("debian") || family.includes("ubuntu")) return `sudo apt-get install ${debian}`;
  return family.includes("arch") ? `sudo pacman -S ${arch}` : `install ${debian} from your distribution`;
}

export function hasPlacement(
  { host }: Pick<DoctorFacts, "host">,
  is: (placement: Placement) => boolean,
): boolean {
  return host.placements.some(is);
}

export function needsDocker(facts: Pick<DoctorFacts, "host">): boolean {
  return hasPlacement(facts, ({ run, docker }) => run === "container" || docker === "socket");
}

export function needsRootless(facts: Pick<DoctorFacts, "host">): boolean {
  return hasPlacement(facts, ({ docker }) => docker === "rootless");
}

/** `1 slot`, `3 slots`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** `a, b and 3 more`: a host may have a hundred slots. */
export function nameSome(names: readonly string[], most = 4): string {
  const more = names.length - most;
  return names.slice(0, most).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

export function isInstalled({ installed }: Pick<DoctorFacts, "installed">): boolean {
  return installed.known && installed.value;
}
