// What is mounted where in the job's container, and what of the host. In: the draft. Out: CF201, CF207,
// CF402, CF629, CF642.

import type { DocPath } from "../../base/diagnostic.ts";
import type { PoolSpec, VolumeSpec } from "../../model/fleet.ts";
import type { Draft, Rule, Say } from "../draft.ts";
import { relate } from "../report.ts";

/** The runner's root in the official image and what it needs there. */
const RUNNER_ROOT = "/home/runner";
const RUNNER_FOLDERS = ["/home/runner/_work", "/home/runner/bin", "/home/runner/externals"];
const SYSTEM_FOLDERS = new Set([
  "/",
  "/bin",
  "/dev",
  "/etc",
  "/home",
  "/lib",
  "/lib64",
  "/proc",
  "/run",
  "/sbin",
  "/sys",
  "/usr",
]);

/** Folders from which a host is taken over by whoever may write there. */
const HOST_FOLDERS = [
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/lib",
  "/lib64",
  "/opt/ci-fleet",
  "/proc",
  "/root",
  "/run",
  "/sbin",
  "/sys",
  "/usr",
  "/var/lib/ci-fleet",
  "/var/lib/containerd",
  "/var/lib/docker",
  "/var/run",
];
/** Themselves and what contains them, but not what they contain: `/home/ci/models` is nobody's login. */
const HOST_ROOTS = ["/", "/home", "/opt", "/var", "/var/lib"];

const ENGINE_SOCKET = /(?:^|\/)(?:docker|containerd|podman|crio|buildkitd)\.sock$/;

export function showsEngineSocket({ source }: VolumeSpec): boolean {
  return ENGINE_SOCKET.test(source);
}

const volumeShowsEngineSocket: Rule = eachVolume((_, pool, volume, path, say) => {
  if (pool.trusted || !showsEngineSocket(volume)) return;
  say("CF201", path, {
    message: `${volume.source} makes every job root on the host`,
    help: "use `docker: rootless`, or say `trusted: true`",
  });
});

const hostFolderWritable: Rule = eachVolume((_, pool, { source, readOnly }, path, say) => {
  if (pool.trusted || readOnly || ENGINE_SOCKET.test(source)) return;
  if (!HOST_ROOTS.includes(source) && !HOST_FOLDERS.some((folder) => isWithin(source, folder))) return;
  say("CF207", path, {
    message: `jobs could write to ${source} of the host`,
    help: "mount a folder made for the jobs, or add `:ro`",
  });
});

const volumeShowsCredential: Rule = eachVolume((draft, pool, { source }, path, say) => {
  if (pool.acceptLocalCredential) return;
  for (const { auth, at } of draft.fleet.targets) {
    const files =
      auth.kind === "app"
        ? [auth.privateKey]
        : auth.kind === "token"
          ? [auth.file]
          : auth.kind === "search"
            ? [auth.folder]
            : [];
    const shown = files.find((file) => isWithin(file, source) || isWithin(source, file));
    if (shown === undefined) continue;
    say("CF402", path, {
      message: `${source} shows jobs the credential ${shown}`,
      help: "mount another folder",
      related: [relate("the credential is said here", [...at, "auth"], true)],
    });
    return;
  }
});

const mountOverlaps: Rule = (draft, say) => {
  for (const pool of draft.fleet.pools) {
    const mounts = listMounts(pool);
    mounts.forEach((mount, i) => {
      if (
        mount.target === RUNNER_ROOT ||
        RUNNER_FOLDERS.includes(mount.target) ||
        SYSTEM_FOLDERS.has(mount.target)
      ) {
        const runner = mount.target.startsWith(RUNNER_ROOT);
        say("CF629", mount.path, {
          message: `a mount on ${mount.target} hides ${runner ? "the runner's own files" : "the system of the container"}`,
          help: "mount it elsewhere",
        });
      }
      const other = mounts.slice(0, i).find((earlier) => clash(earlier, mount));
      if (other === undefined) return;
      say("CF629", mount.path, {
        message:
          other.target === mount.target
            ? `${mount.target} is mounted twice`
            : `the caches ${other.target} and ${mount.target} lie within each other`,
        help: "give each its own folder",
        related: [relate("the other one is here", other.path)],
      });
    });
  }
};

interface Mount {
  readonly target: string;
  readonly path: DocPath;
  readonly cache: boolean;
}

function listMounts(pool: PoolSpec): readonly Mount[] {
  const volumes = pool.volumes.map(({ target }, i) => ({
    target,
    path: [...pool.at, "volumes", i],
    cache: false,
  }));
  const caches = pool.caches.flatMap((cache, i) =>
    cache.kind === "folder"
      ? [
          {
            target: cache.path.replace(/(?<=.)\/+$/, ""),
            path: [...pool.at, "cache", i, "path"],
            cache: true,
          },
        ]
      : [],
  );
  return [...volumes, ...caches];
}

/** Volumes may lie within each other; caches may not, for each is emptied by its own size. */
function clash(a: Mount, b: Mount): boolean {
  if (a.target === b.target) return true;
  return a.cache && b.cache && (isWithin(a.target, b.target) || isWithin(b.target, a.target));
}

const cacheNameTwice: Rule = (draft, say) => {
  for (const { caches, at } of draft.fleet.pools) {
    const seen = new Map<string, number>();
    caches.forEach(({ name }, i) => {
      const earlier = seen.get(name);
      if (earlier === undefined) seen.set(name, i);
      else {
        say("CF642", [...at, "cache", i, "name"], {
          message: `two caches of the pool are named "${name}"`,
          related: [relate("the other one is here", [...at, "cache", earlier, "name"])],
        });
      }
    });
  }
};

export function isWithin(path: string, folder: string): boolean {
  return path === folder || folder === "/" || path.startsWith(`${folder}/`);
}

function eachVolume(
  judge: (draft: Draft, pool: PoolSpec, volume: VolumeSpec, path: DocPath, say: Say) => void,
): Rule {
  return (draft, say) => {
    for (const pool of draft.fleet.pools) {
      pool.volumes.forEach((volume, i) => {
        judge(draft, pool, volume, [...pool.at, "volumes", i], say);
      });
    }
  };
}

export const MOUNT_RULES: readonly Rule[] = [
  volumeShowsEngineSocket,
  hostFolderWritable,
  volumeShowsCredential,
  mountOverlaps,
  cacheNameTwice,
];
