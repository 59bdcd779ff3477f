// The table, part: guests, and what they have in common with machines that cloud-init provisions. Every value
// here is one that Proxmox VE takes (qm.conf(5)): what its parser or its API would refuse is refused here first.
// In: nothing. Out: rules.

import { ACCEPTABLE_RISKS } from "../model/fleet.ts";
import {
  choice,
  defaulted,
  duration,
  either,
  filled,
  flag,
  integer,
  list,
  optional,
  record,
  required,
  size,
  text,
} from "./rule.ts";

export const OS = choice("debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04", "ubuntu-26.04", "arch");

const STATIC_NETWORK = record("A static address", {
  address: required(text("cidr"), "IPv4 address with prefix length.", "10.0.0.5/24"),
  gateway: optional(text("ip"), "The default gateway.", "10.0.0.1"),
  dns: defaulted(list(text("ip"), 0, 8), [], "Name servers.", "[10.0.0.1]"),
  mac: optional(text("mac"), "MAC address of the interface, to find it by.", "bc:24:11:00:00:01"),
});

export const NETWORK = either(choice("dhcp"), STATIC_NETWORK);
export const NETWORK_DOC = "`dhcp`, or a static address: `{address, gateway, dns, mac}`.";
export const SSH_KEYS_DOC = "Public keys that may log in as the administrator of a provisioned host.";
export const SSH_KEY_EXAMPLE =
  "[ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExample alice]";

const STARTUP = record("Order of start", {
  order: optional(integer(0, 9999), "Lower numbers start first, and stop last.", "20"),
  up: optional(duration("0s", "1d"), "Wait so long before the next guest starts.", "30s"),
  down: optional(duration("1s", "1d"), "Wait so long for the guest to stop.", "2m"),
});

const HARDWARE = record(
  "Hardware of a guest",
  {
    machine: defaulted(
      choice("q35", "i440fx"),
      "q35",
      "Chipset. Cards on a PCI Express port need `q35`.",
      "q35",
    ),
    bios: defaulted(choice("ovmf", "seabios"), "ovmf", "Firmware: UEFI or BIOS.", "ovmf"),
    secureBoot: defaulted(
      flag(),
      false,
      "Secure Boot in the guest, which refuses kernel modules that nobody signed: NVIDIA's own among them.",
      "true",
    ),
    cpu: defaulted(
      choice(
        "host",
        "max",
        "x86-64-v2",
        "x86-64-v2-AES",
        "x86-64-v3",
        "x86-64-v4",
        "EPYC",
        "EPYC-Rome",
        "EPYC-Milan",
        "EPYC-Genoa",
        "EPYC-Turin",
        "Skylake-Server",
        "Cascadelake-Server",
        "Icelake-Server",
        "SapphireRapids",
        "GraniteRapids",
        "kvm64",
        "qemu64",
      ),
      "host",
      "CPU that the guest sees.",
      "x86-64-v3",
    ),
    flags: defaulted(
      list(text("cpuFlag"), 0, 20),
      [],
      "CPU flags, switched on by `+` and off by `-`.",
      '["+pcid"]',
    ),
    numa: defaulted(flag(), false, "Show the guest NUMA nodes.", "true"),
    hugepages: optional(
      choice("2MiB", "1GiB", "any"),
      "Back the guest's memory with pages of this size; needs `numa: true`.",
      "1GiB",
    ),
    vga: optional(
      choice("none", "std", "virtio", "qxl", "serial0"),
      "Display. Without it a guest with a card has none, any other the serial console; that one is there always.",
      "std",
    ),
    pcie: optional(
      flag(),
      "Put the card on a PCI Express port. Without it that follows from `machine`.",
      "false",
    ),
    rombar: defaulted(flag(), true, "Show the guest the card's own firmware.", "false"),
    romfile: optional(
      text("romFile"),
      "A file in /usr/share/kvm of the node (on a machine: in QEMU's own folder) to use as the card's firmware. On a node only root's shell can set it.",
      "vbios.rom",
    ),
    xVga: defaulted(flag(), false, "The card is the guest's first display.", "true"),
    scsihw: defaulted(
      choice("virtio-scsi-single", "virtio-scsi-pci", "lsi", "lsi53c810", "megasas", "pvscsi"),
      "virtio-scsi-single",
      "Controller of the system disk.",
      "virtio-scsi-pci",
    ),
    iothread: optional(
      flag(),
      "A thread of its own for the disk; needs `virtio-scsi-single`, and is there by default with it.",
      "false",
    ),
    cache: defaulted(
      choice("none", "writethrough", "writeback", "unsafe", "directsync"),
      "none",
      "Cache of the node for the disk.",
      "writeback",
    ),
    discard: defaulted(flag(), true, "Give space that the guest frees back to the storage.", "false"),
    ssd: defaulted(flag(), true, "Show the disk as one without rotation.", "false"),
    vlan: optional(integer(1, 4094), "VLAN of the guest's network card.", "20"),
    firewall: defaulted(flag(), false, "Put the network card behind Proxmox's firewall.", "true"),
    mtu: optional(integer(1, 65_520), "Largest packet of the network card; 1 takes the bridge's.", "9000"),
    queues: optional(integer(1, 64), "Queues of the network card.", "8"),
    onboot: defaulted(
      flag(),
      true,
      "Start the guest when the node starts. An ephemeral one is started by the node's watchdog instead.",
      "false",
    ),
    startup: optional(STARTUP, "Order among the guests of the node.", "{order: 20, up: 30s}"),
    tags: defaulted(
      list(text("guestTag"), 0, 20),
      [],
      "Tags in Proxmox's interface; `ci-fleet` is always one.",
      "[gpu]",
    ),
  },
  {
    cores: "limits: {cpus: …}",
    memory: "limits: {memory: …}",
    balloon: "limits: {memory: …}",
    tag: "vlan",
    hostpci0: "gpu, beside hardware",
  },
);

export const VM = record("A virtual machine", {
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
  cacheFolder: optional(
    text("sharedFolder"),
    "A folder of the Proxmox node below which each guest has one of its own for the caches of its runners: it stays when the guest is rolled back, cloned anew or removed. Needs Proxmox VE 8.4.",
    "/srv/ci-fleet-caches",
  ),
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
  sshPort: optional(
    integer(1024, 65_535),
    "Where a machine without `bridge` runs the guest: the port of that machine's own 127.0.0.1 that leads to the guest's SSH (of the first one with `count`).",
    "2201",
  ),
  lifetime: defaulted(
    choice("persistent", "ephemeral"),
    "persistent",
    "`ephemeral`: the guest runs one job and powers off; then it is made clean again as `reset` says.",
    "persistent",
  ),
  reset: optional(
    choice("rollback", "clone"),
    "How an ephemeral guest of a Proxmox node becomes clean again: `rollback` to the snapshot of its first boot (the default), or destroyed and made anew by a `clone` of the template.",
    "clone",
  ),
  hardware: filled(
    HARDWARE,
    "How the guest's machine is made, in Proxmox's words.",
    "{vlan: 20, tags: [gpu]}",
  ),
  acceptRisk: defaulted(
    list(choice(...ACCEPTABLE_RISKS), 0, 10),
    [],
    "Codes of findings about the guest's card that you have weighed and take. They are named in what is rendered.",
    "[CF735]",
  ),
});
