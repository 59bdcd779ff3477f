// The named formats of Proxmox's schema that are functions there (PVE::JSONSchema, PVE::QemuServer), as far as guests
// of ci-fleet use them. In: a text. Out: whether Proxmox takes it. An unknown name throws: nothing passes unseen.

const CONFIG_ID = /^[a-z][a-z0-9_-]+$/i;
const STORAGE = /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i;
const LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const DNS_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
const VOLUME = /^[a-z][a-z0-9\-_.]*[a-z0-9]:.+$/i;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/;
const TAG = /^[a-z0-9_][a-z0-9_\-+.]*$/i;

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  "dns-name": (text) => DNS_NAME.test(text) && text.length <= 255,
  "pve-storage-id": (text) => STORAGE.test(text),
  "pve-volume-id": (text) => VOLUME.test(text),
  "pve-volume-id-or-qm-path": (text) =>
    ["none", "cdrom"].includes(text) || text.startsWith("/dev/") || VOLUME.test(text),
  "pve-volume-id-or-absolute-path": (text) => text.startsWith("/") || VOLUME.test(text),
  "pve-configid": (text) => CONFIG_ID.test(text),
  "pve-configid-list": (text) => text.split(/[,;\s]/).every((one) => CONFIG_ID.test(one)),
  "pve-bridge-id": (text) => /^[-_.\w]+$/.test(text) && text.length <= 15,
  "pve-node": (text) => new RegExp(`^${LABEL}$`).test(text),
  // As `pve-storage-path`, without what separates properties.
  "pve-storage-path-in-property-string": (text) => /^\/[-/a-zA-Z0-9_.@]+$/.test(text),
  "pve-vmid": (text) => /^[1-9][0-9]{2,8}$/.test(text),
  "pve-poolid": (text) => /^[A-Za-z0-9.\-_/]+$/.test(text),
  "mac-addr": (text) => /^[a-f0-9][02468ace](?::[a-f0-9]{2}){5}$/i.test(text),
  "disk-size": (text) => /^\d+(?:\.\d+)?[KMGT]?$/.test(text),
  "pve-tag-list": (text) => text.split(/[,;\s]/).every((tag) => TAG.test(tag)),
  "pve-qm-bootdev-list": (text) =>
    text.split(";").every((one) => /^(?:ide|sata|scsi|virtio|net|hostpci|usb)\d+$/.test(one)),
  "pve-startup-order": (text) =>
    text.split(",").every((part) => /^(?:(?:order=)?\d+|up=\d+|down=\d+)$/.test(part)),
  urlencoded: (text) => /^[-%a-zA-Z0-9_.!~*'()]*$/.test(text),
  "address-list": (text) => text.split(/[,;\s]/).every((one) => IPV4.test(one) || one.includes(":")),
  ipv4: (text) => IPV4.test(text),
  ipv6: (text) => /^[0-9a-f:]+$/i.test(text),
  "pve-ipv4-config": (text) => {
    const [address = "", mask = "", more] = text.split("/");
    return (
      text === "dhcp" ||
      (more === undefined &&
        IPV4.test(address) &&
        /^\d+$/.test(mask) &&
        Number(mask) >= 8 &&
        Number(mask) <= 32)
    );
  },
  "pve-ipv6-config": (text) => text === "auto" || text === "dhcp" || /^[0-9a-f:]+\/\d+$/i.test(text),
  "pve-hotplug-features": (text) =>
    text
      .split(",")
      .every((one) => ["network", "disk", "cpu", "memory", "usb", "cloudinit", "0", "1"].includes(one)),
  "pve-storage-content": (text) =>
    ["images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import", "none"].includes(text),
  "pve-phys-bits": (text) => text === "host" || (Number(text) >= 8 && Number(text) <= 64),
};

export function fitsFormat(name: string, text: string): boolean {
  const judge = FORMATS[name];
  if (judge === undefined) throw new Error(`format ${name} of Proxmox is not known here`);
  return judge(text);
}
