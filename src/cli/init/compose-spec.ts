// The text of a first fleet.yaml: small, with a comment where a person will want to change something. In: the
// answers and the sizes. Out: text; every word from outside is quoted where YAML could misread it.

import type { Lifetime, RunMode } from "../../model/fleet.ts";
import { RUNNER_RELEASES } from "../../model/runner-releases.ts";
import { quoteYaml, quoteYamlKey } from "../../render/quote-yaml.ts";
import type { AuthAnswer, InitAnswers } from "./answers.ts";
import type { PoolSize, Sizes } from "./size-pools.ts";

export interface SpecChoices {
  readonly run: RunMode;
  readonly lifetime: Lifetime;
  readonly sizes: Sizes;
  /** The host is a hypervisor: its runners live in a guest. */
  readonly isProxmox: boolean;
}

export function composeSpec(answers: InitAnswers, choices: SpecChoices): string {
  return [
    "# yaml-language-server: $schema=./fleet.schema.json",
    "# What runs where. `ci-fleet validate` checks it, `ci-fleet render` writes the files of every host.",
    "version: 1",
    `fleet: ${quoteYamlKey(answers.fleet)}`,
    "",
    ...composeGithub(answers),
    "",
    ...composeRunner(),
    "# Each machine is described in hosts/<name>.yaml, which `ci-fleet init` writes on that machine.",
    "hosts:",
    ...composeHosts(answers.host, choices),
    "",
    ...composePools(answers, choices),
    "",
  ].join("\n");
}

function composeGithub({ url, urlIsExample, auth }: InitAnswers): readonly string[] {
  return [
    "# Who gets the runners: an organization, an owner/repository, or enterprises/<slug>.",
    ...(urlIsExample ? ["# CHANGE THIS: it is an example, nobody said for whom the runners are."] : []),
    "github:",
    `  url: ${/^https:\/\/[A-Za-z0-9./_-]+$/.test(url) ? url : quoteYaml(url)}`,
    ...composeAuth(auth),
  ];
}

function composeAuth(auth: AuthAnswer): readonly string[] {
  switch (auth.kind) {
    case "app":
      return [
        "  auth:",
        "    # The key is a file on each host that registers runners; it never leaves it.",
        `    app: {clientId: ${quoteYamlKey(auth.clientId)}, privateKey: ${quoteYaml(auth.privateKey)}}`,
      ];
    case "token":
      return [
        "  auth:",
        "    # A file on each host that registers runners; it never leaves it.",
        `    token: ${quoteYaml(auth.file)}`,
      ];
    case "gh":
      return ["  auth:", `    gh: {user: ${quoteYamlKey(auth.user)}}`];
    case "later":
      return [
        "  # The credential is a file on each host that registers runners. Without a word here it is looked",
        "  # for in /etc/ci-fleet: app.pem with app.id, else token. To say more:",
        "  # auth:",
        "  #   app: {clientId: Iv23liEXAMPLE, privateKey: /etc/ci-fleet/app.pem}",
      ];
  }
}

function composeRunner(): readonly string[] {
  const newest = RUNNER_RELEASES.at(-1)?.version;
  if (newest === undefined) return [];
  return [
    "runner:",
    "  # GitHub gives no jobs to a version once a newer one has been out for 30 days.",
    `  version: ${quoteYaml(newest)}`,
    "",
  ];
}

function composeHosts(host: string, { isProxmox, sizes }: SpecChoices): readonly string[] {
  const name = quoteYamlKey(host);
  if (!isProxmox) return [`  ${name}:`];
  const { cpus, memoryGiB } = sizes.ci;
  return [
    `  ${name}: {kind: proxmox}`,
    "  # Runners live in guests: this one is made by the files that render writes.",
    `  ${quoteYamlKey(`${host}-ci`)}: {kind: vm, parent: ${name}, limits: {cpus: ${(cpus ?? 2) * sizes.ci.runners}, memory: ${(memoryGiB ?? 4) * sizes.ci.runners}GiB}, disk: 100GiB, os: debian-13}`,
  ];
}

function composePools(answers: InitAnswers, choices: SpecChoices): readonly string[] {
  const { sizes } = choices;
  const common = [
    ...(choices.run === "container" ? [] : ["    run: process"]),
    ...(choices.lifetime === "ephemeral" ? [] : ["    lifetime: persistent"]),
  ];
  const name = answers.pool ?? "ci";
  return [
    "# A pool takes every host that can hold it, unless it has `hosts: [a, b]`.",
    "pools:",
    `  ${quoteYamlKey(name)}:`,
    ...common,
    ...composeSize(choices.isProxmox ? { ...sizes.ci, cpus: null, memoryGiB: null } : sizes.ci),
    ...(sizes.gpu === null ? composeIdleCards(choices) : composeGpuPool(name, sizes.gpu, common)),
  ];
}

function composeSize({ runners, cpus, memoryGiB }: PoolSize): readonly string[] {
  const limits = [
    ...(cpus === null ? [] : [`cpus: ${cpus}`]),
    ...(memoryGiB === null ? [] : [`memory: ${memoryGiB}GiB`]),
  ];
  return [
    `    runners: ${runners} # on each host`,
    ...(limits.length === 0 ? [] : [`    limits: {${limits.join(", ")}} # of each runner`]),
  ];
}

function composeGpuPool(
  other: string,
  gpu: NonNullable<Sizes["gpu"]>,
  common: readonly string[],
): readonly string[] {
  const name = other === "gpu" ? "gpu-cards" : "gpu";
  return [
    `  ${name}:`,
    ...common,
    gpu.mig === null
      ? `    gpu: {vendor: ${gpu.vendor}} # one card for each runner`
      : `    gpu: {vendor: ${gpu.vendor}, mig: ${quoteYaml(gpu.mig)}} # one part of a card for each runner`,
    ...composeSize(gpu),
  ];
}

function composeIdleCards({ sizes: { idleCards }, isProxmox }: SpecChoices): readonly string[] {
  if (idleCards === null || isProxmox) return [];
  return [
    "  # This machine has a card that jobs cannot use yet; `ci-fleet detect` says what is missing.",
    "  # gpu:",
    `  #   gpu: {vendor: ${idleCards}}`,
  ];
}
