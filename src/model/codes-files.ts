// Codes for what stands in the way of writing: files that are not ours to change, folders that are not
// safe to write in. In: nothing. Out: rows of the code table.

import type { CodeEntry } from "./code.ts";

export const FILE_CODES: readonly CodeEntry[] = [
  {
    code: "CF801",
    name: "edited-by-hand",
    severity: "error",
    summary: "A rendered file differs from what the manifest of its folder recorded",
    why: "Someone changed the file after ci-fleet wrote it, and rendering would lose that change.",
    fix: "Move the change into the spec, or run `ci-fleet render --force` to drop it.",
  },
  {
    code: "CF802",
    name: "foreign-file",
    severity: "error",
    summary: "A file that ci-fleet did not write lies where a rendered file belongs",
    why: "Only files named in a manifest are ci-fleet's to replace.",
    fix: "Move the file away, or run `ci-fleet render --force` to replace it.",
  },
  {
    code: "CF803",
    name: "not-a-plain-file",
    severity: "error",
    summary: "A symbolic link, folder, FIFO, socket or device lies where a rendered file belongs",
    why: "Writing through it could reach a file outside the output folder, or never return.",
    fix: "Remove it and render again; `--force` does not override this.",
  },
  {
    code: "CF804",
    name: "not-a-folder",
    severity: "error",
    summary: "A symbolic link or a file lies where a folder of the output belongs",
    why: "Following it would write outside the output folder.",
    fix: "Remove it and render again, or name the real folder with `--out`.",
  },
  {
    code: "CF805",
    name: "folder-open-to-others",
    severity: "error",
    summary: "Root was asked to write in a folder that every user may change",
    why: "Another user could swap a folder for a link to a system folder between the check and the write.",
    fix: "Take the right away with `chmod o-w`, or render as the folder's owner.",
  },
  {
    code: "CF806",
    name: "manifest-unreadable",
    severity: "warning",
    summary: "A manifest.json is not what ci-fleet writes, so it says nothing about which files are ours",
    why: "A merge conflict or an edit broke it; files that are exactly as rendered are taken over, others count as foreign.",
    fix: "Render again; it is written anew. Resolve CF802 for files that differ.",
  },
  {
    code: "CF807",
    name: "manifest-from-the-future",
    severity: "error",
    summary: "A manifest.json has a format that this ci-fleet does not know",
    why: "A newer ci-fleet wrote this folder, and two versions must not fight over the files.",
    fix: "Install that version, and set `requires` in the spec so that older ones stop early.",
  },
  {
    code: "CF808",
    name: "path-leaves-output",
    severity: "error",
    summary: "The path of a rendered file would leave the output folder",
    why: "A path with `..`, an empty part or a leading slash has no place below the output folder.",
    fix: "This is a bug of ci-fleet: please report it with the spec that shows it.",
  },
  {
    code: "CF809",
    name: "render-interrupted",
    severity: "warning",
    summary: "An earlier render was stopped half way",
    why: "Its journal is still there: some files are of the old generation and some of the new one.",
    fix: "Run `ci-fleet render`; it finishes the work.",
  },
];
