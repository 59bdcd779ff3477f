// Release dates of the official runner that this ci-fleet knows: the base of the 30-day rule, which
// says that a version gets no jobs once a newer one is out for 30 days (GitHub changelog of 12 June
// 2026, enforced since 25 September 2026). A version that is not here is unknown, not new.
// In: nothing. Out: the table and the floor.

/** The lowest version that may register. */
export const RUNNER_FLOOR = "2.329.0";

/** Days after a newer release in which a version must be left. */
export const RUNNER_GRACE_DAYS = 30;

/** Oldest first. `date` is null where the day is not known. */
export const RUNNER_RELEASES: readonly { readonly version: string; readonly date: string | null }[] = [
  { version: "2.329.0", date: "2025-10-14" },
  { version: "2.330.0", date: "2025-11-19" },
  { version: "2.331.0", date: "2026-01-09" },
  { version: "2.332.0", date: "2026-02-25" },
  { version: "2.333.0", date: "2026-03-18" },
  { version: "2.333.1", date: "2026-03-27" },
  { version: "2.334.0", date: "2026-04-21" },
  { version: "2.335.0", date: "2026-06-08" },
  { version: "2.335.1", date: "2026-06-08" },
  { version: "2.336.0", date: "2026-07-20" },
  { version: "2.337.0", date: null },
];
