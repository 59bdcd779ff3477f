// Units beside the slots: the target that wants them all, the watchdog, caches, QEMU handlers, the rootless
// engine, and the scripts they run. In: the plan, a host, the flavour. Out: files with a path inside the folder
// of units, and scripts with a path inside the host's folder.

import { AUTHORITY_FOLDER } from "../model/authority.ts";
import { PROXMOX_TOKEN_ID, WEBHOOK_SECRET_ID } from "../model/names.ts";
import { SERVE_WORD } from "../model/one-job.ts";
import type { Placement, Plan, PlannedHost } from "../model/plan.ts";
import { fillTemplate, type TemplateView } from "./fill-template.ts";
import { describeHandlers } from "./systemd-binfmt.ts";
import {
  type Flavour,
  listCaches,
  listNetworkVariables,
  nameSlotUnit,
  placeCredential,
  type SecretFile,
  type UnitFile,
  type Variable,
  viewCredentials,
  viewHost,
  writeSpan,
} from "./systemd-host.ts";

export function renderUpkeepUnits(plan: Plan, host: PlannedHost, flavour: Flavour): readonly UnitFile[] {
  const { units } = plan;
  const base = viewHost(plan, host);
  const isUser = flavour === "user";
  const isDaemon = plan.watchdog.mode === "daemon";
  const fill = (name: string, view: TemplateView, ownText = true) =>
    fillTemplate(`hosts/host/systemd/${isUser && ownText ? "user/" : ""}${name}`, { ...base, ...view });
  const file = (path: string, content: string): readonly UnitFile[] => [{ path, content }];
  return [
    ...file(units.target, fill("fleet.target", viewTarget(plan, host, flavour), false)),
    ...file(`${units.watchdog}.service`, fill("watchdog.service", viewWatchdog(plan, host, flavour))),
    ...(isDaemon ? [] : file(`${units.watchdog}.timer`, fill("watchdog.timer", viewTimer(plan), false))),
    ...(listCaches(plan, host).length === 0
      ? []
      : [
          ...file(`${units.cache}.service`, fill("cache.service", {})),
          ...file(`${units.cache}.timer`, fill("cache.timer", {}, false)),
        ]),
    ...(isUser || host.emulate.length === 0
      ? []
      : file(units.binfmt, fill("binfmt.service", { platforms: host.emulate.join(", ") }))),
    ...(isUser || findRootless(host) === null
      ? []
      : file(
          units.rootless,
          fill("rootless.service", { user: "ci-fleet", environment: listEngineVariables(plan, host) }),
        )),
  ];
}

/** Scripts that the units run, beside the entrypoint. */
export function renderUpkeepScripts(plan: Plan, host: PlannedHost): readonly UnitFile[] {
  const base = viewHost(plan, host);
  const caches = listCaches(plan, host);
  const scripts: UnitFile[] = [];
  if (caches.length > 0) {
    const view = {
      ...base,
      caches: caches.map((cache) => ({ ...cache, bytes: String(cache.bytes) })),
      engine: viewEngine(host),
    };
    scripts.push({ path: "runner/cache.sh", content: fillTemplate("hosts/host/runner/cache.sh", view) });
  }
  if (host.emulate.length > 0) {
    const view = { ...base, handlers: describeHandlers(plan.fleet, host) };
    scripts.push({ path: "runner/binfmt.sh", content: fillTemplate("hosts/host/runner/binfmt.sh", view) });
  }
  if (host.oneJob !== null) {
    const view = { ...base, word: SERVE_WORD };
    scripts.push({ path: "runner/one-job.sh", content: fillTemplate("hosts/host/runner/one-job.sh", view) });
  }
  return scripts;
}

/** Go reads every file of this folder, beside the system's bundle. */
function listEngineVariables(plan: Plan, host: PlannedHost): readonly Variable[] {
  const variables = listNetworkVariables(plan, "system");
  if (plan.network.caContent === null) return variables;
  return [...variables, { key: "SSL_CERT_DIR", value: `${host.places.config}/${AUTHORITY_FOLDER}` }];
}

function viewTarget(plan: Plan, host: PlannedHost, flavour: Flavour): TemplateView {
  const { units } = plan;
  const isSystem = flavour === "system";
  return {
    host: host.name,
    wantedBy: isSystem ? "multi-user.target" : "default.target",
    wants: [
      ...(isSystem && host.emulate.length > 0 ? [units.binfmt] : []),
      ...(isSystem && findRootless(host) !== null ? [units.rootless] : []),
      ...(isSystem ? listStartedGuests(host) : []),
      `${units.watchdog}.${plan.watchdog.mode === "daemon" ? "service" : "timer"}`,
      ...(listCaches(plan, host).length > 0 ? [`${units.cache}.timer`] : []),
      ...host.placements.flatMap((placement) =>
        placement.slots.filter(({ always }) => always).map((slot) => nameSlotUnit(plan, placement, slot)),
      ),
    ],
  };
}

function listStartedGuests({ kvm }: PlannedHost): readonly string[] {
  return (kvm?.guests ?? []).flatMap(({ unit, starts }) => (starts ? [unit] : []));
}

function viewWatchdog(plan: Plan, host: PlannedHost, flavour: Flavour): TemplateView {
  const isDeputy = plan.watchdog.deputy === host.name;
  const asked = plan.targets.filter(({ name }) => isDeputy || usesTarget(host, name));
  const kinds = new Set(asked.map(({ auth }) => auth.kind));
  const changesUser = kinds.has("gh");
  const isDaemon = plan.watchdog.mode === "daemon";
  const files = isDaemon ? listHandedOver(plan, host, flavour) : listSecrets(host);
  return {
    isDaemon,
    hasCards: host.placements.some(({ gpu }) => gpu?.vendor === "nvidia"),
    ...viewCredentials(files.map((file) => placeCredential(file, flavour))),
    environment: listNetworkVariables(plan, flavour),
    // `gh auth token` runs as its user and reads that home; ssh to a broker reads root's.
    changesUser,
    protectHome: changesUser || kinds.has("broker") ? "read-only" : "yes",
    // Folders of slots belong to the runner's user.
    capabilities: ["CAP_DAC_OVERRIDE", ...(changesUser ? ["CAP_SETUID", "CAP_SETGID"] : [])].join(" "),
    writable: [host.places.run, ...(plan.watchdog.metrics === null ? [] : [folderOf(plan.watchdog.metrics)])],
  };
}

/** What the unit hides from it. All else the daemon reads itself: what systemd hands over is as old as its start. */
function listHandedOver(plan: Plan, host: PlannedHost, flavour: Flavour): readonly SecretFile[] {
  const { webhookSecret } = plan.watchdog;
  const hook = webhookSecret === null ? [] : [{ id: WEBHOOK_SECRET_ID, path: webhookSecret }];
  const isHidden = ({ path }: SecretFile) => /^\/(?:home|root|run\/user)\//.test(path);
  return flavour === "user" ? [] : [...listSecrets(host), ...hook].filter(isHidden);
}

/** Of a Proxmox node, its API's token too. */
function listSecrets({ credentials, hypervisor }: PlannedHost): readonly SecretFile[] {
  if (hypervisor === null) return credentials;
  return [...credentials, { id: PROXMOX_TOKEN_ID, path: hypervisor.api.token }];
}

function usesTarget(host: PlannedHost, target: string): boolean {
  return host.placements.some((placement) => placement.target === target);
}

/** Never the root, which would make everything writable. */
function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || path;
}

function viewTimer(plan: Plan): TemplateView {
  const { every } = plan.watchdog;
  return { every: writeSpan(every), spread: writeSpan(Math.min(Math.round(every / 10), 30_000)) };
}

function findRootless(host: PlannedHost): Placement | null {
  return host.placements.find(({ docker }) => docker === "rootless") ?? null;
}

/** How large the rootless engine's own build cache may grow: the size that was meant for its layers. */
function viewEngine(host: PlannedHost): { readonly host: string; readonly bytes: number } | null {
  const sizes = host.placements
    .filter(({ docker }) => docker === "rootless")
    .flatMap(({ caches }) =>
      caches.filter(({ spec }) => spec.kind === "buildx").map(({ spec }) => spec.size),
    );
  if (sizes.length === 0) return null;
  return { host: `unix://${host.places.run}/rootless/docker.sock`, bytes: Math.max(...sizes) };
}
