// What opens the line to a Proxmox node: the token, from a file that only root could have read, and the certificates
// that the node may show. In: the places of the spec, what systemd handed over. Out: the port, or why there is none;
// nothing of the secret in words.

import { join } from "node:path";
import { parseObject } from "../base/read-json.ts";
import { Secret } from "../base/secret.ts";
import type { Hypervisor } from "../model/hypervisor-port.ts";
import { PROXMOX_TOKEN_ID } from "../model/names.ts";
import { readSecretFile } from "./credentials-file.ts";
import { openHypervisor } from "./proxmox.ts";
import { openProxmoxLine } from "./proxmox-line.ts";
import type { TaskPorts } from "./proxmox-tasks.ts";

export interface ProxmoxPlaces {
  /** `https://localhost:8006` */
  readonly url: string;
  readonly node: string;
  /** As access.sh leaves it; what systemd hands over goes first. */
  readonly token: string;
  /** Of the authority that signs the nodes' certificates. */
  readonly ca: string;
}

export interface ProxmoxWorld {
  /** Of this process. */
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ports: TaskPorts;
  readonly userAgent: string;
  readonly signal: AbortSignal | null;
  /** Takes the place of pveproxy-ssl.pem on this machine, for tests. */
  readonly ownCertificate?: string;
}

export type ProxmoxConnection =
  | { readonly kind: "open"; readonly hypervisor: Hypervisor; readonly close: () => void }
  | { readonly kind: "refused"; readonly message: string; readonly help: string };

/** pveproxy(8): a certificate that somebody uploaded; it takes the place of the one that the node's authority signed. */
const UPLOADED_CERTIFICATE = "/etc/pve/local/pveproxy-ssl.pem";
/** A clone is begun within seconds; what takes longer is a task. */
const DEADLINE_MS = 35_000;

export function connectProxmox(places: ProxmoxPlaces, world: ProxmoxWorld): ProxmoxConnection {
  const token = readToken(places.token, world);
  if (token.kind === "refused") return token;
  const trusted = readTrusted(places.ca, world);
  if (trusted.kind === "refused") return trusted;
  const line = openProxmoxLine({
    url: places.url,
    token: token.secret,
    trusted: trusted.certificates,
    userAgent: world.userAgent,
    deadlineMs: DEADLINE_MS,
    signal: world.signal,
  });
  const hypervisor = openHypervisor({ line, node: places.node, token: token.secret, ...world.ports });
  return { kind: "open", hypervisor, close: line.close };
}

type Refused = Extract<ProxmoxConnection, { kind: "refused" }>;

function readToken(path: string, { uid, env }: ProxmoxWorld): { kind: "read"; secret: Secret } | Refused {
  const folder = env.CREDENTIALS_DIRECTORY;
  const handedOver = folder?.startsWith("/") === true ? join(folder, PROXMOX_TOKEN_ID) : null;
  const copy = handedOver === null ? null : readSecretFile(handedOver, { uid, fromSystemd: true });
  const file = copy?.kind === "read" ? copy : readSecretFile(path, { uid });
  if (file.kind === "missing") {
    return {
      kind: "refused",
      message: `there is no token for Proxmox's API at ${path}`,
      help: "Run the rendered access.sh on the node, as root: it makes one.",
    };
  }
  if (file.kind === "refused") return { kind: "refused", message: file.message, help: file.help };
  const secret = parseProxmoxToken(file.secret);
  if (secret !== null) return { kind: "read", secret };
  return {
    kind: "refused",
    message: `${path} holds no token of Proxmox`,
    help: "Remove the token (`pveum user token remove`) and run the rendered access.sh again.",
  };
}

/** What follows `PVEAPIToken=` in the header (pveum(1), "API Tokens"). It becomes part of a header: nothing else may be in it. */
const TOKEN =
  /^[^\s:/!=@]{1,64}@[A-Za-z][A-Za-z0-9._-]{1,31}![A-Za-z][A-Za-z0-9._-]{1,127}=[0-9A-Za-z-]{8,128}$/;

/** As `pveum user token add --output-format json` prints it, or the line itself. null: neither. */
export function parseProxmoxToken(given: Secret): Secret | null {
  const text = given.reveal().trim();
  const fields = parseObject(text);
  if (fields === null) return TOKEN.test(text) ? new Secret(text) : null;
  const { "full-tokenid": id, value } = fields;
  if (typeof id !== "string" || typeof value !== "string") return null;
  const line = `${id}=${value}`;
  return TOKEN.test(line) ? new Secret(line) : null;
}

function readTrusted(
  ca: string,
  world: ProxmoxWorld,
): { kind: "read"; certificates: readonly string[] } | Refused {
  const rules = { uid: world.uid, mayBeRead: true };
  const authority = readSecretFile(ca, rules);
  const uploaded = readSecretFile(world.ownCertificate ?? UPLOADED_CERTIFICATE, rules);
  for (const file of [authority, uploaded]) {
    if (file.kind === "refused") return { kind: "refused", message: file.message, help: file.help };
  }
  const certificates = [authority, uploaded].flatMap((file) =>
    file.kind === "read" ? (file.secret.reveal().match(CERTIFICATES) ?? []) : [],
  );
  if (certificates.length > 0) return { kind: "read", certificates };
  return {
    kind: "refused",
    message: `there is no certificate at ${ca}: the node could not be told from any other`,
    help: "Copy /etc/pve/pve-root-ca.pem from the node and name it at the host, under `api: {ca: …}`.",
  };
}

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
