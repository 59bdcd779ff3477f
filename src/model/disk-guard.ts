// How much room a host must have. In: nothing. Out: sizes.

/** Below this a job is refused: what a checkout, a toolchain and a build at least take. */
export const MIN_FREE_MIB = 2048;
/** Below this a slot does not register: a little more, so that no runner takes a job which it then refuses. */
export const MIN_FREE_MIB_TO_REGISTER = 2304;
/** A checkout of a large project with its dependencies. */
export const MIN_FREE_INODES = 20_000;
export const MIN_FREE_BYTES = MIN_FREE_MIB * 2 ** 20;
