// Guests of a machine with KVM: for each a unit that runs QEMU, the script that gives it disks, card and network, and its
// seed. In: the plan, the machine, the cloud-init files of its guests. Out: files.

import type { KvmGuest } from "../model/kvm-plan.ts";
import { IMAGE_FOLDER } from "../model/kvm-plan.ts";
import { SERVE_WORD } from "../model/one-job.ts";
import type { Plan, PlannedHost } from "../model/plan.ts";
import type { RenderedFile } from "../model/rendered-file.ts";
import { bannerLines } from "./banner.ts";
import { fillTemplate } from "./fill-template.ts";
import { listQemuOptions, QEMU } from "./kvm-command.ts";
import { listNetworkVariables, type UnitFile } from "./systemd-host.ts";

/** `seeds`: what cloud-init gets, by guest: files with paths that end in their names. Units are those of systemd.ts. */
export function renderKvm(
  plan: Plan,
  host: PlannedHost,
  seeds: ReadonlyMap<string, readonly RenderedFile[]>,
): readonly RenderedFile[] {
  return (host.kvm?.guests ?? []).flatMap((guest) => {
    const folder = `hosts/${host.name}/vm/${guest.name}`;
    const seed = (seeds.get(guest.name) ?? []).map((file) => ({
      ...file,
      path: `${folder}/cloud-init/${file.path.slice(file.path.lastIndexOf("/") + 1)}`,
    }));
    return [{ path: `${folder}/guest.sh`, content: writeScript(plan, host, guest), mode: 0o755 }, ...seed];
  });
}

/** With paths below the folder of units. Only the whole system's: a person without root has no cards and no bridges. */
export function renderGuestUnits(plan: Plan, host: PlannedHost): readonly UnitFile[] {
  return (host.kvm?.guests ?? []).map((guest) => ({ path: guest.unit, content: writeUnit(plan, guest) }));
}

function writeUnit(plan: Plan, guest: KvmGuest): string {
  return fillTemplate("hosts/host/systemd/vm.service", {
    banner: bannerLines(plan),
    notes: listNotes(guest),
    guest: guest.name,
    fleet: plan.fleet,
    target: plan.units.target,
    script: `${guest.places.config}/guest.sh`,
    state: guest.places.state,
    environment: listNetworkVariables(plan, "system"),
    program: QEMU,
    options: listQemuOptions(guest),
    ephemeral: guest.lifetime === "ephemeral",
    word: `${guest.places.run}.word`,
    release: givesUp(guest),
    hasCard: guest.card !== null,
    isBridged: guest.network.bridge !== null,
  });
}

function writeScript(plan: Plan, host: PlannedHost, guest: KvmGuest): string {
  const { image, card, network, places } = guest;
  return fillTemplate("hosts/host/vm/guest.sh", {
    banner: bannerLines(plan),
    notes: listNotes(guest),
    guest: guest.name,
    host: host.name,
    state: places.state,
    run: places.run,
    images: IMAGE_FOLDER,
    image: {
      url: image.url,
      sums: image.sums.url,
      checker: image.sums.program,
      file: image.url.slice(image.url.lastIndexOf("/") + 1),
    },
    disk: guest.disk,
    ephemeral: guest.lifetime === "ephemeral",
    word: SERVE_WORD,
    uefi: guest.hardware.bios === "ovmf",
    program: guest.programDisk === null ? null : { disk: guest.programDisk, binary: host.places.binary },
    card:
      card === null
        ? null
        : {
            early: card.binding !== "start",
            functions: card.functions.map(({ address, id }) => ({ address, id })),
          },
    bridge: network.bridge,
    release: givesUp(guest),
  });
}

/** It was given something of the machine's. */
function givesUp({ card, network }: KvmGuest): boolean {
  return card !== null || network.bridge !== null;
}

function listNotes({ accepted }: KvmGuest): readonly string[] {
  return accepted.map(({ code, words, by }) => {
    const how = by === "spec" ? "in the spec" : "by --accept-risk";
    return `Accepted ${how}, ${code}: ${words.replaceAll("`", "")}.`;
  });
}
