// A GitHub App of the lab. In: a lab, a host, what its installation may do. Out: its key on the host, in the file that
// `APP_AUTH` names, and each line of the key among the secrets.

import { generateKeyPairSync } from "node:crypto";
import type { FakeApp } from "../github/state.ts";
import type { Host } from "./host.ts";
import type { Lab } from "./lab.ts";

export const APP_AUTH = "{app: {clientId: Iv23liLabsOwnApp, privateKey: /etc/ci-fleet/app.pem}}";

export function makeApp(lab: Lab, account = "acme"): { readonly app: FakeApp; readonly pem: string } {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    // As GitHub hands it out.
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  const installations = new Map([[1, { account, write: true }]]);
  const app = { id: 7, clientId: "Iv23liLabsOwnApp", publicKey, installations };
  lab.github.apps.push(app);
  lab.secrets.add(privateKey);
  return { app, pem: privateKey };
}

export const giveKey = (host: Host, pem: string): Promise<void> =>
  host.write("/etc/ci-fleet/app.pem", pem, "600");
