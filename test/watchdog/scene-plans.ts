// The fleets that scenes play in, by name. In: nothing. Out: plans.

import type { Plan } from "../../src/model/plan.ts";
import { makePool } from "../plan/make-fleet.ts";
import { makePlan, makeRange } from "./model-plan.ts";

const personal = {
  targets: [
    {
      name: "default",
      url: "https://github.com/alice",
      scope: { kind: "repositories" as const, owner: "alice", repos: ["app", "lib"] },
      flavour: "github.com" as const,
      apiUrl: "https://api.github.com",
      runnerGroup: null,
      auth: { kind: "token" as const, file: "/etc/ci-fleet/token" },
      authWritten: true,
      at: ["github"],
    },
  ],
};

export const SCENE_PLANS: Readonly<Record<string, () => Plan>> = {
  /** ci: one always, three at most; old: one persistent. */
  small: () =>
    makePlan({ forge: "x64" }, [
      makePool("ci", { runners: makeRange(1, 3, null) }),
      makePool("old", { lifetime: "persistent", runners: { kind: "fixed", perHost: 1 } }),
    ]),
  /** forge is the deputy of spark. */
  two: () => makePlan({ forge: "x64", spark: "arm64" }, [makePool("ci", { runners: makeRange(0, 4, null) })]),
  /** Two slots on each of two hosts, and two at most together. */
  shared: () => makePlan({ forge: "x64", spark: "x64" }, [makePool("ci", { runners: makeRange(0, 2, 2) })]),
  /** Without systemd: Compose alone keeps them up. */
  compose: () =>
    makePlan(
      { forge: "x64" },
      [makePool("old", { lifetime: "persistent", runners: { kind: "fixed", perHost: 2 } })],
      {},
      "none",
    ),
  /** Five persistent slots on one host. */
  many: () =>
    makePlan({ forge: "x64" }, [
      makePool("old", { lifetime: "persistent", runners: { kind: "fixed", perHost: 5 } }),
    ]),
  personal: () => makePlan({ forge: "x64" }, [makePool("ci", { runners: makeRange(1, 2, null) })], personal),
};
