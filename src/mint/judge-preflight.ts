// Is this host fit for a job? Judged before every registration, so that a broken machine does not take jobs out of
// the queue and fail them. In: the slot, what was seen of the machine. Out: what is wrong; nothing means go. What
// could not be seen is no fault, except where a job certainly needs it.

import { judgeCdi, readCdiDrivers } from "../model/cdi-drivers.ts";
import { MIN_FREE_MIB } from "../model/disk-guard.ts";
import type { DiskSpace, Seen } from "../model/host-observation.ts";
import type { PlannedSlot, SlotGpu } from "../model/plan.ts";
import {
  type CardAnswer,
  type CdiFacts,
  type Fault,
  fault,
  type MachineFacts,
  type SlotPlace,
} from "../model/slot-start.ts";

const MIB = 1024 * 1024;
/** The hook refuses a job below the limit: a runner that is about to refuse must not register either. */
export const WANTED_MIB = MIN_FREE_MIB + 256;
/** A checkout of a large project with its dependencies. */
export const WANTED_INODES = 20_000;

export function judgePreflight(place: SlotPlace, facts: MachineFacts): readonly Fault[] {
  return [
    ...facts.disks.flatMap(judgeDisk),
    ...judgeEngine(facts),
    ...judgeRunner(place, facts),
    ...place.slot.gpus.flatMap((gpu) => judgeCard(gpu, facts.cards.get(gpu.id))),
    ...(facts.cdi === null ? [] : judgeSpecs(place.slot, facts.cdi)),
  ];
}

function judgeDisk(disk: Seen<DiskSpace>): readonly Fault[] {
  if (!disk.known) return [];
  const { path, freeBytes, freeInodes } = disk.value;
  if (freeBytes < WANTED_MIB * MIB) {
    const free = Math.floor(freeBytes / MIB);
    const message = `${path} has ${free} MiB free, and a runner needs ${WANTED_MIB} MiB`;
    return [fault("disk-full", message, FREE_HELP)];
  }
  if (freeInodes !== null && freeInodes < WANTED_INODES) {
    const message = `${path} has ${freeInodes} inodes free, and a runner needs ${WANTED_INODES}`;
    return [fault("inodes-used-up", message, FREE_HELP)];
  }
  return [];
}

const FREE_HELP = "Remove what is not needed there: `docker system df` and `du -xhd1` tell what is large";

function judgeEngine({ engineFault }: MachineFacts): readonly Fault[] {
  return engineFault === null
    ? []
    : [fault("docker-silent", `Docker does not answer: ${engineFault}`, "Look at `systemctl status docker`")];
}

function judgeRunner({ plan }: SlotPlace, { runnerMissing }: MachineFacts): readonly Fault[] {
  if (runnerMissing === null) return [];
  const message = `runner ${plan.runner.version} is not installed in ${runnerMissing}`;
  return [fault("runner-missing", message, "Run `ci-fleet apply`")];
}

function judgeCard(gpu: SlotGpu, answer: CardAnswer | undefined): readonly Fault[] {
  if (answer === undefined || answer.kind === "answered") return [];
  const name = gpu.name === null ? gpu.id : `${gpu.name} (${gpu.id})`;
  const message =
    answer.kind === "silent"
      ? `${name} did not answer within ${answer.afterMs / 1000} s`
      : `${name} does not answer: ${answer.why}`;
  const help =
    gpu.vendor === "nvidia"
      ? "Look at `nvidia-smi` and `dmesg | grep -i xid`; a lost card needs a reboot"
      : null;
  return [fault("gpu-silent", message, help)];
}

const CDI_HELP =
  "Run `nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`, or restart nvidia-cdi-refresh.service where it is installed";

/** After an update of the driver every container with a card fails at its start. */
function judgeSpecs(slot: PlannedSlot, { specs, driver }: CdiFacts): readonly Fault[] {
  if (specs.size === 0) {
    return [fault("cdi-missing", "there is no CDI specification for nvidia.com/gpu", CDI_HELP)];
  }
  const verdict = driver === null ? null : judgeCdi(readCdiDrivers(specs), driver);
  if (verdict?.kind === "stale") {
    const message = `${verdict.path} is for driver ${verdict.made}, and ${driver} is loaded`;
    return [fault("cdi-stale", message, CDI_HELP)];
  }
  const texts = [...specs.values()];
  return slot.gpus.flatMap(({ vendor, selector }) => {
    if (vendor !== "nvidia" || texts.some((text) => namesDevice(text, selector))) return [];
    return [fault("cdi-missing", `no CDI specification has the device nvidia.com/gpu=${selector}`, CDI_HELP)];
  });
}

/** `- name: "0"`, `- name: GPU-…`, `"name": "GPU-…"`. */
function namesDevice(text: string, selector: string): boolean {
  const name = selector.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`\\bname["']?:\\s*["']?${name}["']?\\s*(?:,|$)`, "m").test(text);
}

/** `/ has 12 MiB free, a job needs 2048 MiB. Remove …; GPU-… does not answer` */
export function tellFaults(faults: readonly Fault[]): string {
  const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return faults
    .map(({ message, help }) => (help === null ? message : `${message}. ${sentence(help)}`))
    .join("; ");
}
