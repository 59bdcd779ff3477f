// Puts the pinned release of GitHub's runner into a folder for process slots: whole or not at all, and never a byte
// of it before its checksum was right. In: version, folder; what GitHub and the spec say about the release. Out: the
// folder, root's and read-only to jobs; a WorldError with what to do. The runner's own updater stays switched off:
// the pin decides.

import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { CredentialError } from "../base/credential-error.ts";
import { errnoOf, WorldError } from "../base/world-error.ts";
import type { RunnerInstaller } from "../model/apply.ts";
import type { GitHubAnswer, RunnerDownload } from "../model/github.ts";
import type { HostTools } from "../model/ports.ts";
import { type FetchFile, hashFile } from "./fetch-file.ts";
import { checkLibraries } from "./install-runner-libraries.ts";

export interface InstallerPorts {
  readonly arch: "x64" | "arm64";
  /** Of the spec: sha256 of the tarball; null: not written there. */
  readonly checksum: string | null;
  /** null: this host may not ask (a broker registers for it). */
  readonly listDownloads: (() => Promise<GitHubAnswer<readonly RunnerDownload[]>>) | null;
  readonly fetchFile: FetchFile;
  readonly tools: HostTools;
}

interface Release {
  readonly url: string;
  readonly sha256: string;
  readonly bearer: RunnerDownload["downloadToken"];
}

const UNPACK_TIMEOUT_MS = 10 * 60_000;
const PART = ".part-";
/** A folder in which a runner is unpacked. */
export const HALF_RUNNER = /^\.part-[0-9a-f]{12}$/;

export function openRunnerInstaller(ports: InstallerPorts): RunnerInstaller {
  return { installRunner: (version, folder) => installRunner(version, folder, ports) };
}

async function installRunner(version: string, folder: string, ports: InstallerPorts): Promise<void> {
  const operation = `install runner ${version}`;
  if (!/^\d{1,6}(?:\.\d{1,6}){2}$/.test(version)) throw new Error(`${version} is no version`);
  if (isInstalled(folder)) return;
  const parent = dirname(folder);
  const part = join(parent, `${PART}${randomBytes(6).toString("hex")}`);
  try {
    fs.mkdirSync(parent, { recursive: true, mode: 0o755 });
    sweep(parent);
    fs.mkdirSync(part, { mode: 0o755 });
    const archive = await provideArchive(version, parent, part, ports);
    const root = join(part, "root");
    fs.mkdirSync(root, { mode: 0o755 });
    await unpack(archive, root, ports.tools);
    if (!isInstalled(root)) {
      throw new WorldError(operation, `${nameArchive(version, ports.arch)} holds no bin/Runner.Listener`);
    }
    await checkLibraries(root, ports.tools);
    // To the disk before its name is there: a version that is there counts as whole.
    await ports.tools.run("sync", ["-f", root], UNPACK_TIMEOUT_MS);
    // What lies there without a listener is the rest of something else.
    if (fs.existsSync(folder)) fs.renameSync(folder, join(part, "old"));
    fs.renameSync(root, folder);
  } catch (cause) {
    if (cause instanceof WorldError || errnoOf(cause) === null) throw cause;
    throw new WorldError(operation, cause);
  } finally {
    fs.rmSync(part, { recursive: true, force: true });
  }
}

function isInstalled(folder: string): boolean {
  return ["bin/Runner.Listener", "run.sh", "config.sh"].every((name) => fs.existsSync(join(folder, name)));
}

/** Of installs that were cut off. */
function sweep(parent: string): void {
  const hourAgo = Date.now() - 3_600_000;
  for (const name of fs.readdirSync(parent).filter((each) => each.startsWith(PART))) {
    const path = join(parent, name);
    if (fs.lstatSync(path).mtimeMs < hourAgo) fs.rmSync(path, { recursive: true, force: true });
  }
}

function nameArchive(version: string, arch: string): string {
  return `actions-runner-linux-${arch}-${version}.tar.gz`;
}

/** A person may have put it there, for a machine that cannot reach GitHub's downloads. */
async function provideArchive(
  version: string,
  parent: string,
  part: string,
  ports: InstallerPorts,
): Promise<string> {
  const name = nameArchive(version, ports.arch);
  const own = join(parent, name);
  const release = await findRelease(version, name, ports);
  if (fs.existsSync(own)) {
    checkHash(own, await hashFile(own), release.sha256);
    return own;
  }
  const path = join(part, name);
  const { sha256 } = await ports.fetchFile({ url: release.url, path, bearer: release.bearer });
  checkHash(release.url, sha256, release.sha256);
  return path;
}

function checkHash(what: string, found: string, wanted: string): void {
  if (found === wanted) return;
  const cause = `its sha256 is ${found}, and ${wanted} was expected`;
  throw new WorldError(
    `trust ${what}`,
    cause,
    "do not use it: somebody changed it, or it was cut off on its way",
  );
}

/** Releases of actions/runner; GitHub's own list has the newest alone. */
const RELEASES = "https://github.com/actions/runner/releases/download";

async function findRelease(version: string, name: string, ports: InstallerPorts): Promise<Release> {
  const answer = await ports.listDownloads?.();
  const listed = answer?.kind === "ok" ? answer.value : [];
  const found = listed.find(({ os, architecture }) => os === "linux" && architecture === ports.arch) ?? null;
  const isSame = found?.filename === name;
  const said = isSame ? (found?.sha256?.toLowerCase() ?? null) : null;
  const pinned = ports.checksum?.toLowerCase() ?? null;
  if (said !== null && pinned !== null && said !== pinned) {
    const cause = `GitHub says that its sha256 is ${said}, and the spec says ${pinned}`;
    throw new WorldError(
      `trust ${name}`,
      cause,
      "find out which is right before anything else; `ci-fleet bump` writes it",
    );
  }
  const sha256 = pinned ?? said;
  if (sha256 === null) {
    const why =
      answer !== undefined && answer.kind !== "ok" ? `; GitHub was asked: ${tellFailure(answer)}` : "";
    const cause = `no checksum is known for ${name}${why}`;
    const help = "run `ci-fleet bump`: it records the checksums in the spec";
    if (answer?.kind !== "refused") throw new WorldError(`install runner ${version}`, cause, help);
    const mend = answer.help === null ? "" : `${answer.help.replace(/\.$/, "")}; or `;
    const both = `${mend}${help}, wherever there is a credential`;
    throw new CredentialError(`install runner ${version}`, cause, both, answer.missing);
  }
  const url = isSame && found !== null ? found.url : `${RELEASES}/v${version}/${name}`;
  return { url, sha256, bearer: isSame ? (found?.downloadToken ?? null) : null };
}

function tellFailure(answer: Exclude<GitHubAnswer<unknown>, { kind: "ok" }>): string {
  if (answer.kind === "not-found") return "it has no list of downloads";
  return answer.kind === "unknown" ? answer.cause : answer.message;
}

async function unpack(archive: string, root: string, tools: HostTools): Promise<void> {
  const args = [
    "--extract",
    "--gzip",
    "--no-same-owner",
    "--no-same-permissions",
    "--file",
    archive,
    "--directory",
    root,
  ];
  const answer = await tools.run("tar", args, UNPACK_TIMEOUT_MS);
  if (answer.kind === "ran" && answer.exitCode === 0) return;
  const cause =
    answer.kind === "ran"
      ? (answer.stderr.trim().split("\n").at(-1) ?? `tar exited ${answer.exitCode}`)
      : answer.kind === "failed"
        ? answer.cause
        : "tar is not installed, or took too long";
  throw new WorldError(`unpack ${archive}`, cause);
}
