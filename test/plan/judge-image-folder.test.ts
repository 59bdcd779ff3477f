// The folder of an image: no secret goes from it into the repository, no base moves under it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { planFleet } from "../../src/plan/plan-fleet.ts";
import { makeFleet, makeInputs, makeInventory, makeMachine, makePool } from "./make-fleet.ts";

const AT = ["pools", "ci", "image", "dockerfile"];

/** What is found in a folder with these files, as code and message. */
function judge(files: Readonly<Record<string, string>>): readonly string[] {
  const listed = Object.entries(files).map(([path, content]) => ({ path, content, executable: false }));
  const { value, diagnostics } = planFleet(
    makeFleet(
      [makeMachine("forge")],
      [makePool("ci", { image: { kind: "dockerfile", dockerfile: "images/ci/Dockerfile" } })],
    ),
    makeInputs({ forge: makeInventory() }, { imageFolders: new Map([["images/ci/Dockerfile", listed]]) }),
  );
  for (const { path, help } of diagnostics) {
    assert.deepEqual(path, AT);
    assert.ok((help ?? "") !== "");
  }
  assert.equal(
    value === null,
    diagnostics.some(({ severity }) => severity === "error"),
  );
  return diagnostics.map(({ code, message }) => `${code} ${message}`);
}

test("a secret in any file of the folder is found, and is not said again", () => {
  const token = `npm_${"a1B2".repeat(9)}`;
  assert.deepEqual(judge({ Dockerfile: "FROM debian:13\n", ".npmrc": `a=b\n//x/:_authToken=${token}\n` }), [
    "CF401 line 2 of `.npmrc`, which goes into the image, looks like an npm token",
  ]);
});

test("a base without a fixed tag is another one tomorrow", () => {
  const moving =
    "FROM debian AS tools\nRUN true\nfrom --platform=linux/amd64 ghcr.io:443/acme/runner:latest\n";
  assert.deepEqual(judge({ Dockerfile: moving }), [
    "CF216 the Dockerfile builds on debian, which is another image tomorrow",
    "CF216 the Dockerfile builds on ghcr.io:443/acme/runner:latest, which is another image tomorrow",
  ]);
});

test("tags, digests, stages, scratch and what an argument decides are let pass", () => {
  const digest = `sha256:${"0".repeat(64)}`;
  const fixed = [
    `FROM debian:13 AS Tools`,
    `FROM ghcr.io:443/acme/runner@${digest}`,
    "FROM tools",
    "FROM scratch",
    "ARG VERSION=13",
    `FROM debian:\${VERSION}`,
    "# FROM debian",
  ];
  assert.deepEqual(judge({ Dockerfile: `${fixed.join("\n")}\n`, "notes.md": "FROM debian\n" }), []);
});
