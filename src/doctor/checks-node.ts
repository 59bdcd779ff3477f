// Checks of a Proxmox node, and of a machine that gives cards away: whether the host has let go of its cards, whether
// guests can be made, and whether mappings, rights and guests are as rendered. In: facts. Out: judgements.

import { type Check, fail, fine, type Judgement, note, unknown, warn } from "./check.ts";
import type { DoctorFacts, NodeFacts } from "./facts.ts";
import { applyCommand, count, nameSome } from "./phrases.ts";

const REBOOT = "reboot this host when it suits: nothing of ci-fleet does";
const DAY = 86_400_000;
/** A distribution's point releases come every few months; after that a first boot is mostly upgrades. */
const TEMPLATE_DAYS = 180;

const onNode =
  (judge: (facts: DoctorFacts, node: NodeFacts) => readonly Judgement[]): Check["judge"] =>
  (facts) =>
    facts.node === null ? [] : judge(facts, facts.node);

const cardsAreLetGo: Check = {
  name: "cards-are-let-go",
  group: "Node",
  looksAt: "the driver of each function that goes to guests, where vfio-pci is to have it from boot",
  why: "A driver that does not let go of its card takes the node down, or hangs, when the guest starts.",
  judge: onNode(({ host, ...facts }, { seen: { drivers, waitsForReboot } }) =>
    (host.vfio?.cards ?? []).flatMap((card): readonly Judgement[] => {
      const held = card.functions.flatMap(({ address }) => {
        const driver = drivers.get(address);
        if (driver === undefined) return [];
        if (!driver.known) return [unknown(`who holds ${address}: ${driver.why}`)];
        if (driver.value === "vfio-pci" || card.binding === "start") return [];
        // A function without a driver is free, and vfio-pci takes it at the start.
        if (driver.value === null) return [];
        const found = `${address} is held by ${driver.value}, not by vfio-pci`;
        return [
          waitsForReboot ? warn(`${found}, until the reboot`, REBOOT) : fail(found, applyCommand(facts)),
        ];
      });
      return held.length > 0 ? held : [fine(`the host has let go of the card at ${card.address}`)];
    }),
  ),
};

const groupsAreAsPlanned: Check = {
  name: "groups-are-as-planned",
  group: "Node",
  looksAt: "the IOMMU group of each card that goes to guests, against the one that mappings are made of",
  why: "Proxmox compares them at each start and does not start a guest whose card has moved.",
  judge: onNode(({ host, inventory }) => {
    const cards = host.vfio?.cards ?? [];
    return cards.flatMap((card): readonly Judgement[] =>
      card.functions.slice(0, 1).flatMap(({ address, group }) => {
        const now = inventory.gpus?.find((gpu) => gpu.functions.some((each) => each.address === address));
        if (now === undefined || now.iommuGroup === null || now.iommuGroup === group) return [];
        const found =
          group === null
            ? `the card at ${card.address} is in group ${now.iommuGroup}, which hosts/${host.name}.yaml does not know yet`
            : `the card at ${card.address} is in group ${now.iommuGroup}, and the mapping says ${group}`;
        const fix = `ci-fleet init --refresh --name ${host.name}, then render and apply`;
        return [group === null ? warn(found, fix) : fail(found, fix)];
      }),
    );
  }),
};

const kernelLineAsPlanned: Check = {
  name: "kernel-line-as-planned",
  group: "Node",
  looksAt: "`/proc/cmdline`, for the options that the plan asks for",
  why: "Without them the IOMMU may be off, or the card's screen stay with the kernel.",
  judge: onNode(({ host, ...facts }, { seen: { kernelLine, waitsForReboot } }) => {
    const wanted = host.vfio?.kernelOptions ?? [];
    if (wanted.length === 0) return [];
    if (!kernelLine.known) return [unknown(`the kernel's command line: ${kernelLine.why}`)];
    const missing = wanted.map(({ token }) => token).filter((token) => !kernelLine.value.includes(token));
    if (missing.length === 0) return [fine("the kernel was given the options of the plan")];
    const found = `the kernel was not given ${nameSome(missing)}`;
    return [
      waitsForReboot ? warn(`${found}: the reboot brings it`, REBOOT) : fail(found, applyCommand(facts)),
    ];
  }),
};

const noRebootIsDue: Check = {
  name: "no-reboot-is-due",
  group: "Node",
  looksAt: "the mark that putting files for cards in force leaves until the next boot",
  why: "Until then the host may still hold cards that it gave away: `apply` starts no guest of a Proxmox node with one, and such a guest of a machine may not start.",
  judge: ({ waitsForReboot }) =>
    waitsForReboot ? [warn("what changed for cards waits for a reboot", REBOOT)] : [],
};

const storageTakesSnippets: Check = {
  name: "storage-takes-snippets",
  group: "Node",
  looksAt: "`pvesm status --content snippets`, for the storage that the spec names",
  why: "What cloud-init gets lies there; without it no guest can be made.",
  judge: onNode(({ host }, { seen: { takesSnippets } }) => {
    const storage = host.hypervisor?.snippets;
    if (storage === undefined || host.hypervisor?.guests.length === 0) return [];
    if (!takesSnippets.known) return [unknown(`whether ${storage} takes snippets: ${takesSnippets.why}`)];
    if (takesSnippets.value) return [fine(`the storage ${storage} takes snippets`)];
    const fix = `add snippets to its content: pvesm set ${storage} --content …,snippets`;
    return [fail(`the storage ${storage} takes no snippets`, fix)];
  }),
};

const templateIsFresh: Check = {
  name: "template-is-fresh",
  group: "Node",
  looksAt: `the template that guests are cloned from, and its age: over ${TEMPLATE_DAYS} days is old`,
  why: "Without it no guest is made; from an old one each first boot upgrades half a distribution.",
  judge: onNode(({ host, now }, { seen: { template } }) => {
    const id = host.spec.kind === "proxmox" ? host.spec.template : null;
    if (id === null) return [];
    if (!template.known) return [unknown(`the template ${id}: ${template.why}`)];
    const make = "make one: https://pve.proxmox.com/wiki/Cloud-Init_Support";
    if (template.value === null) return [fail(`there is no template ${id}`, make)];
    const { isTemplate, madeAt } = template.value;
    if (!isTemplate) return [fail(`the guest ${id} is no template`, `qm template ${id}`)];
    if (madeAt === null) return [note(`how old the template ${id} is, Proxmox does not say`)];
    const days = Math.floor((now - madeAt) / DAY);
    const found = `the template ${id} is ${count(days, "day")} old`;
    return [
      days > TEMPLATE_DAYS ? warn(found, "make it anew from the distribution's current image") : fine(found),
    ];
  }),
};

const nodeIsAsRendered: Check = {
  name: "node-is-as-rendered",
  group: "Node",
  looksAt:
    "what the rendered scripts say that they would still do: files for cards, mappings, rights, each guest",
  why: "What is in force is then not what the repository says: an edit by hand, or a change that was not applied yet.",
  judge: onNode((facts, { seen: { rehearsals } }) => {
    const top = `${facts.places.config}/`;
    const judged = [...rehearsals].flatMap(([path, rehearsal]): readonly Judgement[] => {
      const name = path.startsWith(top) ? path.slice(top.length) : path;
      if (rehearsal.kind === "stopped") return [unknown(`${name} cannot tell: ${rehearsal.why}`)];
      const { lines } = rehearsal;
      if (lines.length === 0) return [];
      const more = lines.length === 1 ? "" : `, and ${lines.length - 1} more`;
      return [warn(`${name} would do: ${lines[0]}${more}`, `${applyCommand(facts)} --dry-run`)];
    });
    if (rehearsals.size === 0) return [];
    return judged.length > 0 ? judged : [fine("mappings, rights and guests are as rendered")];
  }),
};

const tokenHasItsRights: Check = {
  name: "token-has-its-rights",
  group: "Node",
  looksAt: "what the API's token may do in effect, against what the guests of the plan need",
  why: "With fewer rights the watchdog cannot bring guests back; with more, whoever steals the token can do more.",
  judge: onNode(({ host, ...facts }, { needed, seen: { rights } }) => {
    const access = host.hypervisor?.access;
    if (access === undefined || host.hypervisor?.guests.length === 0) return [];
    const token = `${access.user}!${access.token}`;
    if (!rights.known) return [unknown(`the rights of ${token}: ${rights.why}`)];
    if (rights.value === null) return [fail(`there is no token ${token}`, applyCommand(facts))];
    const has = (path: string) => new Set(rights.value?.get(path) ?? []);
    const missing = access.grants.flatMap(({ path, role }) =>
      (access.roles.find(({ id }) => id === role)?.privileges ?? [])
        .filter((privilege) => !has(path).has(privilege))
        .map((privilege) => `${privilege} on ${path}`),
    );
    const extra = [...rights.value].flatMap(([path, privileges]) =>
      privileges
        .filter((privilege) => needed.get(path)?.has(privilege) !== true)
        .map((privilege) => `${privilege} on ${path}`),
    );
    const found = [
      ...(missing.length > 0 ? [fail(`${token} lacks ${nameSome(missing)}`, applyCommand(facts))] : []),
      ...(extra.length > 0
        ? [
            warn(
              `${token} has more than it needs: ${nameSome(extra)}`,
              `look at \`pveum acl list\` for ${token}`,
            ),
          ]
        : []),
    ];
    return found.length > 0 ? found : [fine(`${token} may do what its guests need, and no more`)];
  }),
};

const guestsAreKnown: Check = {
  name: "guests-are-known",
  group: "Node",
  looksAt: "guests with a mark of this fleet that the plan does not have, and locks",
  why: "They hold memory and disks, and may hold a card, under names that nobody looks after.",
  judge: onNode(({ host, plan }, { seen: { guests } }) => {
    if (host.hypervisor === null) return [];
    if (!guests.known) return [unknown(`the guests of this node: ${guests.why}`)];
    const planned = new Map(
      plan.hosts.flatMap(({ hypervisor }) =>
        (hypervisor?.guests ?? []).map(({ vmId, mark }) => [vmId, mark]),
      ),
    );
    return guests.value.flatMap(({ vmId, name, mark, lock }): readonly Judgement[] => {
      if (planned.get(vmId) !== mark) {
        const found = `guest ${vmId} (${name}) is not in the plan any more`;
        return [warn(found, `when nobody needs it: qm stop ${vmId}, then qm destroy ${vmId} --purge`)];
      }
      if (lock === null) return [];
      return [
        note(
          `guest ${vmId} (${name}) is locked: ${lock}`,
          `wait for its task; if none runs: qm unlock ${vmId}`,
        ),
      ];
    });
  }),
};

export const NODE_CHECKS: readonly Check[] = [
  noRebootIsDue,
  kernelLineAsPlanned,
  groupsAreAsPlanned,
  cardsAreLetGo,
  storageTakesSnippets,
  templateIsFresh,
  tokenHasItsRights,
  nodeIsAsRendered,
  guestsAreKnown,
];
