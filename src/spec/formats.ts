// The forms that texts take, each with the words for a message and a pattern for JSON Schema. What a
// pattern cannot say is said by `judge`. In: a text. Out: null, or what is wrong with it.

import { ENV_NAME_PATTERN, LABEL_PATTERN, NAME_PATTERN, PACKAGE_PATTERN } from "../base/text-policy.ts";
import { RANGE_PATTERN } from "../base/version-number.ts";

export interface Format {
  /** Completes "expected …". */
  readonly expected: string;
  /** Source of a regular expression, anchored. */
  readonly pattern: string;
  /** CF613 where it is not another. */
  readonly code?: "CF640";
  /** What is wrong with a text that fits the pattern, in words that complete "… is no …:". */
  readonly judge?: (text: string) => string | null;
  /** Written without quotes YAML reads it as a number. */
  readonly version?: true;
}

export type FormatName = keyof typeof FORMATS;

export function formatOf(name: FormatName): Format {
  return FORMATS[name];
}

/** Without what a shell, a unit or a list of paths would take for syntax; admits what real paths hold. */
const PATH_CHARACTERS = "[A-Za-z0-9._/@+=~,-]";
/** RFC 3986 without what its consumers quote badly: apt.conf, into which cloud-init pastes a proxy, ends at a `"`. */
const URL_CHARACTERS = "[A-Za-z0-9._~:/@,+=%&\\[\\]-]";
const HOST = "[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?";
const IPV4 = "(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})\\.){3}(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})";
const IMAGE_NAME =
  "[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?(?:/[a-z0-9]+(?:(?:[._]|__|-{1,8})[a-z0-9]+){0,32}){0,16}";
const DIGEST = "sha256:[0-9a-f]{64}";

const FORMATS = {
  name: {
    expected: "a name of lower-case letters, digits and inner hyphens, at most 63",
    pattern: NAME_PATTERN.source,
    code: "CF640",
  },
  label: {
    expected:
      "a label of letters, digits, dots, underscores and hyphens, at most 100, not beginning with a hyphen",
    pattern: LABEL_PATTERN.source,
    code: "CF640",
  },
  envName: {
    expected: "a variable name of letters, digits and underscores that does not begin with a digit",
    pattern: ENV_NAME_PATTERN.source,
    code: "CF640",
  },
  anyText: { expected: "text", pattern: "^[^\\r]*$" },
  line: { expected: "text on one line", pattern: "^[^\\r\\n]+$" },
  range: { expected: 'comparators such as ">=1.0" or ">=1.0 <2"', pattern: RANGE_PATTERN, version: true },
  version: {
    expected: 'three numbers such as "2.338.1"',
    pattern: "^[0-9]{1,6}\\.[0-9]{1,6}\\.[0-9]{1,6}$",
    version: true,
  },
  gitHubUrl: {
    expected: "an https address of an organization, a repository or enterprises/SLUG",
    pattern: "^https?://[^\\s?#]+$",
    judge: judgeWebUrl,
  },
  webUrl: {
    expected: "an http or https address",
    pattern: `^https?://${URL_CHARACTERS}+$`,
    judge: judgeWebUrl,
  },
  downloadUrl: {
    expected: "an https address",
    pattern: `^https://${URL_CHARACTERS}+(?:\\?(?:${URL_CHARACTERS}|\\?)*)?$`,
    judge: judgeWebUrl,
  },
  nodeUrl: {
    expected: "the https address of a Proxmox node, such as https://pve1:8006",
    pattern: `^https://${HOST}(?::[0-9]{1,5})?$`,
    judge: judgeWebUrl,
  },
  proxyUrl: {
    // No SOCKS: Node, by which ci-fleet itself goes out, does not know it (http.setGlobalProxyFromEnv).
    expected: "an http or https address such as http://proxy:3128",
    pattern: "^https?://[A-Za-z0-9._~:@,+=%&\\[\\]-]+/?$",
    judge: judgeWebUrl,
  },
  brokerUrl: {
    expected: "ssh://USER@HOST or ssh://USER@HOST:PORT",
    pattern: `^ssh://(?:[a-z_][a-z0-9_-]{0,31}@)?${HOST}(?::[0-9]{1,5})?/?$`,
  },
  noProxy: {
    expected: "a host, a domain with a leading dot, or an address",
    pattern: "^(?:\\*|[A-Za-z0-9.:/_*-]{1,255})$",
  },
  absolutePath: {
    expected: "an absolute path (of letters, digits and any of ._-/@+=~,)",
    pattern: `^/${PATH_CHARACTERS}*$`,
    judge: judgePath,
  },
  sharedFolder: {
    // As Proxmox's `path` in a directory mapping, and in fstab: neither a comma nor a space.
    expected: "an absolute path (of letters, digits and any of ._-)",
    pattern: "^(?:/[A-Za-z0-9._-]+){1,20}$",
    judge: judgePath,
  },
  authorityPath: {
    expected: "a path inside the repository, or an absolute one on the hosts",
    pattern: `^${PATH_CHARACTERS}+$`,
    judge: judgePath,
  },
  relativePath: {
    expected: "a path inside the repository, without `..`",
    pattern: `^(?!/)${PATH_CHARACTERS}+$`,
    judge: judgePath,
  },
  volume: {
    expected: "HOST_PATH:CONTAINER_PATH with `:ro` or `:rw` at most",
    pattern: `^/${PATH_CHARACTERS}*:/${PATH_CHARACTERS}*(?::(?:ro|rw))?$`,
    judge: (volume: string) =>
      volume
        .split(":")
        .slice(0, 2)
        .map(judgePath)
        .find((problem) => problem !== null) ?? null,
  },
  clientId: {
    expected: "a client id such as Iv23liEXAMPLE, or an App id",
    pattern: "^[A-Za-z0-9._-]{1,64}$",
  },
  user: {
    expected: "the name of a user of the host",
    pattern: "^[A-Za-z_][A-Za-z0-9_.-]{0,31}$",
  },
  repo: {
    expected: "OWNER/REPOSITORY",
    pattern: "^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,60})?/[A-Za-z0-9._-]{1,100}$",
    judge: (repo: string) => (/\/\.{1,2}$/.test(repo) ? "a repository cannot have this name" : null),
  },
  group: { expected: "the name of a runner group", pattern: "^[^\\r\\n]{1,100}$", judge: judgeExpression },
  image: {
    expected: "an image such as ghcr.io/acme/tools:1.2 or …@sha256:…",
    pattern: `^${IMAGE_NAME}(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@${DIGEST})?$`,
  },
  runnerImage: {
    expected: "an image without a tag, for the tag is the version",
    pattern: `^${IMAGE_NAME}(?:@${DIGEST})?$`,
  },
  digest: { expected: "sha256: and 64 hexadecimal digits", pattern: `^${DIGEST}$` },
  sha256: { expected: "64 hexadecimal digits", pattern: "^[0-9a-f]{64}$" },
  package: {
    expected: "a package such as clang or clang=1:14.0-55",
    pattern: PACKAGE_PATTERN.source,
  },
  platform: {
    expected: "a platform such as linux/riscv64",
    pattern: "^[a-z0-9]{1,20}/[a-z0-9]{1,20}(?:/[a-z0-9]{1,10})?$",
  },
  migProfile: {
    expected: "a MIG profile such as 1g.10gb",
    pattern: "^[1-7]g\\.[0-9]{1,4}gb(?:\\+(?:me|gfx))?$",
  },
  pciOrMapping: {
    expected: "a PCI address without function such as 0000:01:00, or the name of a resource mapping",
    pattern: "^(?:[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f](?:\\.[0-7])?|[A-Za-z][A-Za-z0-9_-]{1,63})$",
  },
  pciAddress: {
    expected: "a PCI address without function such as 0000:01:00",
    pattern: "^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f](?:\\.[0-7])?$",
  },
  mapping: {
    expected: "the name of a resource mapping: a letter, then letters, digits, hyphens and underscores",
    pattern: "^[A-Za-z][A-Za-z0-9_-]{1,63}$",
  },
  cpuFlag: {
    expected: "+ or - and one of the flags that Proxmox lets guests have, such as +pcid",
    pattern:
      "^[+-](?:aes|amd-no-ssb|amd-ssbd|hv-evmcs|hv-tlbflush|ibpb|md-clear|nested-virt|pcid|pdpe1gb|spec-ctrl|ssbd|virt-ssbd)$",
  },
  romFile: {
    expected: "the name of a file in /usr/share/kvm",
    pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
  },
  guestTag: {
    expected: "a tag of lower-case letters, digits and any of _+.-, not beginning with a sign",
    pattern: "^[a-z0-9_][a-z0-9_+.-]{0,62}$",
  },
  storage: { expected: "a Proxmox storage id", pattern: "^[A-Za-z][A-Za-z0-9._-]{0,98}[A-Za-z0-9]$" },
  bridge: { expected: "a bridge such as vmbr0", pattern: "^[A-Za-z][A-Za-z0-9_.-]{0,14}$" },
  cidr: {
    expected: "an IPv4 address with its prefix length such as 10.0.0.5/24",
    pattern: `^${IPV4}/(?:3[0-2]|[12]?[0-9])$`,
  },
  ip: { expected: "an IPv4 or IPv6 address", pattern: `^(?:${IPV4}|[0-9a-fA-F:]{2,39})$`, judge: judgeIp },
  mac: {
    expected: "the MAC address of one interface such as bc:24:11:00:00:01",
    // The lowest bit of the first byte means a group of interfaces.
    pattern: "^[0-9a-fA-F][02468aceACE](?::[0-9a-fA-F]{2}){5}$",
  },
  sshKey: {
    expected: "one line of an OpenSSH public key",
    pattern:
      "^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\\.com|sk-ecdsa-sha2-nistp256@openssh\\.com) [A-Za-z0-9+/]{32,2000}={0,2}(?: [^\\r\\n]{1,200})?$",
  },
  namespace: { expected: "a Kubernetes namespace", pattern: NAME_PATTERN.source, code: "CF640" },
  listen: {
    expected: "ADDRESS:PORT such as 127.0.0.1:9639 or [::1]:9639 with a port from 1024 on, or none",
    pattern: `^(?:none|(?:${IPV4}|\\[[0-9a-f:.]{2,45}\\]):[1-9][0-9]{3,4})$`,
    judge: judgeListen,
  },
  metricsFile: {
    expected: "an absolute path that ends in .prom",
    pattern: `^/${PATH_CHARACTERS}*\\.prom$`,
    judge: judgePath,
  },
} as const satisfies Record<string, Format>;

/** `.` and `..` would lead elsewhere than a reader thinks; an empty step is a slip. */
function judgePath(path: string): string | null {
  const steps = path.split("/").slice(path.startsWith("/") ? 1 : 0);
  if (steps.includes("..") || steps.includes(".")) return "`.` and `..` are not taken in paths";
  if (path.length > 1 && steps.slice(0, -1).includes("")) return "two slashes follow each other";
  return null;
}

function judgeWebUrl(url: string): string | null {
  if (!URL.canParse(url)) return "it is no valid address";
  const { hostname, protocol } = new URL(url);
  if (!/^(?:[A-Za-z0-9.-]+|\[[0-9a-f:.]+\])$/.test(hostname))
    return "the host name has characters it cannot have";
  if (protocol === "http:" && /(?:^|\.)(?:github\.com|ghe\.com)$/.test(hostname))
    return "GitHub is reached by https only";
  return null;
}

/** The watchdog's unit may not take the ports below, which are root's. */
function judgeListen(text: string): string | null {
  if (text === "none") return null;
  if (Number(text.slice(text.lastIndexOf(":") + 1)) > 65_535) return "there is no such port";
  return URL.canParse(`http://${text}/`) ? null : "it is no valid address";
}

/** Goes into workflow snippets, where GitHub would evaluate it. */
function judgeExpression(text: string): string | null {
  return text.includes("${{") ? "`${{` begins an expression of GitHub" : null;
}

function judgeIp(ip: string): string | null {
  if (!ip.includes(":")) return null;
  return URL.canParse(`http://[${ip}]/`) ? null : "it is no valid address";
}
