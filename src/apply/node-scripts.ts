// The scripts by which a Proxmox node, or a machine that gives cards away, is brought to what is rendered. Each knows
// by itself what differs and how to take it back; what is decided here is which run, in which order, and with which
// words. In: paths of files. Out: scripts, arguments.

import type { InstallPlaces, WantedFile, WantedScript } from "../model/apply.ts";

type Kind = WantedScript["kind"];

/** Cards have to be free before they can be mapped, mapped before they can be granted, and all that before guests. */
const KINDS: readonly (readonly [kind: Kind, path: RegExp])[] = [
  ["vfio", /^vfio\/install\.sh$/],
  ["mapping", /^mapping\/pci\.sh$/],
  ["access", /^access\.sh$/],
  ["guest", /^vm\/[^/]+\/qm\.sh$/],
];

/** Of a host's folder, what these scripts are and read. */
export const NODE_FILES = /^(?:vfio\/|mapping\/|vm\/|access\.sh$)/;

/** In the order in which they run. */
export function listScripts(
  files: readonly Pick<WantedFile, "path">[],
  { config }: InstallPlaces,
  needsCards: (path: string) => boolean,
): readonly WantedScript[] {
  const top = `${config}/`;
  const paths = files.flatMap(({ path }) => (path.startsWith(top) ? [path.slice(top.length)] : [])).sort();
  return KINDS.flatMap(([kind, pattern]) =>
    paths
      .filter((path) => pattern.test(path))
      .map((path) => ({ kind, path: top + path, needsCards: kind === "guest" && needsCards(path) })),
  );
}

/** A guest whose card the node's own driver still holds could take the node down with its start. */
export function wordsFor({ needsCards }: WantedScript, waitsForReboot: boolean): readonly string[] {
  return needsCards && waitsForReboot ? ["--no-start"] : [];
}

/** A file there says that a reboot is waited for: the next boot finds none (file-hierarchy(7), /run). */
export const REBOOT_MARK = "/run/ci-fleet/reboot";
