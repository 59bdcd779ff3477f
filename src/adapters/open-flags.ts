// How files are opened where someone else may have put something in their place.
// In: nothing. Out: flags for open(2).

import { constants } from "node:fs";

/** Node's types want a string here, its code takes a number as well (lib/internal/fs/utils.js, stringToFlags). */
export const openForReadingFlags = (constants.O_RDONLY |
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0)) as unknown as string;

export const openNewFlags =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
