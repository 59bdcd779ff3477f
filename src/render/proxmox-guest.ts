// One guest of a Proxmox node: its settings as the node keeps them, the script that makes it there, the same as
// requests to the API. In: the plan, the node, the guest. Out: files in the guest's folder.

import { writeJson } from "../base/write-json.ts";
import type { HypervisorPlan, PlannedGuest, PropertyPart } from "../model/hypervisor-plan.ts";
import { MADE_FOLDER } from "../model/one-job.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { bannerLines } from "./banner.ts";
import { fillTemplate } from "./fill-template.ts";
import { encodeProxmoxText, writeProxmoxDescription, writeProxmoxLine } from "./quote-proxmox.ts";
import { writeParts, writeProxmoxSize } from "./write-properties.ts";

export function folderOf(host: PlannedHost, guest: PlannedGuest): string {
  return `hosts/${host.name}/vm/${guest.vmId}-${guest.name}`;
}

export function renderGuest(
  plan: Plan,
  host: PlannedHost,
  node: HypervisorPlan,
  guest: PlannedGuest,
): readonly RenderedFile[] {
  const folder = folderOf(host, guest);
  return [
    {
      path: `${folder}/${guest.vmId}.conf`,
      content: writeConfig(plan, node, guest),
      mode: 0o644,
    },
    { path: `${folder}/qm.sh`, content: writeScript(plan, host, node, guest), mode: 0o755 },
    { path: `${folder}/api.json`, content: writeRequests(plan, node, guest), mode: 0o644 },
  ];
}

/** Its first line is how we know our own. */
function describe(plan: Plan, { mark, accepted }: PlannedGuest): string {
  return [
    mark,
    `Made by ci-fleet from ${plan.specFile}: change it there.`,
    ...accepted.map(({ code, words, by }) => {
      const how = by === "spec" ? "in the spec" : "by --accept-risk";
      return `Accepted ${how}, ${code}: ${words.replaceAll("`", "")}.`;
    }),
  ].join("\n");
}

function settingsOf({ settings }: PlannedGuest): readonly { readonly key: string; readonly value: string }[] {
  return settings.map(({ key, parts }) => ({ key, value: writeParts(parts) }));
}

const CLOUD_INIT: PropertyPart = { key: "media", values: ["cdrom"] };

function volume(name: string, ...parts: readonly PropertyPart[]): string {
  return writeParts([{ key: null, values: [name] }, ...parts]);
}

/** qm.conf(5), as `/etc/pve/qemu-server/ID.conf` has it after the script ran: to read, and to compare. */
function writeConfig(plan: Plan, node: HypervisorPlan, guest: PlannedGuest): string {
  const { vmId, disk, efi, programDisk } = guest;
  const name = (suffix: string) => `${node.storage}:vm-${vmId}-${suffix}`;
  const size: PropertyPart = { key: "size", values: [writeProxmoxSize(disk.size)] };
  const volumes = [
    ...(efi === null
      ? []
      : [{ key: "efidisk0", value: volume(name("disk-0"), ...efi, { key: "size", values: ["4M"] }) }]),
    ...(programDisk === null ? [] : [{ key: "ide0", value: volume(programDisk, CLOUD_INIT) }]),
    { key: "ide2", value: volume(name("cloudinit"), CLOUD_INIT) },
    { key: "scsi0", value: volume(name(efi === null ? "disk-0" : "disk-1"), ...disk.parts, size) },
  ];
  const lines = [...settingsOf(guest), ...volumes].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  return (
    writeProxmoxDescription(describe(plan, guest)) +
    lines.map(({ key, value }) => `${writeProxmoxLine(key, value)}\n`).join("")
  );
}

function writeScript(plan: Plan, host: PlannedHost, node: HypervisorPlan, guest: PlannedGuest): string {
  const { source, efi, programDisk, disk } = guest;
  const settings = settingsOf(guest);
  const clone = source.kind === "clone" ? source : null;
  const file = source.kind === "image" ? source.url.slice(source.url.lastIndexOf("/") + 1) : "";
  return fillTemplate("hosts/host/vm/qm.sh", {
    banner: bannerLines(plan),
    guest: guest.name,
    node: node.node,
    notes: guest.accepted.map(({ code, words }) => `Accepted, ${code}: ${words}.`),
    vmId: guest.vmId,
    mark: guest.mark,
    storage: node.storage,
    description: describe(plan, guest),
    encoded: describe(plan, guest).split("\n").map(encodeProxmoxText).join("%0A"),
    settings,
    absent: guest.managed.filter((key) => !settings.some((setting) => setting.key === key)),
    clone: clone !== null,
    template: clone === null ? "" : String(clone.template),
    full: clone?.full === true,
    image:
      source.kind === "image"
        ? { url: source.url, sums: source.sums.url, checker: source.sums.program, file }
        : null,
    diskTail: disk.parts.length === 0 ? "" : `,${writeParts(disk.parts)}`,
    diskKib: Math.ceil(disk.size / 1024),
    diskSize: writeProxmoxSize(disk.size),
    efi: efi === null ? null : writeParts(efi),
    snippets: [
      { file: "user-data", volume: guest.snippets.user },
      { file: "network-config", volume: guest.snippets.network },
      { file: "meta-data", volume: guest.snippets.meta },
    ],
    snippetsStorage: node.snippets,
    snippetsAdvice: `the storage ${node.snippets} holds no snippets: add snippets to its content (pvesm set ${node.snippets} --content …)`,
    program:
      programDisk === null
        ? null
        : {
            volume: programDisk,
            binary: host.places.binary,
            advice: `${host.places.binary} is not on this node, and the guest is to get it from here: install it, or name it under install in the spec`,
          },
    isReset: guest.reset !== null,
    pool: guest.pool,
    record: guest.reset === "clone" ? `${host.places.state}/${MADE_FOLDER}/${guest.vmId}` : null,
    folder:
      guest.folder === null ? null : { id: guest.folder.mapping, path: guest.folder.path, node: node.node },
    held: guest.held === null ? null : `not started: ${guest.held}`,
  });
}

/** What a token may not set: each wants more than a guest is worth (PVE::API2::Qemu). */
const ROOT_ONLY: Readonly<Record<string, string>> = {
  startup: "setting the order of start wants Sys.Modify on /",
};

/**
 * The way without a shell: calls for a token that has what access.sh grants. The snippets have to be on the node
 * already, and a guest is cloned, for nobody but root's shell may import an image from a folder.
 */
function writeRequests(plan: Plan, node: HypervisorPlan, guest: PlannedGuest): string {
  const { source, vmId, efi, programDisk, disk } = guest;
  const base = `/nodes/${node.node}/qemu`;
  const settings = settingsOf(guest);
  const romfile = guest.settings.some(({ parts }) => parts.some(({ key }) => key === "romfile"));
  const allowed = settings.filter(({ key }) => !Object.hasOwn(ROOT_ONLY, key));
  const clone =
    source.kind === "clone"
      ? [
          {
            method: "POST",
            path: `${base}/${source.template}/clone`,
            parameters: {
              newid: vmId,
              name: guest.name,
              description: describe(plan, guest),
              ...(source.full ? { full: 1, storage: node.storage } : {}),
              ...(guest.pool === null ? {} : { pool: guest.pool }),
            },
          },
        ]
      : [];
  const drives = {
    ide2: `${node.storage}:cloudinit`,
    ...(efi === null ? {} : { efidisk0: `${node.storage}:1,${writeParts(efi)}` }),
    ...(programDisk === null ? {} : { ide0: volume(programDisk, CLOUD_INIT) }),
  };
  const config = Object.fromEntries(allowed.map(({ key, value }) => [key, value]));
  return writeJson({
    description: `Made by ci-fleet ${plan.ciFleetVersion} from ${plan.specFile}. Requests below /api2/json, in this order.`,
    guest: {
      vmId,
      mark: guest.mark,
      description: describe(plan, guest),
      absent: guest.managed.filter(
        (key) => !Object.hasOwn(ROOT_ONLY, key) && !settings.some((setting) => setting.key === key),
      ),
    },
    byHand: [
      "the files of cloud-init/ have to be on the node, where the API cannot put them",
      ...(source.kind === "image"
        ? ["the guest is made by qm.sh: only root's shell may import its image"]
        : []),
      ...settings.flatMap(({ key }) => ROOT_ONLY[key] ?? []),
      ...(romfile ? ["only root may name a romfile"] : []),
      ...(guest.folder === null
        ? []
        : [`the folder for its caches and the directory mapping ${guest.folder.mapping} are made by qm.sh`]),
      ...(guest.held === null ? [] : [`not started: ${guest.held}`]),
      ...(guest.reset === null ? [] : ["started by the watchdog of this node, when it is clean"]),
    ],
    requests: [
      ...clone,
      { method: "PUT", path: `${base}/${vmId}/config`, parameters: { ...config, ...drives } },
      {
        method: "PUT",
        path: `${base}/${vmId}/resize`,
        parameters: { disk: "scsi0", size: writeProxmoxSize(disk.size) },
      },
      ...(guest.held === null && guest.reset === null
        ? [{ method: "POST", path: `${base}/${vmId}/status/start`, parameters: {} }]
        : []),
    ],
  });
}
