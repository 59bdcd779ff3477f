// Compose v2 as the judge of every Compose file that we render. In: the folders under fixtures/, the cases
// of test/render. It needs no engine.

import assert from "node:assert/strict";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { Ajv } from "ajv";
import { parse } from "yaml";
import type { RenderedFile } from "../../src/model/rendered-file.ts";
import { renderContainers } from "../../src/render/compose.ts";
import { containerCases } from "../render/compose-cases.ts";
import { makeHost, makePlacement, makePlan } from "../render/compose-plan.ts";
import { corpusNote, sampleTexts } from "../render/hostile-text.ts";
import { hasWorking, runTool } from "./tool.ts";

// Not all of fixtures/: copies of /sys hold links that go round.
const goldens = globSync("fixtures/{containers,fleets}/**/compose.yaml").sort();
const data = process.env.CI_FLEET_DATA ?? "../shared/data";

interface ComposeService {
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: readonly { readonly source?: string; readonly target: string }[];
  readonly [key: string]: unknown;
}

/** What Compose would hand to the engine. */
function readConfig(files: readonly RenderedFile[], variables: readonly string[] = []) {
  const folder = mkdtempSync(join(tmpdir(), "ci-fleet-compose-"));
  try {
    for (const file of files) {
      mkdirSync(dirname(join(folder, file.path)), { recursive: true });
      writeFileSync(join(folder, file.path), file.content);
    }
    const compose = files.find((file) => file.path.endsWith("/compose.yaml"));
    assert.ok(compose);
    const command = ["docker", "compose", "-f", join(folder, compose.path), "--profile", "*", "config"];
    const answer = runTool("env", [...variables, ...command, "--format", "json"]);
    assert.equal(answer.code, 0, answer.stderr);
    assert.equal(answer.stderr, "", "Compose warns");
    return JSON.parse(answer.stdout) as { readonly services: Readonly<Record<string, ComposeService>> };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `config` doubles dollars again, so that its output can be read again. */
function halveDollars(text: string): string {
  return text.replaceAll("$$", "$");
}

test("Compose accepts every golden without a warning", (t) => {
  if (!hasWorking(t, "docker", "compose", "version")) return;
  assert.ok(goldens.length >= 6);
  for (const path of goldens) {
    const answer = runTool("docker", ["compose", "-f", path, "--profile", "*", "config", "--quiet"]);
    assert.deepEqual({ path, code: answer.code, stderr: answer.stderr }, { path, code: 0, stderr: "" });
  }
});

test("the Compose specification's own schema accepts every golden", (t) => {
  const path = join(data, "compose-spec.json");
  if (!existsSync(path)) return t.skip(`no ${path}: set CI_FLEET_DATA`);
  const schema = JSON.parse(readFileSync(path, "utf8"));
  // ajv knows draft 7 by its http address only.
  schema.$schema = "http://json-schema.org/draft-07/schema#";
  const validate = new Ajv({ strict: false, allErrors: true, logger: false }).compile(schema);
  for (const golden of goldens) {
    validate(parse(readFileSync(golden, "utf8")));
    assert.deepEqual(validate.errors, null, golden);
  }
  assert.equal(validate({ services: { a: { gpu: "all" } } }), false, "the schema must be able to refuse");
});

test("the engine gets the environment, cards and sizes that the plan says", (t) => {
  if (!hasWorking(t, "docker", "compose", "version")) return;
  for (const { plan, host } of Object.values(containerCases)) {
    const { services } = readConfig(renderContainers(plan, host));
    for (const placement of host.placements.filter(({ run }) => run === "container")) {
      for (const slot of placement.slots) {
        const service = services[slot.name];
        assert.ok(service, slot.name);
        for (const [name, value] of Object.entries(placement.env)) {
          assert.equal(halveDollars(service.environment[name] ?? ""), value);
        }
        assert.equal(Number(service.mem_limit ?? 0), placement.limits.memory ?? 0);
        assert.equal(service.memswap_limit, service.mem_limit);
        assert.equal(Number(service.cpus ?? 0), placement.limits.cpus ?? 0);
        const text = JSON.stringify(service);
        for (const gpu of slot.gpus) assert.ok(text.includes(gpu.renderNode ?? gpu.selector), gpu.id);
      }
    }
  }
});

test("any text of the spec reaches the container as it is", (t) => {
  if (!hasWorking(t, "docker", "compose", "version")) return;
  t.diagnostic(corpusNote);
  const env = Object.fromEntries(sampleTexts(300).map((text, at) => [`V${at}`, text]));
  const host = makeHost([makePlacement({ env })]);
  const { services } = readConfig(renderContainers(makePlan(host), host));
  const given = services["acme-ci-forge-1"]?.environment ?? {};
  for (const [name, text] of Object.entries(env)) assert.equal(halveDollars(given[name] ?? ""), text);
});

test("two variables move every folder of ours, so that a user's installation takes the same file", (t) => {
  if (!hasWorking(t, "docker", "compose", "version")) return;
  for (const { plan, host } of Object.values(containerCases)) {
    const moved = [
      "CI_FLEET_STATE=/home/a/state",
      "CI_FLEET_RUN=/run/user/1000/ci",
      "CI_FLEET_DOCKER_SOCKET=/run/user/1000/d",
    ];
    const text = JSON.stringify(readConfig(renderContainers(plan, host), moved));
    for (const place of [host.places.state, host.places.run, "/var/run/docker.sock:"]) {
      assert.ok(!text.includes(place), `${place} is still there`);
    }
  }
});

test("each slot is a service that Compose can create alone", (t) => {
  if (!hasWorking(t, "docker", "compose", "version")) return;
  for (const path of goldens) {
    const { services } = parse(readFileSync(path, "utf8")) as { services: Record<string, unknown> };
    for (const name of Object.keys(services)) {
      const answer = runTool("docker", ["compose", "-f", path, "config", "--quiet", name]);
      assert.deepEqual({ name, code: answer.code, stderr: answer.stderr }, { name, code: 0, stderr: "" });
    }
  }
});
