// Every command there is: help, completion, parsing and the tests of the guide read this table.
// In: nothing. Out: rows; a command's code is loaded only when it is called.

import { ACCEPTABLE_RISKS } from "../model/fleet.ts";
import type { CommandEntry, OptionEntry } from "./command.ts";
import { HOST_COMMANDS, HOST_OPTIONS } from "./command-table-hosts.ts";

export const GLOBAL_OPTIONS: readonly OptionEntry[] = [
  { flags: "-C, --directory <folder>", help: "work as if started in this folder" },
  { flags: "-f, --file <path>", help: "the spec (default: fleet.yaml here or above, then /etc/ci-fleet)" },
  { flags: "-h, --help", help: "show help" },
];

const IDENTIFIERS_HELP = "serial numbers and MAC addresses too, which are left out otherwise";
const ACCEPT_OPTION: OptionEntry = {
  flags: "--accept-risk <code>",
  help: "take this risk of every guest, this once",
  values: ACCEPTABLE_RISKS,
  many: true,
};
const JSON_OPTION: OptionEntry = { flags: "--json", help: "print JSON for programs" };

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "init",
    summary: "Detect this host and create a fleet, or add the host to the one there is",
    examples: [
      ["ci-fleet init", "ask what matters, take the rest from this machine"],
      ["ci-fleet init --yes --url https://github.com/acme", "ask nothing"],
      ["ci-fleet init --refresh", "detect this host again and show what changed"],
    ],
    options: [
      {
        flags: "--url <url>",
        help: "the organization, owner/repo or enterprise on GitHub that gets the runners",
      },
      { flags: "--name <host>", help: "name of this host in the fleet (default: its hostname)" },
      { flags: "--fleet <name>", help: "name of a new fleet (default: from the URL)" },
      { flags: "--pool <name>", help: "pool for this host (default: ci, and gpu where there is one)" },
      { flags: "--run <mode>", help: "how runners run", values: ["container", "process"] },
      {
        flags: "--lifetime <kind>",
        help: "one job per runner, or many",
        values: ["ephemeral", "persistent"],
      },
      { flags: "--auth-app <id[:key]>", help: "a GitHub App: client id, and its key file on the host" },
      { flags: "--auth-token [file]", help: "a token in a file on the host (default: /etc/ci-fleet/token)" },
      { flags: "--auth-gh <user>", help: "ask this user's GitHub CLI" },
      { flags: "--identifiers", help: IDENTIFIERS_HELP },
      { flags: "--refresh", help: "detect again, show what changed, write hosts/<name>.yaml" },
      { flags: "-y, --yes", help: "take the defaults, ask nothing" },
      { flags: "--force", help: "overwrite files that are there" },
      { flags: "-n, --dry-run", help: "print what would be written, write nothing" },
    ],
    load: () => import("./commands/init.ts"),
  },
  {
    name: "detect",
    summary: "Show what this machine has",
    examples: [
      ["ci-fleet detect", "a page to read"],
      ["ci-fleet detect --yaml > hosts/forge.yaml", "the file that init would write"],
      ["ci-fleet detect --root /mnt/disk", "read another machine's file tree, ask no tools"],
    ],
    options: [
      { flags: "--json", help: "print a versioned document, with how each fact was learned" },
      { flags: "--yaml", help: "print exactly the file that init writes" },
      { flags: "--name <host>", help: "name of the host in the head of --yaml (default: its hostname)" },
      { flags: "--identifiers", help: IDENTIFIERS_HELP },
      { flags: "--root <folder>", help: "read this root instead of /" },
    ],
    load: () => import("./commands/detect.ts"),
  },
  {
    name: "validate",
    summary: "Check the spec, the inventories and the plan: every problem at once",
    examples: [
      ["ci-fleet validate", "each problem with its line and what to do"],
      ["ci-fleet validate --strict -o github", "in a workflow: annotations, and warnings fail"],
    ],
    options: [
      { flags: "--strict", help: "exit 1 for warnings too" },
      { flags: "-o, --output <format>", help: "how to print", values: ["text", "json", "sarif", "github"] },
      { flags: "--json", help: "the same as -o json" },
      ACCEPT_OPTION,
    ],
    load: () => import("./commands/validate.ts"),
  },
  {
    name: "plan",
    summary: "Show what exists after resolution: pools, slots, labels, devices, capacity",
    examples: [
      ["ci-fleet plan", "a page to read"],
      ["ci-fleet plan --json | jq .pools", "the whole plan"],
    ],
    options: [ACCEPT_OPTION, JSON_OPTION],
    load: () => import("./commands/plan.ts"),
  },
  {
    name: "render",
    summary: "Write the files of every host",
    examples: [
      ["ci-fleet render", "write what changed into rendered/"],
      ["ci-fleet render --diff", "show the difference, write nothing"],
      ["ci-fleet render --check", "in CI: list what is out of date and exit 1"],
    ],
    options: [
      { flags: "--check", help: "write nothing; list what is out of date, exit 1 if anything is" },
      { flags: "--diff", help: "write nothing; show the differences" },
      { flags: "-n, --dry-run", help: "write nothing; list what would be done" },
      { flags: "--prune", help: "remove files that ci-fleet wrote and that are no longer rendered" },
      { flags: "--host <name>", help: "only this host (may be repeated)", many: true },
      { flags: "--out <folder>", help: "write here (default: rendered, beside the spec)" },
      { flags: "--force", help: "overwrite files that were edited by hand or are not ours" },
      ACCEPT_OPTION,
      JSON_OPTION,
    ],
    load: () => import("./commands/render.ts"),
  },
  {
    name: "apply",
    summary:
      "Put this host's files in force: what is new starts, what changed starts again when it has no job",
    examples: [
      ["sudo ci-fleet apply --dry-run", "the exact commands, and what waits for a job"],
      ["sudo ci-fleet apply", "carry them out; run again, it goes on where it ended"],
      ["ci-fleet apply --user", "below your home, without root"],
      ["sudo ci-fleet apply --remove", "sign off and undo exactly what was installed"],
    ],
    options: [
      { flags: "-n, --dry-run", help: "print the commands, do nothing" },
      { flags: "--remove", help: "take the fleet down on this host" },
      { flags: "--from-spec", help: "apply what the spec says, whatever is rendered" },
      { flags: "--force", help: "drop what was edited by hand in installed files" },
      ...HOST_OPTIONS,
      JSON_OPTION,
    ],
    load: () => import("./commands/apply.ts"),
  },
  ...HOST_COMMANDS,
  {
    name: "auth",
    args: { usage: "<action>", values: ["check", "put", "rotate"] },
    summary: "Check the credential for GitHub, put it in its place, or replace it",
    examples: [
      ["ci-fleet auth check", "who am I, what may I, what is missing"],
      ["ci-fleet auth put < app.pem", "into the file that the spec names, closed to others"],
      ["ci-fleet auth rotate < new-token", "try the new one at GitHub before the old one goes"],
    ],
    options: [
      {
        flags: "--target <name>",
        help: "which target of the fleet (default: all; for put and rotate the only one)",
      },
      {
        flags: "--prove",
        help: "check: ask for a registration token, which nobody sees, to prove that it may write",
      },
      { flags: "--user", help: "the fleet is installed below this user's home, without root" },
      JSON_OPTION,
    ],
    load: () => import("./commands/auth.ts"),
  },
  {
    name: "mint",
    hidden: true,
    summary: "Make one slot ready to start: preflight, container, registration (units call this)",
    examples: [
      [
        "ci-fleet mint -C /etc/ci-fleet/acme --prepare acme-ci-forge-1",
        "what a slot's unit runs; waits and retries",
      ],
      ["ci-fleet mint --prepare acme-ci-forge-1 --dry-run", "is this host fit, and what would be done"],
    ],
    options: [
      { flags: "--prepare <slot>", help: "the slot that is about to start" },
      { flags: "--stdio", help: "be the broker of one host: the forced command of its SSH key" },
      { flags: "--host <name>", help: "with --stdio: the host whose slots this key may register" },
      { flags: "--user", help: "the fleet is installed below this user's home, without root" },
      { flags: "--once", help: "try once and say why not, instead of waiting" },
      { flags: "-n, --dry-run", help: "print what would be done, do nothing" },
    ],
    load: () => import("./commands/mint.ts"),
  },
  {
    name: "schema",
    summary: "Print the JSON Schema of fleet.yaml",
    examples: [["ci-fleet schema > fleet.schema.json", "for an editor"]],
    options: [],
    load: () => import("./commands/schema.ts"),
  },
  {
    name: "completion",
    args: { usage: "<shell>", values: ["bash", "zsh", "fish"] },
    summary: "Print the completion script of a shell",
    examples: [
      ["ci-fleet completion bash > ~/.local/share/bash-completion/completions/ci-fleet", "for bash"],
      ["ci-fleet completion fish > ~/.config/fish/completions/ci-fleet.fish", "for fish"],
    ],
    options: [],
    load: () => import("./commands/completion.ts"),
  },
  {
    name: "version",
    summary: "Print version, commit, Node version and platform",
    examples: [["ci-fleet version --json", "for programs"]],
    options: [JSON_OPTION],
    load: () => import("./commands/version.ts"),
  },
];
