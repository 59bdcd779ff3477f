// What the exit status says. Scripts depend on these; they are documented in docs/guide.md.
// In: nothing. Out: numbers.

export const FINE = 0;
/** It looked and found something: diagnostics, drift, files that it may not overwrite. */
export const FOUND = 1;
/** The command line is wrong. */
export const USAGE = 2;
/** The world failed: disk, network, a tool. */
export const WORLD = 3;
/** A bug of ours (sysexits.h EX_SOFTWARE). */
export const BUG = 70;
/** Another ci-fleet is at work here; try again (EX_TEMPFAIL). */
export const LOCKED = 75;
/** A credential is missing, unusable or refused (EX_NOPERM). */
export const REFUSED = 77;
/** A person said no at a prompt: what a shell gives for Ctrl-C. */
export const CANCELLED = 130;
