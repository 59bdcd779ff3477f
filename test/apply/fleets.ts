// Hosts to install, with files as render really writes them. In: what differs. Out: what apply wants there.

import { placeForSystem } from "../../src/apply/places.ts";
import { wantHost } from "../../src/apply/want-host.ts";
import type { Wanted } from "../../src/model/apply.ts";
import type { Placement, Plan, PlannedHost } from "../../src/model/plan.ts";
import { renderContainers } from "../../src/render/compose.ts";
import { renderSystemd } from "../../src/render/systemd.ts";
import { makeHost, makePlacement, makePlan, makeProcessPlacement } from "../render/systemd-fleet.ts";

export const PROGRAM = { path: "/root/ci-fleet", sha256: "ab".repeat(32) };

export interface FleetChange {
  readonly placements?: readonly Placement[];
  readonly plan?: Partial<Plan>;
  readonly host?: Partial<PlannedHost>;
  /** Text of the spec that is copied. */
  readonly spec?: string;
}

export function wantFleet({
  placements,
  plan: planChange,
  host: hostChange,
  spec,
}: FleetChange = {}): Wanted {
  const host = makeHost({ ...(placements === undefined ? {} : { placements }), ...hostChange });
  const plan = makePlan(host, planChange);
  const wanting = wantHost({
    plan,
    host,
    rendered: [...renderContainers(plan, host), ...renderSystemd(plan, host)],
    copies: [
      { path: "fleet.yaml", content: spec ?? "fleet: acme\n", mode: 0o644 },
      { path: "hosts/forge.yaml", content: "host: forge\n", mode: 0o644 },
    ],
    places: placeForSystem(host.places),
    program: PROGRAM,
  });
  if (wanting.kind === "clash") throw new Error(`clash: ${wanting.paths.join(", ")}`);
  return wanting.wanted;
}

const newer = { kind: "pull", reference: "ghcr.io/actions/actions-runner:2.338.0" } as const;
const built = {
  kind: "build",
  reference: "localhost/ci-fleet/acme/tools:0123456789ab",
  base: "ghcr.io/actions/actions-runner:2.337.0",
  context: { kind: "packages", packages: ["clang"] },
} as const;
const layers = {
  spec: { name: "layers", kind: "buildx", size: 2 ** 30 },
  platforms: ["linux/amd64"],
  path: "/home/runner/.cache/ci-fleet/layers",
  variable: "CI_FLEET_CACHE_LAYERS",
} as const;
const plainProcess = { gpu: null, caches: [], limits: { cpus: null, memory: null, pids: null } } as const;
const runner338 = {
  version: "2.338.0",
  versionFrom: "spec",
  checksums: { "linux-x64": null, "linux-arm64": null },
} as const;

/** Specs that follow one another on a host in tests: each differs from others in a way that takes other steps. */
export const FLEETS = {
  first: () => wantFleet(),
  /** A service in place of the timer. */
  watchedByDaemon: () => {
    const { watchdog } = makePlan(makeHost());
    return wantFleet({ plan: { watchdog: { ...watchdog, mode: "daemon" } } });
  },
  newImage: () => wantFleet({ placements: [makePlacement({ image: newer })] }),
  withProcesses: () =>
    wantFleet({ placements: [makePlacement(), makeProcessPlacement({ ...plainProcess })] }),
  newRunner: () =>
    wantFleet({
      placements: [makePlacement({ image: newer }), makeProcessPlacement({ ...plainProcess })],
      plan: { runner: runner338 },
    }),
  withBuild: () =>
    wantFleet({
      placements: [
        makePlacement(),
        makePlacement({ pool: "tools", image: built, docker: "rootless", work: "same-as-host" }),
        makePlacement({ pool: "nest", docker: "dind", work: "same-as-host", lifetime: "persistent" }),
      ],
      host: { emulate: ["linux/riscv64"] },
    }),
  withLayers: () => wantFleet({ placements: [makePlacement({ caches: [layers] })] }),
  layersOfAnother: () =>
    wantFleet({ placements: [makePlacement({ caches: [layers], lifetime: "persistent" })] }),
  onlyProcesses: () => wantFleet({ placements: [makeProcessPlacement({ ...plainProcess })] }),
  otherLifetime: () => wantFleet({ placements: [makePlacement({ lifetime: "persistent" })] }),
  runsAsProcess: () =>
    wantFleet({ placements: [makeProcessPlacement({ ...plainProcess, pool: "ci", lifetime: "ephemeral" })] }),
  withoutSystemd: () =>
    wantFleet({ placements: [makePlacement({ lifetime: "persistent" })], host: { supervision: "compose" } }),
  otherVersion: () => wantFleet({ plan: { ciFleetVersion: "0.2.0" } }),
} as const;

export type FleetName = keyof typeof FLEETS;
export const FLEET_NAMES = Object.keys(FLEETS) as readonly FleetName[];
