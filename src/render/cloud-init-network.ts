// network-config, version 2, of a new machine. In: what the spec says of its network. Out: the file's text.

import type { Provisioning } from "../model/plan.ts";
import { writeYaml, type YamlMap } from "./write-yaml.ts";

export function writeNetworkConfig({ network }: Provisioning, banner: string): string {
  const addresses: YamlMap =
    network.kind === "dhcp"
      ? { dhcp4: true }
      : {
          addresses: [network.address],
          ...listRoutes(network.gateway),
          ...(network.dns.length === 0 ? {} : { nameservers: { addresses: [...network.dns] } }),
        };
  const eth0 = { ...findInterface(network.kind === "static" ? network.mac : null), ...addresses };
  return writeYaml({ version: 2, ethernets: { eth0 } }, { head: banner });
}

/**
 * By MAC where one is known. Else by a pattern, which netplan (Debian, Ubuntu) takes; cloud-init's own writer for
 * systemd-networkd (Arch) ignores it and takes the key for the name, which is right in Arch's images: their kernel
 * keeps `eth0`.
 */
function findInterface(mac: string | null): YamlMap {
  if (mac === null) return { match: { name: "e*" } };
  return { match: { macaddress: mac.toLowerCase() }, "set-name": "eth0" };
}

/** `default` is a word of netplan's alone. */
function listRoutes(gateway: string | null): YamlMap {
  if (gateway === null) return {};
  return { routes: [{ to: gateway.includes(":") ? "::/0" : "0.0.0.0/0", via: gateway }] };
}
