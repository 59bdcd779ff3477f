// The distributions' own images for clouds, with cloud-init in them: what guests without a template are made of. In: a
// system's name. Out: where its image is, and where its sums.

import type { OsName } from "../model/fleet.ts";
import type { CloudImage } from "../model/hypervisor-plan.ts";

export function findCloudImage(os: OsName): CloudImage {
  const { url, sums, program } = IMAGES[os];
  return { url, sums: { url: sums, program } };
}

const DEBIAN = "https://cloud.debian.org/images/cloud";
const UBUNTU = "https://cloud-images.ubuntu.com/releases";
const ARCH = "https://geo.mirror.pkgbuild.com/images/latest/Arch-Linux-x86_64-cloudimg.qcow2";

function debian(codename: string, version: string) {
  const folder = `${DEBIAN}/${codename}/latest`;
  const url = `${folder}/debian-${version}-genericcloud-amd64.qcow2`;
  return { url, sums: `${folder}/SHA512SUMS`, program: "sha512sum" as const };
}

function ubuntu(codename: string, version: string) {
  const folder = `${UBUNTU}/${codename}/release`;
  const url = `${folder}/ubuntu-${version}-server-cloudimg-amd64.img`;
  return { url, sums: `${folder}/SHA256SUMS`, program: "sha256sum" as const };
}

const IMAGES = {
  "debian-12": debian("bookworm", "12"),
  "debian-13": debian("trixie", "13"),
  "ubuntu-22.04": ubuntu("jammy", "22.04"),
  "ubuntu-24.04": ubuntu("noble", "24.04"),
  "ubuntu-26.04": ubuntu("resolute", "26.04"),
  arch: { url: ARCH, sums: `${ARCH}.SHA256`, program: "sha256sum" },
} as const satisfies Readonly<Record<OsName, unknown>>;
