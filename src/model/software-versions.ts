// Versions of Docker, Compose and systemd, and the lowest that what ci-fleet renders works with.
// In: versions as tools print them (`20.10.24+dfsg1`, `v2.40.3-desktop.1`). Out: an order.

/** Debian 12's engine, the oldest that was tried; older ones lack what the Compose file asks for. */
export const MIN_ENGINE = "20.10.0";
/** Compose v2 as Ubuntu 22.04 ships it; 1.x (`docker-compose` in Python) reads another format. */
export const MIN_COMPOSE = "2.20.0";
/** LoadCredential=, ExecCondition= and restart of instances as the units use them (Ubuntu 22.04 has 249). */
export const MIN_SYSTEMD = 249;
/** CDI on without a setting (Docker Engine 28.3.0 release notes). */
export const ENGINE_WITH_CDI = "28.3.0";
/** CDI names under `devices:` (compose pull request 12184, first in v2.30.0). */
export const COMPOSE_WITH_CDI = "2.30.0";
/** Device requests, `--gpus` (Docker Engine 19.03 release notes). */
export const ENGINE_WITH_REQUESTS = "19.3.0";

/** virtiofs in guests' settings (Proxmox VE 8.4 release notes). */
export const PROXMOX_WITH_FOLDERS = "8.4";

/** false also where `version` has no number to compare. */
export function isAtLeast(version: string | null, minimum: string): boolean {
  const have = readNumbers(version ?? "");
  const need = readNumbers(minimum) as readonly number[];
  if (have === null) return false;
  for (let at = 0; at < 3; at += 1) {
    const difference = (have[at] ?? 0) - (need[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function readNumbers(version: string): readonly number[] | null {
  const match = /^v?(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?/.exec(version);
  return match === null ? null : [1, 2, 3].map((part) => Number(match[part] ?? "0"));
}
