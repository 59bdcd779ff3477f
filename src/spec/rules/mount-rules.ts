// What is mounted where in the job's container, and what of the host. In: the draft. Out: CF201, CF207,
// CF402, CF408, CF629, CF642. What a mount keeps from job to job is judged in kept-folder-rules.ts.

import type { DocPath } from "../../base/diagnostic.ts";
import type { AuthSpec, PoolSpec, VolumeSpec } from "../../model/fleet.ts";
import type { Draft, Rule, Say } from "../draft.ts";
import { relate } from "../report.ts";

/** The runner's root in the official image and what it needs there. */
const RUNNER_ROOT = "/home/runner";
const RUNNER_WORK = "/home/runner/_work";
const RUNNER_FOLDERS = ["/ci-fleet", "/home/runner/bin", "/home/runner/externals"];
/** Scripts and identity of the runner, each a file beside `bin` (actions/runner, images/Dockerfile and docs/start). */
const RUNNER_FILE = /^\/home\/runner\/(?:[a-z_-]+\.sh|\.(?:runner|credentials|env|path)[a-z_]*)$/;
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

/** Whose home it is, and what decides there what runs next. */
const HOME = /^\/home\/[^/]+(?:\/\.(?:ssh|config|gnupg|docker|local|bashrc|profile|bash_profile)(?:\/.*)?)?$/;

const ENGINE_SOCKET =
  /\/(?:(?:docker|containerd|podman|crio|buildkitd)\.sock|libvirt-sock|(?:lxd|incus)\/unix\.socket)$/;
/** Where those sockets lie. A mount that is read-only keeps nobody from talking to a socket below it. */
const SOCKET_FOLDERS = [
  "/run/buildkit",
  "/run/containerd",
  "/run/crio",
  "/run/docker",
  "/run/libvirt",
  "/run/podman",
  "/var/lib/incus",
  "/var/lib/lxd",
  "/var/snap/lxd",
];

/** Of our own places, where registrations lie: JIT configs and tokens on their way, the identity of persistent slots. */
const REGISTRATION_FOLDERS = ["/run/ci-fleet", "/var/lib/ci-fleet"];
/** The same of installs without root, and their credentials (XDG Base Directory Specification). */
const USER_REGISTRATIONS =
  /^\/(?:run\/user\/[0-9]+|(?:home\/[^/]+|root)\/\.(?:local\/state|config))\/ci-fleet(?:\/|$)/;

/** The path that it has on every system of today. */
const realPath = (source: string): string => source.replace(/^\/var\/run(?=\/|$)/, "/run");

export function showsEngineSocket({ source }: Pick<VolumeSpec, "source">): boolean {
  const real = realPath(source);
  if (ENGINE_SOCKET.test(real) || /^\/run(?:\/user(?:\/[0-9]+)?)?$/.test(real)) return true;
  return SOCKET_FOLDERS.some((folder) => isWithin(folder, real));
}

function showsRegistrations(source: string): boolean {
  const real = realPath(source);
  return REGISTRATION_FOLDERS.some((folder) => isWithin(real, folder)) || USER_REGISTRATIONS.test(real);
}

const volumeShowsEngineSocket: Rule = eachVolume((_, pool, volume, path, say) => {
  if (pool.trusted || !showsEngineSocket(volume)) return;
  const isSocket = ENGINE_SOCKET.test(volume.source);
  say("CF201", path, {
    message: isSocket
      ? `${volume.source} makes every job root on the host`
      : `${volume.source} holds sockets of container engines, which make every job root on the host, even with \`:ro\``,
    help: isSocket ? "use `docker: rootless`, or say `trusted: true`" : "mount a folder made for the jobs",
  });
});

const hostFolderWritable: Rule = eachVolume((_, pool, { source, readOnly }, path, say) => {
  if (pool.trusted || readOnly || showsEngineSocket({ source }) || showsRegistrations(source)) return;
  const decides = HOST_FOLDERS.some((folder) => isWithin(source, folder)) || HOME.test(source);
  if (!HOST_ROOTS.includes(source) && !decides) return;
  say("CF207", path, {
    message: `jobs could write to ${source} of the host`,
    help: "mount a folder made for the jobs, or add `:ro`",
  });
});

const volumeShowsCredential: Rule = eachVolume((draft, pool, { source }, path, say) => {
  if (pool.acceptLocalCredential) return;
  for (const { auth, at } of draft.fleet.targets) {
    const shown = placeOfCredential(auth);
    if (!isWithin(shown, source) && !isWithin(source, shown)) continue;
    say("CF402", path, {
      message: `${source} shows jobs the credential ${shown}`,
      help: "mount another folder",
      related: [relate("the credential is said here", [...at, "auth"], true)],
    });
    return;
  }
});

/** Of a broker it is the key that lets this host ask; of GitHub's CLI where it keeps its tokens, its docs say. */
function placeOfCredential(auth: AuthSpec): string {
  switch (auth.kind) {
    case "app":
      return auth.privateKey;
    case "token":
      return auth.file;
    case "search":
      return auth.folder;
    case "broker":
      return "/etc/ci-fleet/broker.key";
    case "gh":
      return auth.user === "root" ? "/root/.config/gh" : `/home/${auth.user}/.config/gh`;
  }
}

const volumeShowsRegistration: Rule = eachVolume((_, pool, { source }, path, say) => {
  if (pool.trusted || !showsRegistrations(source)) return;
  say("CF408", path, {
    message: `${source} shows jobs the registrations of runners, even with \`:ro\``,
    help: "mount a folder made for the jobs",
  });
});

const mountOverlaps: Rule = (draft, say) => {
  for (const pool of draft.fleet.pools) {
    const mounts = listMounts(pool);
    mounts.forEach((mount, i) => {
      const runner = hidesRunner(mount.target);
      if (runner || SYSTEM_FOLDERS.has(mount.target)) {
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

/** Such a mount is refused altogether. */
export function hidesRunner(target: string): boolean {
  if (target === RUNNER_ROOT || target === RUNNER_WORK || RUNNER_FILE.test(target)) return true;
  return RUNNER_FOLDERS.some((folder) => isWithin(target, folder));
}

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

export function eachVolume(
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
  volumeShowsRegistration,
  mountOverlaps,
  cacheNameTwice,
];
