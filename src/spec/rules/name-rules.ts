// Names that are fine alone and wrong together, or wrong on the host they meet. In: the draft. Out: CF641,
// CF642, CF643.

import type { PoolSpec } from "../../model/fleet.ts";
import { MAX_SLOT_NAME, nameSlot } from "../../model/names.ts";
import type { Draft, Rule, Say } from "../draft.ts";
import { relate } from "../report.ts";

/**
 * Targets of systemd (systemd.special(7)) and names that units of ours, `<fleet>.target`, would replace;
 * and what lies in /etc/ci-fleet beside the folders of fleets.
 */
const RESERVED = new Set(
  `basic blockdev bluetooth boot-complete cryptsetup cryptsetup-pre ctrl-alt-del default emergency exit
  factory-reset final first-boot-complete getty getty-pre graphical halt hibernate hybrid-sleep initrd
  initrd-fs initrd-root-device initrd-root-fs initrd-switch-root initrd-usr-fs integritysetup
  integritysetup-pre kbrequest kexec local-fs local-fs-pre machines multi-user network network-online
  network-pre nss-lookup nss-user-lookup paths poweroff printer reboot remote-cryptsetup remote-fs
  remote-fs-pre remote-veritysetup rescue rpcbind runlevel0 runlevel1 runlevel2 runlevel3 runlevel4
  runlevel5 runlevel6 shutdown sigpwr sleep slices smartcard sockets soft-reboot sound ssh-access
  storage-target-mode suspend suspend-then-hibernate swap sysinit system-update system-update-pre time-set
  time-sync timers tpm2 umount usb-gadget user veritysetup veritysetup-pre
  token ci-fleet`.split(/\s+/),
);

const fleetNameReserved: Rule = ({ fleet }, say) => {
  const systemd = fleet.name.startsWith("systemd-");
  if (!RESERVED.has(fleet.name) && !systemd) return;
  say("CF643", ["fleet"], {
    message: `"${fleet.name}" cannot name a fleet: ${fleet.name}.target or /etc/ci-fleet/${fleet.name} is something else already`,
    help: `choose another name, "${fleet.name.replace(/^systemd-/, "")}-ci" for instance`,
  });
};

const slotNameTooLong: Rule = (draft, say) => {
  for (const pool of draft.fleet.pools) {
    if (!canCompose(draft, pool)) continue;
    let longest = "";
    let count = 0;
    for (const host of draft.hostsOf(pool)) {
      const name = nameSlot(draft.fleet.name, pool.name, host.name, countOf(pool));
      if (name.length > MAX_SLOT_NAME) count += 1;
      if (name.length > longest.length) longest = name;
    }
    if (count === 0) continue;
    say("CF641", pool.at, {
      message: `the runner's name ${longest} has ${longest.length} characters, at most ${MAX_SLOT_NAME} are taken${count > 1 ? ` (${count} hosts)` : ""}`,
      help: "shorten the name of the fleet, the pool or the host",
      onKey: true,
    });
  }
};

const hostNameCollides: Rule = ({ fleet }, say) => {
  const seen = new Map<string, (typeof fleet.hosts)[number]>();
  for (const host of fleet.hosts) {
    const earlier = seen.get(host.name);
    if (earlier === undefined) seen.set(host.name, host);
    else {
      say("CF642", host.at, {
        message: `two hosts are named "${host.name}", one of them by \`count\``,
        onKey: true,
        related: [relate("the other one is here", earlier.at, true)],
      });
    }
  }
};

const slotNameCollides: Rule = (draft, say) => {
  const seen = new Map<string, { readonly pool: PoolSpec; readonly host: string }>();
  for (const pool of draft.fleet.pools) {
    if (!canCompose(draft, pool)) continue;
    for (const host of draft.hostsOf(pool)) {
      const name = `${draft.fleet.name}-${pool.name}-${host.name}`;
      const earlier = seen.get(name);
      if (earlier === undefined) seen.set(name, { pool, host: host.name });
      else if (earlier.pool.name !== pool.name) {
        sayCollision(say, name, pool, host.name, earlier);
        break;
      }
    }
  }
};

function sayCollision(
  say: Say,
  name: string,
  pool: PoolSpec,
  host: string,
  earlier: { readonly pool: PoolSpec; readonly host: string },
): void {
  say("CF642", pool.at, {
    message: `pool "${pool.name}" on host "${host}" and pool "${earlier.pool.name}" on host "${earlier.host}" both give runners named ${name}-1`,
    help: "rename one of the pools or hosts",
    onKey: true,
    related: [relate("the other pool is here", earlier.pool.at, true)],
  });
}

/** Nothing is said about names that were refused or hosts that are not known. */
function canCompose({ knows }: Draft, pool: PoolSpec): boolean {
  return knows(["fleet"]) && knows(["hosts"]) && knows([...pool.at, "hosts"]) && knows([...pool.at, "run"]);
}

/** The highest number that a slot of the pool can bear on one host. */
function countOf({ runners }: PoolSpec): number {
  return runners.kind === "fixed" ? runners.perHost : (runners.perHost ?? runners.max);
}

export const NAME_RULES: readonly Rule[] = [
  fleetNameReserved,
  slotNameTooLong,
  hostNameCollides,
  slotNameCollides,
];
