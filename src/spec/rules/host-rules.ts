// References to hosts, and what hosts of a kind can be asked for. In: the draft. Out: CF617, CF618, CF619,
// CF620, CF642.

import type { DocPath } from "../../base/diagnostic.ts";
import { suggest } from "../../base/did-you-mean.ts";
import type { VmSpec } from "../../model/fleet.ts";
import { canRun, type Draft, type Rule, type Say } from "../draft.ts";
import { relate } from "../report.ts";
import { findNode } from "../spec-node.ts";

const poolNamesUnknownHost: Rule = (draft, say) => {
  checkHostList(draft, ["defaults"], say);
  for (const pool of draft.fleet.pools) checkHostList(draft, pool.at, say);
};

function checkHostList(draft: Draft, owner: DocPath, say: Say): void {
  const node = findNode(draft.tree, [...owner, "hosts"]);
  if (node?.kind !== "list" || !draft.knows(["hosts"])) return;
  const run = draft.fleet.pools.find((pool) => pool.at[1] === owner[1])?.run ?? "container";
  const seen = new Map<string, number>();
  node.items.forEach((item, i) => {
    if (item.kind !== "scalar" || typeof item.value !== "string") return;
    const name = item.value;
    const path = [...owner, "hosts", i];
    const earlier = seen.get(name);
    if (earlier !== undefined) sayTwice(say, name, path, [...owner, "hosts", earlier]);
    else seen.set(name, i);
    checkHostOfPool(draft, name, path, run, say);
  });
}

function checkHostOfPool(
  draft: Draft,
  name: string,
  path: DocPath,
  run: "container" | "process",
  say: Say,
): void {
  const written = findNode(draft.tree, ["hosts", name]) !== null;
  const host = draft.hosts.get(name) ?? draft.hosts.get(draft.members.get(name)?.[0] ?? "");
  if (host === undefined) {
    if (!written && draft.hasRoom())
      sayUnknown(say, path, "host", name, [...draft.hosts.keys(), ...draft.members.keys()]);
  } else if (host.kind === "proxmox") {
    say("CF618", path, {
      message: `"${name}" is a Proxmox node: it runs guests, not runners`,
      help: `name a guest whose parent is ${name}`,
      related: [relate("its kind is here", [...host.at, "kind"])],
    });
  } else if (!canRun(host, run)) {
    say("CF618", path, {
      message: `"${name}" is a cluster and cannot run processes`,
      help: "remove `run: process`, or the cluster",
      related: [relate("its kind is here", [...host.at, "kind"])],
    });
  }
}

const poolWithoutHost: Rule = (draft, say) => {
  if (!draft.knows(["hosts"])) return;
  for (const pool of draft.fleet.pools) {
    if (pool.hosts !== null || draft.hostsOf(pool).length > 0 || !draft.knows([...pool.at, "hosts"]))
      continue;
    if (draft.fleet.hosts.length < (findHostCount(draft) ?? 0)) continue;
    say("CF619", pool.at, {
      message: `no host can run the pool "${pool.name}": there is neither a machine nor a guest${pool.run === "container" ? " nor a cluster" : ""}`,
      help: "add a machine or a guest under `hosts`",
      onKey: true,
    });
  }
};

/** Written hosts; more than there are built means that some were refused. */
function findHostCount({ tree }: Draft): number | null {
  const node = findNode(tree, ["hosts"]);
  return node?.kind === "map" ? node.entries.size : null;
}

const deputyUnfit: Rule = (draft, say) => {
  const name = draft.fleet.watchdog.deputy;
  if (name === null || !draft.knows(["hosts"])) return;
  const path = ["watchdog", "deputy"];
  const host = draft.hosts.get(name);
  if (host === undefined) {
    if (findNode(draft.tree, ["hosts", name]) !== null && !draft.members.has(name)) return;
    sayUnknown(say, path, "host", name, draft.hosts.keys());
  } else if (host.kind === "kubernetes") {
    say("CF618", path, {
      message: `"${name}" is a cluster: the deputy is a host that runs the watchdog`,
      help: "name a machine, a guest or a Proxmox node",
      related: [relate("its kind is here", [...host.at, "kind"])],
    });
  }
};

/** A hint that nobody is there to take. */
const webhookUnheard: Rule = (draft, say) => {
  const { mode, listen, webhook } = draft.fleet.watchdog;
  if (webhook === null || !draft.knows(["watchdog"])) return;
  const path = ["watchdog", "webhook"];
  if (mode !== "daemon") {
    say("CF620", path, {
      message: "a webhook needs the watchdog as a daemon: a timer's passes hear nothing between them",
      help: "add `mode: daemon`, or remove `webhook`",
      onKey: true,
    });
  } else if (listen === "none") {
    say("CF620", path, {
      message: "`listen: none` leaves nothing for the webhook to arrive at",
      help: "remove `listen`, or `webhook`",
      onKey: true,
      related: [relate("it is said here", ["watchdog", "listen"])],
    });
  }
};

const parentUnfit: Rule = (draft, say) => {
  for (const vm of firstOfEach(draft)) {
    const path = [...vm.at, "parent"];
    const parent = draft.hosts.get(vm.parent);
    if (parent === undefined) {
      if (draft.members.has(vm.parent) || findNode(draft.tree, ["hosts", vm.parent]) === null) {
        const able = draft.fleet.hosts.filter(({ kind }) => kind === "machine" || kind === "proxmox");
        sayUnknown(
          say,
          path,
          "host",
          vm.parent,
          able.map(({ name }) => name),
        );
      }
    } else if (parent.kind !== "machine" && parent.kind !== "proxmox") {
      say("CF618", path, {
        message: `"${vm.parent}" is a ${parent.kind === "vm" ? "guest" : "cluster"}: the parent of a guest is a Proxmox node or a machine with KVM`,
        related: [relate("its kind is here", [...parent.at, "kind"])],
      });
    }
  }
};

const countedGuestsShareOneThing: Rule = (draft, say) => {
  for (const vm of firstOfEach(draft)) {
    if (vm.ordinal === null || !draft.members.get(vm.base)?.[1]) continue;
    const count = relate("so many guests are made here", [...vm.at, "count"]);
    if (vm.network.kind === "static") {
      say("CF620", [...vm.at, "network"], {
        message: "a static address and `count` exclude each other: every guest would have the same address",
        help: "use `network: dhcp`, or write each guest by itself",
        related: [count],
      });
    }
    if (vm.gpu?.includes(":") === true) {
      say("CF620", [...vm.at, "gpu"], {
        message: `one card and \`count\` exclude each other: ${vm.gpu} can be given to one guest`,
        help: "name a resource mapping with several cards, or write each guest by itself",
        related: [count],
      });
    }
  }
};

const vmIdTaken: Rule = ({ fleet }, say) => {
  const seen = new Map<string, VmSpec>();
  for (const host of fleet.hosts) {
    if (host.kind !== "vm" || host.vmId === null) continue;
    const key = `${host.parent}/${host.vmId}`;
    const earlier = seen.get(key);
    if (earlier === undefined) seen.set(key, host);
    else {
      say("CF642", [...host.at, "vmId"], {
        message: `the VM id ${host.vmId} on "${host.parent}" is given to "${earlier.name}" and to "${host.name}"`,
        related: [relate("the other one is here", [...earlier.at, "vmId"])],
      });
    }
  }
};

export function* firstOfEach({ fleet }: Draft): Generator<VmSpec> {
  for (const host of fleet.hosts) if (host.kind === "vm" && (host.ordinal ?? 1) === 1) yield host;
}

export function sayUnknown(
  say: Say,
  path: DocPath,
  noun: string,
  name: string,
  known: Iterable<string>,
): void {
  const names = [...new Set(known)];
  // Thousands of hosts are not all compared: a slip seldom changes the first letter.
  const few = names.length <= 500 ? names : names.filter((one) => one[0] === name[0]).slice(0, 500);
  const near = suggest(name, few);
  const list = names.length <= 8 ? names.join(", ") : `${names.slice(0, 8).join(", ")}, …`;
  say("CF617", path, {
    message: `there is no ${noun} named "${name}"`,
    help: near !== null ? `did you mean "${near}"?` : names.length === 0 ? undefined : `there is ${list}`,
  });
}

function sayTwice(say: Say, name: string, path: DocPath, earlier: DocPath): void {
  say("CF644", path, {
    message: `"${name}" is in the list twice`,
    help: "remove one of the two",
    related: [relate("it is here already", earlier)],
  });
}

export const HOST_RULES: readonly Rule[] = [
  poolNamesUnknownHost,
  poolWithoutHost,
  deputyUnfit,
  webhookUnheard,
  parentUnfit,
  countedGuestsShareOneThing,
  vmIdTaken,
];
