// Codes of the spec room about exposure (CF1xx), isolation (CF2xx), credentials (CF4xx) and the life of a
// runner (CF5xx). In: nothing. Out: the rows.

import type { CodeEntry } from "./code.ts";

export const TRUST_CODES: readonly CodeEntry[] = [
  {
    code: "CF110",
    name: "label-subset",
    severity: "warning",
    summary: "Jobs for an untrusted pool can land on a trusted one",
    why: "GitHub gives a job to any runner that has all the labels the job asks for. When the labels of a pool without trust are among those of a trusted pool, a job that was written for the first may run on the second, with its Docker socket and its volumes.",
    fix: "Give the untrusted pool a label that the trusted one lacks, or put the two into different runner groups.",
  },
  {
    code: "CF111",
    name: "hosted-label-squat",
    severity: "warning",
    summary: "A label equals one of GitHub's hosted runners",
    why: "Workflows that ask for `ubuntu-latest` expect a clean machine of GitHub's. With this label they silently move to your host, those of forks too.",
    fix: "Choose a label of your own and name it in `runs-on`.",
  },
  {
    code: "CF113",
    name: "trust-zone-mix",
    severity: "warning",
    summary: "A trusted and an untrusted pool write to one host folder",
    why: "What a job of the untrusted pool leaves there, a job of the trusted pool reads and perhaps runs.",
    fix: "Give each pool a folder of its own, or mount it read-only (`:ro`) in the untrusted pool.",
  },
  {
    code: "CF201",
    name: "docker-sock",
    severity: "error",
    summary: "Jobs reach a container engine's socket without `trusted: true`",
    why: "Whoever can talk to the socket is root on the host: one `docker run -v /:/host` is enough.",
    fix: "Use `docker: rootless`, or say `trusted: true` when everyone who can send a job here may be root on the host.",
  },
  {
    code: "CF202",
    name: "privileged",
    severity: "error",
    summary: "`docker: dind` without `trusted: true`",
    why: "An engine inside a container needs a privileged container, and that can be left for the host's root.",
    fix: "Use `docker: rootless`, or say `trusted: true` when everyone who can send a job here may be root on the host.",
  },
  {
    code: "CF207",
    name: "writable-host-mount",
    severity: "error",
    summary: "A system folder of the host is mounted writable",
    why: "A job that can write to `/etc`, `/usr`, a unit folder or a home folder decides what the host runs next.",
    fix: "Mount a folder made for the jobs, or add `:ro`, or say `trusted: true`.",
  },
  {
    code: "CF216",
    name: "image-unpinned",
    severity: "warning",
    summary: "An image has neither a fixed tag nor a digest",
    why: "`latest` is another image tomorrow: two hosts of one pool then differ, and so do two runs of one job.",
    fix: "Write a version tag or, better, `@sha256:…`.",
  },
  {
    code: "CF401",
    name: "secret-in-spec",
    severity: "error",
    summary: "Something that looks like a secret is in the spec",
    why: "The spec lives in git: everyone who can read the repository, now or later, has the secret. Rendered files would spread it further.",
    fix: "Revoke it, keep the new one in a file on the host (`ci-fleet auth put`) and name the file here. Secrets of jobs belong to GitHub's secrets.",
  },
  {
    code: "CF402",
    name: "credential-in-runner",
    severity: "error",
    summary: "A volume shows jobs the credential that registers runners",
    why: "With it a job can register machines of its own or remove yours. No credential that can register may enter a runner.",
    fix: "Mount another folder; keep `/etc/ci-fleet` and the credential's file out of every volume.",
  },
  {
    code: "CF501",
    name: "runner-version",
    severity: "error",
    summary: "The runner version is below what GitHub lets register",
    why: "Since 25 September 2026 github.com and ghe.com refuse registrations below 2.329.0.",
    fix: "Run `ci-fleet bump`, or remove `runner.version` to get the newest one this ci-fleet knows.",
  },
];
