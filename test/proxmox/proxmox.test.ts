// The fake node is held to Proxmox's description of its API: the privileges that its calls want, and the judge itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openAnswerJudge } from "./check-answer.ts";
import { GUEST_ROUTES } from "./routes-guest.ts";

const judge = openAnswerJudge();
const skip = judge === null ? "CI_FLEET_DATA has no pve-api-subset.json" : false;

/** What `["perm", path, privileges]` names, also inside `and`. */
function privilegesOf(check: unknown): readonly string[] {
  if (!Array.isArray(check)) return [];
  if (check[0] === "perm" && String(check[1]).startsWith("/vms/{vmid}")) return check[2] as string[];
  return check.slice(1).flatMap(privilegesOf);
}

test("each call about a guest wants what Proxmox says that it wants", { skip }, () => {
  for (const { on, any } of GUEST_ROUTES) {
    const [method = "", rest = ""] = on.split(" ");
    const template = ["/nodes/{node}/qemu/{vmid}", rest].filter((part) => part !== "").join("/");
    const wanted = new Set(privilegesOf(judge?.permissionsOf(method, template)));
    // Settings want different things, each by itself.
    if (any.length > 0) assert.deepEqual(new Set(any), wanted, on);
    else assert.ok(wanted.has("VM.Config.Options"), on);
  }
});

test("an answer of another form is found", { skip }, () => {
  const path = "/nodes/pve1/qemu/9101/status/current";
  const good = { vmid: 9101, status: "running", ha: {} };
  assert.deepEqual(judge?.judge("GET", path, good), []);
  assert.notDeepEqual(judge?.judge("GET", path, { ...good, status: "sleeping" }), []);
  assert.notDeepEqual(judge?.judge("GET", path, { status: "running", ha: {} }), []);
  assert.notDeepEqual(judge?.judge("GET", "/nodes/pve1/nothing", null), []);
});
