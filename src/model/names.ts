// Every name and place that several rooms must agree on: slots, registrations, units, folders. A name is
// made here and nowhere else, and read back here. In: names from the spec. Out: strings.

import type { Places, UnitNames } from "./plan.ts";

/** GitHub refuses longer runner names. */
export const MAX_REGISTRATION_NAME = 64;
/** Characters that an ephemeral registration adds after a hyphen. */
export const REGISTRATION_SUFFIX_LENGTH = 7;
/** Of a slot: what remains of GitHub's 64 for `<fleet>-<pool>-<host>-<n>`. */
export const MAX_SLOT_NAME = MAX_REGISTRATION_NAME - REGISTRATION_SUFFIX_LENGTH - 1;
/**
 * Slots of one pool on one host. Five digits, so that the number at the end of a slot can never be taken
 * for a registration's suffix, which always has seven characters.
 */
export const MAX_SLOT_INDEX = 99_999;

/** `acme-gpu-forge-1`. Throws on an index that would break the rule above. */
export function nameSlot(fleet: string, pool: string, host: string, index: number): string {
  if (!Number.isInteger(index) || index < 1 || index > MAX_SLOT_INDEX) {
    throw new RangeError(`a slot's number is 1 to ${MAX_SLOT_INDEX}, not ${index}`);
  }
  return `${fleet}-${pool}-${host}-${index}`;
}

/** `acme-gpu-forge-1-k3x9q2m`. `suffix` is lower-case letters and digits, exactly seven. */
export function nameRegistration(slot: string, suffix: string): string {
  if (!SUFFIX.test(suffix)) throw new RangeError("a registration's suffix is seven of a-z and 0-9");
  return `${slot}-${suffix}`;
}

/** The slot that a registration's name belongs to: the name itself, or the name without its suffix. */
export function readRegistrationName(name: string): {
  readonly slot: string;
  readonly suffix: string | null;
} {
  const cut = name.length - REGISTRATION_SUFFIX_LENGTH - 1;
  const suffix = name.slice(cut + 1);
  if (cut > 0 && name[cut] === "-" && SUFFIX.test(suffix)) return { slot: name.slice(0, cut), suffix };
  return { slot: name, suffix: null };
}

const SUFFIX = new RegExp(`^[a-z0-9]{${REGISTRATION_SUFFIX_LENGTH}}$`);

/** systemd unit names of a fleet; what ends in `@` takes `<slot>.service`, watchdog and cache take `.service` and `.timer`. */
export function nameUnits(fleet: string): UnitNames {
  return {
    target: `${fleet}.target`,
    container: `${fleet}-container@`,
    process: `${fleet}-process@`,
    mint: `${fleet}-mint@`,
    watchdog: `${fleet}-watchdog`,
    cache: `${fleet}-cache`,
    binfmt: `${fleet}-binfmt.service`,
    rootless: `${fleet}-rootless.service`,
    vm: `${fleet}-vm@`,
  };
}

/** Under this name systemd hands the secret of GitHub's webhook to the watchdog. */
export const WEBHOOK_SECRET_ID = "webhook.secret";

/** Under this name systemd hands the token of a Proxmox node's API to the watchdog. */
export const PROXMOX_TOKEN_ID = "proxmox.token";

/** Folders of a fleet that is installed for the whole system. */
export function placesOf(fleet: string): Places {
  return {
    binary: "/usr/bin/ci-fleet",
    config: `/etc/ci-fleet/${fleet}`,
    state: `/var/lib/ci-fleet/${fleet}`,
    run: `/run/ci-fleet/${fleet}`,
    runner: "/opt/ci-fleet/runner",
  };
}

/** `linux/arm/v7` → `linux-arm-v7`: a platform as a folder's name. */
export function namePlatformFolder(platform: string): string {
  return platform.replaceAll("/", "-");
}

/** `linux/riscv64` → `qemu-riscv64`: the label that says jobs may run this platform under QEMU. */
export function nameEmulationLabel(platform: string): string {
  return `qemu-${platform.split("/").slice(1).join("-")}`;
}

/** `cargo-registry` → `CI_FLEET_CACHE_CARGO_REGISTRY`. */
export function nameCacheVariable(cache: string): string {
  return `CI_FLEET_CACHE_${cache.toUpperCase().replaceAll("-", "_")}`;
}
