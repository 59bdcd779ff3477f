// The table, part: pools of equal runners. In: nothing. Out: rules.

import {
  choice,
  defaulted,
  dict,
  duration,
  either,
  filled,
  flag,
  integer,
  kinds,
  list,
  number,
  optional,
  record,
  required,
  size,
  text,
  textOrScalar,
} from "./rule.ts";

const RUNNERS = either(
  integer(1, 256),
  record("A range of runners", {
    min: defaulted(integer(0, 9999), 0, "Runners that are always there, in the whole pool.", "0"),
    max: required(integer(1, 9999), "Most runners in the whole pool, across its hosts.", "6"),
    perHost: optional(
      integer(1, 256),
      "Most runners on one host. Without it `max` is spread evenly over the hosts.",
      "4",
    ),
    idle: defaulted(duration("10s", "30d"), "5m", "How long a runner above `min` waits for work.", "5m"),
  }),
);

const GPU = record("GPUs of a runner", {
  vendor: required(choice("nvidia", "amd", "intel"), "Whose cards.", "nvidia"),
  perRunner: defaulted(integer(1, 64), 1, "Whole cards (or MIG instances) for each runner.", "1"),
  match: filled(
    record("Which cards", {
      model: optional(text("line"), "A part of the card's name, compared without case.", "RTX"),
      memory: optional(size("1MiB", "64TiB"), "At least so much memory.", "20GiB"),
    }),
    "Only cards like these.",
    "{model: RTX, memory: 20GiB}",
  ),
  mig: optional(text("migProfile"), "A MIG instance of this profile instead of a card (NVIDIA).", "1g.10gb"),
  share: defaulted(integer(1, 64), 1, "So many slots share one card, without isolation of its memory.", "4"),
  capabilities: optional(
    list(choice("compute", "compat32", "display", "graphics", "ngx", "utility", "video"), 1, 7),
    "NVIDIA driver capabilities; without it compute and utility.",
    "[compute, utility, video]",
  ),
});

const CACHE = kinds("folder", {
  folder: record("A cache folder", {
    name: required(text("name"), "Name of the cache, its folder on the host.", "cargo"),
    path: required(text("absolutePath"), "Where jobs see it.", "/home/runner/.cargo/registry"),
    size: required(size("1MiB", "64TiB"), "Above this size the oldest files go.", "20GiB"),
  }),
  buildx: record("A buildx cache", {
    name: required(text("name"), "Name of the cache, its folder on the host.", "buildx"),
    size: required(size("1MiB", "64TiB"), "One folder for each platform, rotated within this size.", "70GiB"),
  }),
});

const IMAGE = record("An image", {
  packages: optional(
    list(text("package"), 1, 500),
    "Packages to install on top; the image is built on the host by `apply` under a tag made from its content.",
    "[clang, cmake]",
  ),
  from: optional(
    text("image"),
    "Base image, instead of the official runner image.",
    "ghcr.io/acme/runner:1.4",
  ),
  dockerfile: optional(
    text("relativePath"),
    "A Dockerfile in the repository, instead of `packages` and `from`.",
    "images/gpu/Dockerfile",
  ),
});

/** Every key may also stand under `defaults`. */
export const POOL = record(
  "A pool",
  {
    hosts: optional(
      list(text("name"), 1, 10_000),
      "Hosts of the pool. Without it every host that can: machines, guests and clusters.",
      "[forge, gpu-vm]",
    ),
    target: optional(
      text("name"),
      "Where the runners register. Without it the target `default`, or the only one there is.",
      "default",
    ),
    run: defaulted(
      choice("container", "process"),
      "container",
      "`container`: Docker Compose. `process`: a systemd unit with the official tarball. A cluster has its own way.",
      "container",
    ),
    lifetime: defaulted(
      choice("ephemeral", "persistent"),
      "ephemeral",
      "`ephemeral`: one job for each registration. `persistent`: the registration is kept outside the image.",
      "ephemeral",
    ),
    runners: defaulted(
      RUNNERS,
      1,
      "Runners on each host, or a range that follows the queue: `{min, max, perHost, idle}`, where min and max count the whole pool.",
      "2",
    ),
    gpu: optional(GPU, "GPUs for each runner.", "{vendor: nvidia, perRunner: 1}"),
    labels: defaulted(
      list(text("label"), 0, 80),
      [],
      "Labels beside the derived ones (`self-hosted`, `linux`, architecture, distribution, GPU, `docker`).",
      "[cuda-12]",
    ),
    limits: filled(
      record("Limits of a slot", {
        cpus: optional(number(0.1, 1024), "CPUs; fractions for containers.", "8"),
        memory: optional(size("64MiB", "64TiB"), "Memory, swap included.", "32GiB"),
        pids: optional(integer(64, 4_194_304), "Processes and threads.", "4096"),
      }),
      "What each slot may use. `defaults.limits` is merged key by key.",
      "{cpus: 8, memory: 32GiB, pids: 4096}",
    ),
    env: filled(
      dict("envName", "variable", textOrScalar("anyText"), 0, 200),
      "Environment of the jobs: any text, never a secret. `defaults.env` is merged key by key.",
      "{CARGO_TERM_COLOR: always}",
    ),
    volumes: defaulted(
      list(text("volume"), 0, 50),
      [],
      "Folders of the host in the container: HOST_PATH:CONTAINER_PATH, with `:ro` for reading only.",
      '["/srv/models:/models:ro"]',
    ),
    image: optional(
      IMAGE,
      "The image of the jobs: `packages` on the official runner image or on `from`, a ready image `from`, or a `dockerfile`.",
      "{packages: [clang, cmake]}",
    ),
    docker: defaulted(
      choice("none", "socket", "rootless", "dind"),
      "none",
      "Whether jobs may use Docker. `socket` and `dind` are root on the host and need `trusted: true`.",
      "rootless",
    ),
    trusted: defaulted(
      flag(),
      false,
      "You vouch for everyone who can send a job here, authors of pull requests included.",
      "true",
    ),
    acceptLocalCredential: defaulted(
      flag(),
      false,
      "You accept that jobs with root on the host could read the credential that registers runners there. Without it such a pool needs a `broker`.",
      "true",
    ),
    cache: defaulted(
      list(CACHE, 0, 50),
      [],
      "Caches on the host that survive the job, each with a size.",
      "[{name: cargo, path: /home/runner/.cargo/registry, size: 20GiB}]",
    ),
    emulate: defaulted(
      list(text("platform"), 0, 20),
      [],
      "Platforms that jobs may build and run under QEMU: the host gets the binfmt handler, the runner the label `qemu-…`.",
      "[linux/riscv64]",
    ),
    platform: optional(
      text("platform"),
      "Run the runner itself emulated: linux/amd64 or linux/arm64, what the official runner is built for.",
      "linux/arm64",
    ),
    maxJob: defaulted(
      duration("1m", "3650d"),
      "6h",
      "The longest a job may run. GitHub's own default is 6 hours, its ceiling 5 days.",
      "5d",
    ),
  },
  {
    caches: "cache",
    count: "runners",
    cpus: "limits: {cpus: …}",
    environment: "env",
    ephemeral: "lifetime: ephemeral",
    gpus: "gpu",
    host: "hosts",
    label: "labels",
    memory: "limits: {memory: …}",
    mounts: "volumes",
    persistent: "lifetime: persistent",
    platforms: "emulate",
    replicas: "runners",
    resources: "limits",
    "runs-on": "labels",
    scale: "runners: {min: …, max: …}",
    tags: "labels",
    timeout: "maxJob",
  },
);

export const POOLS = dict("name", "pool", POOL, 1, 500);
