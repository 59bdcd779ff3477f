// Laws of what Proxmox's answers mean, over whatever may come back, and of texts on their way there and back.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { classifyProxmox } from "../../src/adapters/proxmox-answer.ts";
import type { ProxmoxReply } from "../../src/adapters/proxmox-line.ts";
import {
  readGuestConfig,
  readGuestListing,
  readMapping,
  readPermissions,
  readSnapshots,
  readTaskStatus,
} from "../../src/adapters/proxmox-shapes.ts";
import { Secret } from "../../src/base/secret.ts";
import { grantGuest, startProxmoxLab } from "../proxmox/lab.ts";
import { TOKEN } from "../proxmox/state.ts";

const READERS = [
  readGuestConfig,
  readGuestListing,
  readMapping,
  readPermissions,
  readSnapshots,
  readTaskStatus,
] as const;

const sentences = fc.constantFrom(
  "VM is locked (backup)",
  "cluster not ready - no quorum?",
  "Permission check failed (/vms/1, VM.Audit)",
  "Configuration file 'x' does not exist",
  "no such task",
);
const words = fc.oneof(sentences, fc.string({ unit: "binary" }), fc.constant(`it says ${TOKEN}`));
const replies: fc.Arbitrary<ProxmoxReply> = fc.oneof(
  fc.record({ kind: fc.constant("failed" as const), cause: words }),
  fc.record({
    kind: fc.constant("answered" as const),
    status: fc.oneof(fc.constantFrom(200, 400, 401, 403, 404, 500, 501, 595, 596), fc.nat(999)),
    reason: words,
    text: fc.oneof(
      words,
      fc.json(),
      fc.jsonValue().map((data) => JSON.stringify({ data })),
      fc.record({ message: words, errors: fc.jsonValue() }).map((body) => JSON.stringify(body)),
    ),
  }),
);

test("every reply has an answer: never a throw, never the token, one printable line, and ok and absent only from Proxmox", () => {
  fc.assert(
    fc.property(replies, fc.constantFrom(...READERS), (reply, read) => {
      const secrets = [new Secret(TOKEN)];
      const answer = classifyProxmox<unknown>("GET x", reply, { read, secrets });
      assert.ok(!JSON.stringify(answer).includes(TOKEN));
      if (answer.kind === "ok") {
        assert.equal(reply.kind === "answered" && reply.status, 200);
        return;
      }
      assert.doesNotMatch(answer.message, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      if (reply.kind === "failed" || reply.status === 200) assert.equal(answer.kind, "unknown");
      if (reply.kind === "answered" && [401, 403].includes(reply.status))
        assert.equal(answer.kind, "refused");
    }),
    { numRuns: 2000 },
  );
});

const data = process.env.CI_FLEET_DATA ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));
const file = join(data, "hostile-strings.json");
const skip = existsSync(file) ? false : "CI_FLEET_DATA has no hostile-strings.json";

function listTexts(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(listTexts) : [];
}

test("hostile texts reach the node as they are, and come back", { skip }, async (t) => {
  const { state, hypervisor } = await startProxmoxLab(t);
  state.addGuest(9101);
  grantGuest(state, 9101);
  // What UTF-8 cannot hold cannot be sent; white space at the end is Proxmox's to cut.
  const texts = listTexts(JSON.parse(readFileSync(file, "utf8"))).filter(
    (text) => text.isWellFormed() && text.trim() !== "" && text.length < 8000,
  );
  assert.ok(texts.length > 20, `${texts.length}`);
  for (const text of texts) {
    const change = { set: { description: `mark\n${text}` }, delete: [], digest: null };
    assert.equal((await hypervisor.configure(9101, change)).kind, "ok", text);
    const guest = await hypervisor.readGuest(9101);
    assert.equal(guest.kind === "ok" && guest.value.description, `mark\n${text}`.trimEnd());
  }
});
