// The table, part: machines, hypervisors, guests, clusters. In: nothing. Out: rules.

import {
  choice,
  defaulted,
  either,
  filled,
  integer,
  kinds,
  list,
  optional,
  record,
  required,
  size,
  text,
} from "./rule.ts";

const OS = choice("debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04", "ubuntu-26.04", "arch");

const STATIC_NETWORK = record("A static address", {
  address: required(text("cidr"), "IPv4 address with prefix length.", "10.0.0.5/24"),
  gateway: optional(text("ip"), "The default gateway.", "10.0.0.1"),
  dns: defaulted(list(text("ip"), 0, 8), [], "Name servers.", "[10.0.0.1]"),
  mac: optional(text("mac"), "MAC address of the interface, to find it by.", "bc:24:11:00:00:01"),
});

const NETWORK = either(choice("dhcp"), STATIC_NETWORK);
const NETWORK_DOC = "`dhcp`, or a static address: `{address, gateway, dns, mac}`.";
const SSH_KEYS_DOC = "Public keys that may log in as the administrator of a provisioned host.";
const SSH_KEY_EXAMPLE = "[ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExample alice]";

const MACHINE = record("A machine", {
  os: optional(
    OS,
    "Set it when cloud-init provisions this machine: its user-data is then rendered. Without it the machine is taken as it is.",
    "debian-13",
  ),
  network: defaulted(NETWORK, "dhcp", `For cloud-init. ${NETWORK_DOC}`, "dhcp"),
  sshKeys: defaulted(list(text("sshKey"), 0, 50), [], SSH_KEYS_DOC, SSH_KEY_EXAMPLE),
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
});

const VM = record("A virtual machine", {
  parent: required(
    text("name"),
    "The `proxmox` host, or the `machine` with KVM, that runs this guest.",
    "pve1",
  ),
  count: optional(
    integer(1, 500),
    "So many equal guests, named with `-1`, `-2`, … A pool may name one of them or, by the common name, all.",
    "3",
  ),
  limits: filled(
    record("Size of a guest", {
      cpus: defaulted(integer(1, 1024), 4, "Virtual CPUs.", "12"),
      memory: defaulted(size("512MiB", "64TiB"), "8GiB", "Memory, without ballooning.", "48GiB"),
    }),
    "CPUs and memory of the guest.",
    "{cpus: 12, memory: 48GiB}",
  ),
  disk: defaulted(size("4GiB", "64TiB"), "64GiB", "Size of the system disk.", "200GiB"),
  gpu: optional(
    text("pciOrMapping"),
    "A GPU to pass through: its PCI address without function, in quotes, or the name of a resource mapping.",
    '"0000:01:00"',
  ),
  os: defaulted(OS, "debian-13", "System of the guest, from its distribution's cloud image.", "debian-13"),
  network: defaulted(NETWORK, "dhcp", NETWORK_DOC, "dhcp"),
  sshKeys: defaulted(list(text("sshKey"), 0, 50), [], SSH_KEYS_DOC, SSH_KEY_EXAMPLE),
  vmId: optional(
    integer(100, 999_999_999),
    "VM id of the guest (of the first one with `count`). Without it the parent's `firstId` and up.",
    "9101",
  ),
  lifetime: defaulted(
    choice("persistent", "ephemeral"),
    "persistent",
    "`ephemeral`: the guest is rolled back to its snapshot after each job.",
    "persistent",
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
