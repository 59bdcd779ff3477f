// How the watchdogs of a fleet work, as planned. In: nothing. Out: a record.

export interface PlannedWatchdog {
  /** `daemon`: a service that stays. `timer`: one pass after the other. */
  readonly mode: "timer" | "daemon";
  readonly every: number;
  readonly offlineAfter: number;
  readonly deputy: string | null;
  readonly metrics: string | null;
  readonly ping: string | null;
  /** Where the daemon answers; null: nowhere. */
  readonly listen: { readonly address: string; readonly port: number } | null;
  /** The file with the secret of GitHub's webhook; null: there is none. */
  readonly webhookSecret: string | null;
  readonly activeWithin: number;
  readonly githubRequestsPerHour: number;
  readonly removalsPerPass: number;
  /** Projected REST requests of the whole fleet in an hour. */
  readonly projectedRequestsPerHour: number;
}
