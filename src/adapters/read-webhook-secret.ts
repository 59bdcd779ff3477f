// The secret of GitHub's webhook, from a file that nobody else could have read. In: where the spec says, where systemd
// may have put a copy. Out: the secret, or why there is none; never its text in words.

import { join } from "node:path";
import { Secret } from "../base/secret.ts";
import { WEBHOOK_SECRET_ID } from "../model/names.ts";
import { readSecretFile } from "./credentials-file.ts";

export interface SecretPlaces {
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type WebhookSecret =
  | { readonly kind: "read"; readonly secret: Secret }
  | { readonly kind: "none"; readonly why: string };

/** Who can guess it can wake the watchdog at will. */
const SHORTEST = 16;

export function readWebhookSecret(path: string, { uid, env }: SecretPlaces): WebhookSecret {
  const folder = env.CREDENTIALS_DIRECTORY;
  const handedOver = folder?.startsWith("/") === true ? join(folder, WEBHOOK_SECRET_ID) : null;
  const copy = handedOver === null ? null : readSecretFile(handedOver, { uid, fromSystemd: true });
  const file = copy?.kind === "read" ? copy : readSecretFile(path, { uid });
  if (file.kind === "missing") return { kind: "none", why: `there is no ${path}` };
  if (file.kind === "refused") return { kind: "none", why: `${file.message}: ${file.help}` };
  const text = file.secret.reveal().trim();
  if (text.length >= SHORTEST) return { kind: "read", secret: new Secret(text) };
  const why = `${path} holds fewer than ${SHORTEST} characters: \`openssl rand -hex 32\` makes enough`;
  return { kind: "none", why };
}
