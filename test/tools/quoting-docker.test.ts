// Dockerfiles and --env-file as Docker reads them: an image from nothing, then what it holds.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { quoteDockerEnv, quoteDockerLabel, writeDockerExec } from "../../src/render/quote-dockerfile.ts";
import { writeRawEnvLine } from "../../src/render/quote-env-file.ts";
import { corpusNote, sampleTexts } from "../render/hostile-text.ts";
import { hasWorking, runTool, type ToolAnswer } from "./tool.ts";

// BuildKit takes longer than in proportion for many variables.
const words = sampleTexts(100);
const texts = words.filter((text) => !/[\n\r]/.test(text));
const bare = texts.filter((text) => !/^\s|\s$/.test(text));

interface ImageConfig {
  readonly Env: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly Cmd: readonly string[];
  readonly Entrypoint: readonly string[];
}

function succeed(args: readonly string[]): ToolAnswer {
  const answer = runTool("docker", args);
  assert.equal(answer.code, 0, answer.stderr);
  return answer;
}

function inFolder(use: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "dockerfile-"));
  try {
    use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("docker build reads every text back from ENV, LABEL, CMD and ENTRYPOINT", (t) => {
  if (!hasWorking(t, "docker", "info")) return;
  t.diagnostic(corpusNote);
  inFolder((folder) => {
    const dockerfile = [
      "FROM scratch",
      `ENV ${texts.map((text, at) => quoteDockerEnv(`V${at}`, text)).join(" ")}`,
      `LABEL ${texts.map((text, at) => quoteDockerLabel(`l${at}`, text)).join(" ")}`,
      `ENTRYPOINT ${writeDockerExec(["/a", ...words.slice(0, 50)])}`,
      `CMD ${writeDockerExec(words.slice(50))}`,
      "",
    ];
    writeFileSync(join(folder, "Dockerfile"), dockerfile.join("\n"));
    const image = `ci-fleet-test/quoting-${process.pid}`;
    succeed(["build", "--quiet", "--tag", image, folder]);
    try {
      const config = JSON.parse(succeed(["image", "inspect", image]).stdout)[0].Config as ImageConfig;
      const environment = new Map(
        config.Env.map((entry) => [entry.split("=", 1)[0], entry.slice(entry.indexOf("=") + 1)]),
      );
      assert.deepEqual(
        texts.map((_, at) => environment.get(`V${at}`)),
        texts,
      );
      assert.deepEqual(
        texts.map((_, at) => config.Labels[`l${at}`]),
        texts,
      );
      assert.deepEqual([...config.Entrypoint.slice(1), ...config.Cmd], words);
      readEnvFile(folder, image);
    } finally {
      runTool("docker", ["image", "rm", "--force", image]);
    }
  });
});

/** `docker create --env-file`: the value is the rest of the line. */
function readEnvFile(folder: string, image: string): void {
  const file = join(folder, "variables");
  writeFileSync(file, bare.map((text, at) => `${writeRawEnvLine(`R${at}`, text)}\n`).join(""));
  const container = succeed(["create", "--env-file", file, image]).stdout.trim();
  try {
    const config = JSON.parse(succeed(["container", "inspect", container]).stdout)[0].Config as ImageConfig;
    const entries = new Set(config.Env);
    assert.deepEqual(
      bare.filter((text, at) => !entries.has(`R${at}=${text}`)),
      [],
    );
  } finally {
    runTool("docker", ["rm", container]);
  }
}
