// What a person decides at `init`, however it was learned. In: nothing. Out: records.

import type { Lifetime, RunMode } from "../../model/fleet.ts";

export type AuthAnswer =
  | { readonly kind: "app"; readonly clientId: string; readonly privateKey: string }
  | { readonly kind: "token"; readonly file: string }
  | { readonly kind: "gh"; readonly user: string }
  /** Decided later: credentials are looked for in /etc/ci-fleet. */
  | { readonly kind: "later" };

export interface InitAnswers {
  readonly host: string;
  readonly url: string;
  /** Nobody said one: the address is an example that must be changed. */
  readonly urlIsExample: boolean;
  readonly fleet: string;
  readonly auth: AuthAnswer;
  /** null: chosen by what this machine can do. */
  readonly run: RunMode | null;
  readonly lifetime: Lifetime | null;
  /** null: `ci`. */
  readonly pool: string | null;
}

export const EXAMPLE_URL = "https://github.com/your-org";
export const DEFAULT_TOKEN_FILE = "/etc/ci-fleet/token";
export const DEFAULT_KEY_FILE = "/etc/ci-fleet/app.pem";
