// What a Proxmox node does for its guests, and how a machine gives cards away: by the rendered scripts, which were
// asked what they would do. In: the desk. Out: steps, none for a script that has nothing to do.

import type { Step, WantedScript } from "../model/apply.ts";
import { run } from "./commands.ts";
import { type Desk, step } from "./desk.ts";
import { listOwned } from "./judge-files.ts";
import { listScripts, wordsFor } from "./node-scripts.ts";

const MINUTE = 60_000;
/** Each initramfs takes a minute; an image is downloaded, a disk of a template copied. */
const LIMITS: Readonly<Record<WantedScript["kind"], number>> = {
  vfio: 30 * MINUTE,
  mapping: 5 * MINUTE,
  access: 5 * MINUTE,
  guest: 120 * MINUTE,
};

const BECAUSE: Readonly<Record<WantedScript["kind"], string>> = {
  vfio: "CardsAreHeld",
  mapping: "MappingsDiffer",
  access: "RightsDiffer",
  guest: "GuestDiffers",
};

/** After their files were written. */
export function runScripts({ wanted, installed }: Desk): readonly Step[] {
  const { node } = installed;
  return (wanted?.scripts ?? []).flatMap((script) => {
    const rehearsal = node.rehearsals.get(script.path);
    if (rehearsal?.kind === "ran" && rehearsal.lines.length === 0) return [];
    return [runScript(script, wordsFor(script, node.waitsForReboot))];
  });
}

/** While their files are there, guests first; a script says itself where it leaves something. */
export function retireScripts({ wanted, installed, places, disturbed }: Desk): readonly Step[] {
  const kept = new Set((wanted?.files ?? []).map(({ path }) => path));
  const owned = [...listOwned(installed).keys()].filter(
    (path) => !kept.has(path) && installed.files.get(path)?.kind === "file",
  );
  const scripts = listScripts(
    owned.map((path) => ({ path })),
    places,
    () => false,
  );
  return scripts.toReversed().map((script) => ({ ...runScript(script, ["--remove"]), slots: disturbed }));
}

function runScript({ path, kind }: WantedScript, words: readonly string[]): Step {
  return step({ ...run([path, ...words], LIMITS[kind]), tells: true }, BECAUSE[kind]);
}
