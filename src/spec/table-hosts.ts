// The table, part: machines, hypervisors, clusters. In: nothing. Out: rules.

import { choice, defaulted, dict, filled, integer, kinds, list, optional, record, text } from "./rule.ts";
import { NETWORK, NETWORK_DOC, OS, SSH_KEY_EXAMPLE, SSH_KEYS_DOC, VM } from "./table-guests.ts";

const MACHINE = record("A machine", {
  os: optional(
    OS,
    "Set it when cloud-init provisions this machine: its user-data is then rendered. Without it the machine is taken as it is.",
    "debian-13",
  ),
  network: defaulted(NETWORK, "dhcp", `For cloud-init. ${NETWORK_DOC}`, "dhcp"),
  sshKeys: defaulted(list(text("sshKey"), 0, 50), [], SSH_KEYS_DOC, SSH_KEY_EXAMPLE),
  bridge: optional(
    text("bridge"),
    "Network bridge of its guests. Without it each has QEMU's own network: it reaches out and is not reached.",
    "br0",
  ),
});

const API = record("Proxmox's API", {
  url: defaulted(
    text("nodeUrl"),
    "https://localhost:8006",
    "Where it answers. Its certificate has to name this host.",
    "https://pve1.example:8006",
  ),
  token: optional(
    text("absolutePath"),
    "The file with the token, closed to others. Without it, where `access.sh` puts it: /etc/ci-fleet/proxmox-FLEET.json.",
    "/etc/ci-fleet/proxmox-token",
  ),
  ca: defaulted(
    text("absolutePath"),
    "/etc/pve/pve-root-ca.pem",
    "The authority that signed the node's certificate, in PEM. No other is trusted, but for a certificate that was uploaded to this node.",
    "/etc/ci-fleet/pve-root-ca.pem",
  ),
});

const PROXMOX = record("A Proxmox node", {
  storage: defaulted(text("storage"), "local-lvm", "Storage for the disks of guests.", "local-lvm"),
  snippets: defaulted(
    text("storage"),
    "local",
    "Storage with content type `snippets`, for cloud-init files.",
    "local",
  ),
  bridge: defaulted(text("bridge"), "vmbr0", "Network bridge of the guests.", "vmbr0"),
  template: optional(
    integer(100, 999_999_999),
    "VM id of a template to clone. Without it guests are made from a cloud image.",
    "9000",
  ),
  firstId: defaulted(
    integer(100, 999_999_999),
    9100,
    "First VM id to give to guests that have no `vmId`.",
    "9100",
  ),
  mappings: filled(
    dict("mapping", "mapping", list(text("pciAddress"), 1, 64), 0, 100),
    "Resource mappings to make: cards by PCI address, of which each guest that names the mapping gets one.",
    '{gpus: ["0000:01:00", "0000:02:00"]}',
  ),
  api: filled(
    API,
    "How the node's API is reached, with a token that has few rights.",
    "{url: https://pve1.example:8006}",
  ),
});

const KUBERNETES = record("A Kubernetes cluster", {
  namespace: defaulted(text("namespace"), "ci-fleet", "Namespace of the runners.", "ci-fleet"),
  arch: defaulted(choice("x64", "arm64"), "x64", "Architecture of the nodes that run the runners.", "x64"),
});

export const HOST = kinds("machine", {
  machine: MACHINE,
  proxmox: PROXMOX,
  vm: VM,
  kubernetes: KUBERNETES,
});
