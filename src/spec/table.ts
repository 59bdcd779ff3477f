// The one table of the version-1 spec. Validation, defaults, JSON Schema and docs/spec.md are made from
// it, so they cannot disagree. In: nothing. Out: the rule of the whole file.

import {
  choice,
  defaulted,
  dict,
  duration,
  filled,
  integer,
  list,
  optional,
  record,
  required,
  text,
} from "./rule.ts";
import { HOST } from "./table-hosts.ts";
import { POOL, POOLS } from "./table-pools.ts";
import { TARGET_OR_URL } from "./table-targets.ts";

export const SPEC_VERSION = 1;

const RUNNER = record("The runner", {
  version: optional(
    text("version"),
    "Version of GitHub's runner, in quotes. `init` writes it, `bump` moves it; `validate` warns by its age. Without it the newest that this ci-fleet knows.",
    '"2.338.1"',
  ),
  image: defaulted(
    text("runnerImage"),
    "ghcr.io/actions/actions-runner",
    "Image of the runner; its tag is the version.",
    "ghcr.io/actions/actions-runner",
  ),
  digest: optional(
    text("digest"),
    "Digest of the image at this version, written by `bump`.",
    "sha256:0f3a4b5c6d7e8f901234567890abcdef0f3a4b5c6d7e8f901234567890abcdef",
  ),
  checksums: filled(
    record("Checksums of the tarball", {
      "linux-x64": optional(
        text("sha256"),
        "The sha256 of the tarball for x64, written by `bump`.",
        "0f3a4b5c6d7e8f901234567890abcdef0f3a4b5c6d7e8f901234567890abcdef",
      ),
      "linux-arm64": optional(
        text("sha256"),
        "The sha256 of the tarball for arm64, written by `bump`.",
        "0f3a4b5c6d7e8f901234567890abcdef0f3a4b5c6d7e8f901234567890abcdef",
      ),
    }),
    "The sha256 of the runner's tarballs at this version, for process slots.",
    "{linux-x64: 0f3a4b5c6d7e8f901234567890abcdef0f3a4b5c6d7e8f901234567890abcdef}",
  ),
});

const NETWORK = record("The network", {
  proxy: optional(text("proxyUrl"), "Proxy for jobs, image builds and ci-fleet itself.", "http://proxy:3128"),
  noProxy: defaulted(list(text("noProxy"), 0, 200), [], "Hosts and domains reached without it.", "[.corp]"),
  ca: optional(
    text("authorityPath"),
    "A PEM file with further authorities: of this repository, which is then rendered and installed, or an absolute path that every host has.",
    "certs/corp.pem",
  ),
  mirrors: filled(
    record("Mirrors", {
      apt: optional(
        text("webUrl"),
        "Replaces the distribution's mirror on provisioned hosts.",
        "http://apt.corp/debian",
      ),
      docker: optional(text("webUrl"), "Registry mirror of the Docker engine.", "https://registry.corp"),
    }),
    "Mirrors for provisioned hosts.",
    "{apt: http://apt.corp/debian}",
  ),
});

const INSTALL = record("Installation", {
  url: required(
    text("downloadUrl"),
    "Where a new guest or cloud host gets the binary of ci-fleet.",
    "https://files.corp/ci-fleet-1.0.0-linux-x64",
  ),
  sha256: required(
    text("sha256"),
    "The sha256 of that file.",
    "0f3a4b5c6d7e8f901234567890abcdef0f3a4b5c6d7e8f901234567890abcdef",
  ),
});

const WATCHDOG = record("The watchdog", {
  mode: defaulted(
    choice("timer", "daemon"),
    "timer",
    "`timer`: a timer starts one pass after the other. `daemon`: a service that stays, looks as often as every 5 s, and answers metrics and webhooks.",
    "daemon",
  ),
  every: defaulted(duration("5s", "1d"), "1m", "How often it looks.", "1m"),
  offlineAfter: defaulted(
    duration("1m", "14d"),
    "10m",
    "How long a registration may be offline, without a local process, before it is a ghost.",
    "10m",
  ),
  deputy: optional(
    text("name"),
    "The host that prunes the ghosts of hosts that are gone. Without it the first machine.",
    "forge",
  ),
  scale: filled(
    record("Scaling", {
      activeWithin: defaulted(
        duration("1h", "90d"),
        "1d",
        "Only repositories of the target with activity within this time are asked for queued jobs.",
        "1d",
      ),
    }),
    "Where queued jobs are looked for.",
    "{activeWithin: 1d}",
  ),
  budget: filled(
    record("Budget", {
      githubRequestsPerHour: defaulted(
        integer(10, 15_000),
        1500,
        "Requests to GitHub of the whole fleet, shared among its hosts.",
        "1500",
      ),
      removalsPerPass: defaulted(integer(0, 1000), 10, "Most registrations removed in one pass.", "10"),
    }),
    "Limits of what it does.",
    "{githubRequestsPerHour: 1500, removalsPerPass: 10}",
  ),
  metrics: optional(
    text("metricsFile"),
    "A file for node_exporter's textfile collector.",
    "/var/lib/node_exporter/textfile_collector/ci_fleet.prom",
  ),
  ping: optional(
    text("webUrl"),
    "An address to call after each pass, `/fail` appended when it failed.",
    "https://hc-ping.com/0f3a4b5c-0000-4000-8000-000000000000",
  ),
  listen: defaulted(
    text("listen"),
    "127.0.0.1:9639",
    "Where the daemon answers `/metrics`, `/healthz` and `/webhook`, without TLS: other machines should reach it through a proxy that has it. `none`: nowhere.",
    "127.0.0.1:9639",
  ),
  webhook: optional(
    record("A webhook", {
      secret: required(
        text("absolutePath"),
        "A file on each host with the secret of GitHub's webhook, closed to others.",
        "/etc/ci-fleet/webhook-secret",
      ),
    }),
    "GitHub may wake the daemon by its event `workflow_job`, sent to `/webhook`. It is a hint: what is done follows from what GitHub then answers.",
    "{secret: /etc/ci-fleet/webhook-secret}",
  ),
});

export const SPEC = record(
  "The spec",
  {
    version: required(integer(SPEC_VERSION, SPEC_VERSION), "Version of the spec's format.", "1"),
    requires: optional(
      text("range"),
      "Versions of ci-fleet that may work with this file: two that differ must not fight over the rendered files.",
      '">=0.1"',
    ),
    fleet: required(
      text("name"),
      "Name of the fleet: the first part of every runner's name and the name of its systemd target.",
      "acme",
    ),
    github: optional(
      TARGET_OR_URL,
      "The only target, named `default`: its address, or a mapping.",
      "https://github.com/acme",
    ),
    targets: optional(
      dict("name", "target", TARGET_OR_URL, 1, 50),
      "Several targets by name, instead of `github`.",
      "{default: https://github.com/acme, tools: {url: https://github.com/acme/tools}}",
    ),
    runner: filled(RUNNER, "GitHub's runner.", '{version: "2.338.1"}'),
    network: filled(
      NETWORK,
      "What stands between the hosts and the world; goes into every file that needs it.",
      "{proxy: http://proxy:3128, noProxy: [.corp]}",
    ),
    install: optional(
      INSTALL,
      "Where hosts that cloud-init provisions get ci-fleet.",
      "{url: https://files.corp/ci-fleet-1.0.0-linux-x64, sha256: 0f3a4b5c6d7e8f901234567890abcdef0f3a4b5c6d7e8f901234567890abcdef}",
    ),
    defaults: optional(
      POOL,
      "Any key of a pool, for all pools. A pool's own key replaces the one here; only `limits` and `env` are merged key by key.",
      "{lifetime: ephemeral}",
    ),
    hosts: required(
      dict("name", "host", HOST, 1, 10_000),
      "The machines by name. What a machine really has is in hosts/NAME.yaml, written there by `ci-fleet init`.",
      "{forge: }",
    ),
    pools: required(POOLS, "The pools by name.", "{ci: }"),
    watchdog: filled(WATCHDOG, "What keeps the runners alive.", "{every: 1m}"),
  },
  { name: "fleet", target: "github", org: "github", url: "github", runners: "pools", machines: "hosts" },
);
