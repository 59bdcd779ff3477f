// A machine's files as one object: text, `{link}`, `{bytes}`, `{error}` for what cannot be read, `{node}` for what is
// only there. Folders follow from the paths. In: the object. Out: HostFiles.

import type { FileStat, HostFiles, Read } from "../../src/model/ports.ts";

export type FakeFile =
  | string
  | { readonly link: string }
  | { readonly bytes: readonly number[] }
  | { readonly error: string }
  | { readonly node: true; readonly gid?: number; readonly usable?: boolean };

const WHOLE_SYSFS = {
  "/sys/bus/platform/uevent": "",
  "/sys/class/mem/null": "",
  "/dev/null": { node: true },
} as const;

/** What every running machine shows, so that a missing file means a missing thing. */
export function fakeMachine(files: Readonly<Record<string, FakeFile>>): HostFiles {
  return fakeFiles({ ...WHOLE_SYSFS, ...files });
}

export function fakeFiles(files: Readonly<Record<string, FakeFile>>): HostFiles {
  const names = Object.keys(files);
  const isFolder = (path: string): boolean => names.some((name) => name.startsWith(`${path}/`));
  const resolve = (path: string, depth = 0): string => {
    if (depth > 20) return path;
    const parts = path.split("/").filter((part) => part !== "");
    for (let i = 1; i <= parts.length; i += 1) {
      const at = `/${parts.slice(0, i).join("/")}`;
      const file = files[at];
      if (typeof file !== "object" || !("link" in file)) continue;
      const base = file.link.startsWith("/") ? file.link : `${at.slice(0, at.lastIndexOf("/"))}/${file.link}`;
      return resolve([normalize(base), ...parts.slice(i)].join("/"), depth + 1);
    }
    return path;
  };
  const find = <T>(path: string, use: (file: FakeFile) => Read<T>, folder: () => Read<T>): Read<T> => {
    const real = resolve(path);
    const file = files[real];
    if (file !== undefined && typeof file === "object" && "error" in file)
      return { ok: false, code: file.error };
    if (file !== undefined) return use(file);
    return isFolder(real) ? folder() : { ok: false, code: "ENOENT" };
  };
  const fail = (code: string) => (): { ok: false; code: string } => ({ ok: false, code });
  const toText = (file: FakeFile): Read<string> =>
    typeof file === "string" ? { ok: true, value: file } : { ok: false, code: "EINVAL" };
  return {
    root: "/fake",
    readText: (path) => find(path, toText, fail("EISDIR")),
    readBytes: (path, limit) =>
      find(
        path,
        (file) => {
          if (typeof file === "object" && "bytes" in file) {
            return { ok: true, value: Uint8Array.from(file.bytes).subarray(0, limit) };
          }
          const text = toText(file);
          return text.ok
            ? { ok: true, value: new TextEncoder().encode(text.value).subarray(0, limit) }
            : text;
        },
        fail("EISDIR"),
      ),
    list: (path) =>
      find<readonly string[]>(path, fail("ENOTDIR"), () => {
        const real = resolve(path);
        const below = names.filter((name) => name.startsWith(`${real}/`));
        return {
          ok: true,
          value: [...new Set(below.map((name) => name.slice(real.length + 1).split("/")[0] ?? ""))].sort(),
        };
      }),
    readLink: (path) => {
      const parent = path.slice(0, path.lastIndexOf("/"));
      const file = files[`${resolve(parent)}${path.slice(parent.length)}`];
      if (typeof file === "object" && "link" in file) return { ok: true, value: file.link };
      return { ok: false, code: file === undefined ? "ENOENT" : "EINVAL" };
    },
    stat: (path) =>
      find<FileStat>(
        path,
        (file) => {
          const gid = typeof file === "object" && "node" in file ? (file.gid ?? 0) : 0;
          const kind = typeof file === "object" && "node" in file ? "character" : "file";
          return { ok: true, value: { kind, mode: 0o644, uid: 0, gid, size: 0 } };
        },
        () => ({ ok: true, value: { kind: "directory", mode: 0o755, uid: 0, gid: 0, size: 0 } }),
      ),
    openReadWrite: (path) =>
      find(
        path,
        (file) =>
          typeof file === "object" && "node" in file && file.usable === true
            ? { ok: true, value: true }
            : { ok: false, code: "EACCES" },
        fail("EISDIR"),
      ),
  };
}

/** A folder under /sys/bus/pci/devices. */
export function fakePci(
  address: string,
  id: string,
  klass: string,
  more: Readonly<Record<string, FakeFile>> = {},
): Record<string, FakeFile> {
  const dir = `/sys/bus/pci/devices/${address}`;
  const files: Record<string, FakeFile> = {
    [`${dir}/vendor`]: `0x${id.slice(0, 4)}\n`,
    [`${dir}/device`]: `0x${id.slice(5)}\n`,
    [`${dir}/class`]: `0x${klass}\n`,
  };
  for (const [name, file] of Object.entries(more)) files[`${dir}/${name}`] = file;
  return files;
}

function normalize(path: string): string {
  const done: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") done.pop();
    else if (part !== "" && part !== ".") done.push(part);
  }
  return `/${done.join("/")}`;
}
