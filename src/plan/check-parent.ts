// Whether a guest's parent can run guests at all. In: the parent, its guests. Out: findings.

import type { DocPath } from "../base/diagnostic.ts";
import type { VmSpec } from "../model/fleet.ts";
import type { Findings } from "./findings.ts";
import type { Site } from "./site.ts";

export function checkParent(site: Site, guests: readonly VmSpec[], findings: Findings): void {
  const first = guests[0];
  if (first === undefined) return;
  const path = [...first.at, "parent"];
  const unfit = explainUnfit(site);
  if (unfit !== null) {
    findings.addOnHost({
      code: "CF749",
      path,
      host: site.name,
      group: unfit.text,
      message: (hosts) => `${hosts} ${unfit.text}`,
      help: () => unfit.help,
      fact: { message: unfit.note, path: unfit.fact },
    });
  } else if (site.inventory?.kvm.present === false) reportKvm(site, path, findings);
}

/** Proxmox VE is x64 and supervises by itself. */
function explainUnfit({ spec, arch, supervision }: Site) {
  if (spec.kind !== "machine") return null;
  if (arch !== "x64") {
    return {
      text: "is an arm64 machine, and guests are made for x64",
      help: "use it as a host by itself, or choose an x64 machine as the parent",
      note: "the architecture",
      fact: ["arch"],
    };
  }
  if (supervision === "systemd") return null;
  return {
    text: "has no systemd that could supervise guests",
    help: "choose a machine with systemd 249 or later as the parent",
    note: "systemd",
    fact: ["systemd"],
  };
}

function reportKvm(site: Site, path: DocPath, findings: Findings): void {
  findings.addOnHost({
    code: "CF731",
    path,
    host: site.name,
    message: (hosts) => `${hosts} has no KVM, so it cannot run guests`,
    help: (host) =>
      `switch on virtualization in the firmware, then run \`ci-fleet init --refresh --name ${host}\` there`,
    fact: { message: "KVM", path: ["kvm"] },
  });
}
