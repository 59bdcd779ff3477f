// What this host lacks to run jobs well, each with what puts it right: the end of `init` and of `detect`'s page.
// In: an inventory. Out: sentences in the order in which one would mend them.

import { type GpuFacts, type Inventory, presentOrNull } from "../model/inventory.ts";
import {
  COMPOSE_WITH_CDI,
  isAtLeast,
  MIN_COMPOSE,
  MIN_ENGINE,
  MIN_SYSTEMD,
} from "../model/software-versions.ts";

export interface MissingPiece {
  readonly what: string;
  /** A command or an address; null where only a person can decide. */
  readonly fix: string | null;
}

type Rule = (inventory: Inventory) => readonly MissingPiece[];

export function findMissingPieces(inventory: Inventory): readonly MissingPiece[] {
  return RULES.flatMap((rule) => rule(inventory));
}

const lacksDocker: Rule = ({ docker, proxmox }) => {
  // A hypervisor runs its containers in guests.
  if (docker === "none" && presentOrNull(proxmox) !== null) return [];
  if (docker === "none") {
    return piece(
      "Docker Engine is not installed: container pools need it",
      "https://docs.docker.com/engine/install/",
    );
  }
  if (docker === null) return [];
  if (docker.engine !== null) {
    if (isAtLeast(docker.engine, MIN_ENGINE)) return [];
    const what = `Docker Engine ${docker.engine} is too old for container pools: they need ${MIN_ENGINE}`;
    return piece(what, "https://docs.docker.com/engine/install/");
  }
  const problem = docker.problem ?? "no engine answers";
  const denied = /permission denied/i.test(problem);
  const fix = denied ? 'sudo usermod -aG docker "$USER", then log in again' : "sudo systemctl start docker";
  return piece(denied ? "this user may not talk to the Docker engine" : `Docker: ${problem}`, fix);
};

const lacksCompose: Rule = (inventory) => {
  const docker = presentOrNull(inventory.docker);
  if (docker === null || docker.compose === null) return [];
  if (docker.compose === "none") {
    return piece(
      "the Docker Compose plugin is not installed",
      installLine(inventory, "docker-compose-plugin", "docker-compose"),
    );
  }
  const newer = installLine(inventory, "docker-compose-plugin", "docker-compose");
  if (!isAtLeast(docker.compose, MIN_COMPOSE)) {
    return piece(`Docker Compose ${docker.compose} is too old: container pools need ${MIN_COMPOSE}`, newer);
  }
  if (!hasGpu(inventory, "nvidia") || isAtLeast(docker.compose, COMPOSE_WITH_CDI)) return [];
  return piece(
    `Docker Compose ${docker.compose} cannot name GPUs by CDI: that needs ${COMPOSE_WITH_CDI}`,
    newer,
  );
};

const lacksNvidiaDriver: Rule = (inventory) => {
  const nvidia = presentOrNull(inventory.nvidia);
  const bare = cards(inventory, "nvidia").filter((gpu) => gpu.driver !== "vfio-pci" && gpu.address !== null);
  if (nvidia === null || bare.length === 0 || presentOrNull(inventory.proxmox) !== null) return [];
  if (nvidia.driver === null)
    return piece(
      "no NVIDIA driver is loaded, so no job can use the GPU",
      "https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/",
    );
  return nvidia.problem === null ? [] : piece(nvidia.problem, null);
};

const lacksToolkit: Rule = (inventory) => {
  const nvidia = presentOrNull(inventory.nvidia);
  const docker = presentOrNull(inventory.docker);
  if (nvidia?.driver == null || docker === null || !hasGpu(inventory, "nvidia")) return [];
  if (nvidia.toolkitInstalled === false) {
    const fix = installLine(inventory, "nvidia-container-toolkit", "nvidia-container-toolkit");
    return piece("the NVIDIA Container Toolkit is not installed: containers see no GPU", fix);
  }
  const names = docker.cdi?.devices.filter((name) => name.startsWith("nvidia.com/gpu=")) ?? [];
  if (names.length === 0) {
    if (docker.engine === null || docker.runtimes.includes("nvidia")) return [];
    return piece(
      "Docker knows neither CDI devices nor a runtime for the NVIDIA GPU",
      "sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
    );
  }
  const unnamed = cards(inventory, "nvidia").filter((gpu) => gpu.uuid !== null && !isNamed(gpu, names));
  if (unnamed.length === 0) return [];
  return piece(
    `the CDI specification is stale: it does not name ${unnamed.map((gpu) => gpu.uuid).join(", ")}`,
    "sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
  );
};

/** Names are made from index and UUID, and `index:mig` or MIG UUIDs where the card is divided. */
function isNamed(gpu: GpuFacts, names: readonly string[]): boolean {
  const ids = [gpu.uuid, gpu.index === null ? null : String(gpu.index)].filter((id) => id !== null);
  const divided = gpu.mig !== null && gpu.mig.length > 0;
  if (divided) {
    return gpu.mig.every(
      (mig, i) =>
        names.includes(`nvidia.com/gpu=${mig.uuid}`) || names.includes(`nvidia.com/gpu=${gpu.index}:${i}`),
    );
  }
  return ids.some((id) => names.includes(`nvidia.com/gpu=${id}`));
}

const lacksKfd: Rule = (inventory) => {
  const amd = presentOrNull(inventory.amd);
  if (amd === null || amd.kfd || !cards(inventory, "amd").some((gpu) => gpu.driver !== "vfio-pci")) return [];
  return piece("/dev/kfd is missing, so ROCm cannot use the AMD GPU", "sudo modprobe amdgpu");
};

const lacksKvmRights: Rule = ({ kvm }) => {
  if (kvm.present !== true || kvm.usable !== false) return [];
  return piece("this user may not open /dev/kvm", 'sudo usermod -aG kvm "$USER", then log in again');
};

const lacksSystemd: Rule = ({ systemd, virtualization }) => {
  if (virtualization.container !== null && virtualization.container !== "none") return [];
  if (systemd === "none" || systemd?.running === false) {
    return piece("systemd does not run here: only persistent container slots are possible", null);
  }
  if (systemd === null || systemd.version >= MIN_SYSTEMD) return [];
  return piece(`systemd ${systemd.version} is too old to supervise slots: that needs ${MIN_SYSTEMD}`, null);
};

const lacksIommu: Rule = ({ proxmox, iommu, gpus }) => {
  const node = presentOrNull(proxmox) !== null;
  if (!node || iommu.enabled !== false || gpus === null || gpus.length === 0) return [];
  return piece(
    "the IOMMU is off, so no card can be given to a guest",
    "switch on VT-d or AMD-Vi in the firmware setup",
  );
};

const RULES: readonly Rule[] = [
  lacksSystemd,
  lacksDocker,
  lacksCompose,
  lacksNvidiaDriver,
  lacksToolkit,
  lacksKfd,
  lacksKvmRights,
  lacksIommu,
];

function piece(what: string, fix: string | null): readonly MissingPiece[] {
  return [{ what, fix }];
}

function cards(inventory: Inventory, vendor: GpuFacts["vendor"]): readonly GpuFacts[] {
  return inventory.gpus?.filter((gpu) => gpu.vendor === vendor) ?? [];
}

function hasGpu(inventory: Inventory, vendor: GpuFacts["vendor"]): boolean {
  return cards(inventory, vendor).some((gpu) => gpu.driver !== "vfio-pci");
}

function installLine({ os }: Inventory, debian: string, arch: string): string | null {
  const family = [os?.id, ...(os?.idLike ?? [])];
  if (family.includes("debian") || family.includes("ubuntu")) return `sudo apt-get install ${debian}`;
  return family.includes("arch") ? `sudo pacman -S ${arch}` : null;
}
