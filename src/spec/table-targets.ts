// The table, part: where runners register and how this is allowed. In: nothing. Out: rules.

import { either, list, optional, record, required, text } from "./rule.ts";

const AUTH = record("Credentials", {
  app: optional(
    record("A GitHub App", {
      clientId: required(
        text("clientId"),
        "Client id of the App; its installation is looked up.",
        "Iv23liEXAMPLE",
      ),
      privateKey: required(
        text("absolutePath"),
        "The App's private key (PEM) on the host that mints, mode 0600.",
        "/etc/ci-fleet/app.pem",
      ),
    }),
    "A GitHub App, the safest choice: short-lived tokens, one permission. Not for enterprises.",
    "{clientId: Iv23liEXAMPLE, privateKey: /etc/ci-fleet/app.pem}",
  ),
  token: optional(
    text("absolutePath"),
    "A file on the host that mints with a personal access token, mode 0600.",
    "/etc/ci-fleet/token",
  ),
  gh: optional(
    record("The GitHub CLI", {
      user: required(text("user"), "The user of this host whose `gh` is asked.", "alice"),
    }),
    "Ask the GitHub CLI of this user for its token; GH_HOST is set for GHES.",
    "{user: alice}",
  ),
  broker: optional(
    text("brokerUrl"),
    "No credential on the runner hosts at all: an SSH forced command on another machine mints for this host's slots only.",
    "ssh://mint@control",
  ),
});

export const TARGET = record("A target", {
  url: required(
    text("gitHubUrl"),
    "An organization, OWNER/REPOSITORY or enterprises/SLUG, on github.com, `*.ghe.com` or a GitHub Enterprise Server. With `repos`, a personal account.",
    "https://github.com/acme",
  ),
  repos: optional(
    list(text("repo"), 1, 500),
    "Repositories of a personal account, which has no runners of its own: one registration for each; every ephemeral start goes to the repository that has work.",
    "[alice/app, alice/lib]",
  ),
  apiUrl: optional(
    text("webUrl"),
    "The REST API, only where it cannot be derived from `url`.",
    "https://ghe.example/api/v3",
  ),
  runnerGroup: optional(
    text("group"),
    "Runner group of the organization or enterprise. Without it GitHub's default group.",
    "ci",
  ),
  auth: optional(
    AUTH,
    "How registrations are allowed; exactly one of its keys. Files are paths on the host that mints. Without it, `app.pem` with `app.id`, else `token`, are looked for in /etc/ci-fleet.",
    "{token: /etc/ci-fleet/token}",
  ),
});

/** The URL alone is a target with every default. */
export const TARGET_OR_URL = either(text("gitHubUrl"), TARGET);
