// The name of one ephemeral registration: the slot's with a fresh suffix, because GitHub loses runners whose
// name was just used by another (actions/runner issue 2809). In: the slot, a source of chance. Out: the name.

import { nameRegistration, REGISTRATION_SUFFIX_LENGTH } from "../model/names.ts";

/** A whole number from 0 to below `below`, each as likely. */
export type Draw = (below: number) => number;

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

export function chooseName(slot: string, draw: Draw): string {
  const letters = Array.from({ length: REGISTRATION_SUFFIX_LENGTH }, () => LETTERS[draw(LETTERS.length)]);
  return nameRegistration(slot, letters.join(""));
}
