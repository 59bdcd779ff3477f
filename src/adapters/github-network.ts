// The way out to GitHub for this whole process: the proxy and the extra authority of the spec, else those of
// the environment. Node's fetch knows neither by itself, and inside a single executable no option of Node's can
// say so. In: network of the spec, environment. Out: settings in force; a way back for tests.
// Node's documentation: http.setGlobalProxyFromEnv (24.5), tls.setDefaultCACertificates (24.5).

import { readFileSync } from "node:fs";
import { setGlobalProxyFromEnv } from "node:http";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { WorldError } from "../base/world-error.ts";
import type { PlannedNetwork } from "../model/authority.ts";
import type { NetworkSpec } from "../model/fleet.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Never through a proxy: what runs on this machine. */
const LOCAL = ["localhost", "127.0.0.1", "::1"];

/**
 * Variables win over the spec: they are how a person goes another way once. Throws a WorldError on an address
 * that is none and on a CA file that cannot be read.
 */
export function openNetwork(
  network: Pick<PlannedNetwork, "proxy" | "noProxy" | "ca" | "caContent"> | null,
  env: Environment,
): () => void {
  if (network?.ca != null) trustAuthority(network.ca, network.caContent);
  const proxies = chooseProxies(network, env);
  if (proxies === null) return () => undefined;
  return setGlobalProxyFromEnv({ ...proxies });
}

interface Proxies {
  readonly http_proxy?: string;
  readonly https_proxy?: string;
  readonly no_proxy: string;
}

/** null: none, as also where `*` goes without one (curl, NO_PROXY). Lower case wins, as curl has it; `HTTP_PROXY` in capitals is a web server's variable to some. */
export function chooseProxies(
  network: Pick<NetworkSpec, "proxy" | "noProxy"> | null,
  env: Environment,
): Proxies | null {
  const read = (name: string): string | null => env[name] || env[name.toUpperCase()] || null;
  const all = read("all_proxy");
  const https = read("https_proxy") ?? all ?? network?.proxy ?? null;
  const http = env.http_proxy || all || network?.proxy || null;
  if (https === null && http === null) return null;
  const without = (read("no_proxy")?.split(",") ?? network?.noProxy ?? []).map((name) => name.trim());
  // Among other names Node does not heed it.
  if (without.includes("*")) return null;
  return {
    ...(http === null ? {} : { http_proxy: checkProxy(http) }),
    ...(https === null ? {} : { https_proxy: checkProxy(https) }),
    no_proxy: [...LOCAL, ...without].filter((name) => name !== "").join(","),
  };
}

/** Its text is not shown: it may hold a password. */
function checkProxy(text: string): string {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const scheme = URL.canParse(address) ? new URL(address).protocol : null;
  if (scheme === "http:" || scheme === "https:") return address;
  const cause =
    scheme === null ? "its address is no URL" : `${scheme.slice(0, -1)} proxies are not supported`;
  throw new WorldError(
    "use the proxy",
    cause,
    "Set https_proxy, or `network.proxy` in the spec, to http://HOST:PORT.",
  );
}

function trustAuthority(path: string, content: string | null): void {
  let text: string;
  try {
    text = content ?? readFileSync(path, "utf8");
  } catch (cause) {
    throw new WorldError(`read the authority ${path} of network.ca`, cause);
  }
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (found === null) {
    throw new WorldError(`trust the authority ${path} of network.ca`, "it holds no certificate in PEM");
  }
  try {
    setDefaultCACertificates([...getCACertificates("default"), ...found]);
  } catch (cause) {
    throw new WorldError(`trust the authority ${path} of network.ca`, cause);
  }
}
