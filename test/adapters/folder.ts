// Folders for tests of the writer. In: a test. Out: an empty folder that goes when the test ends, and whole
// trees as plain data, so that a test compares everything and not only what it thought of.

import { spawnSync } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

export function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "ci-fleet-test-"));
  // What a test has killed may have children that write yet.
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}

/** A file system of 256 KiB, null where mounting is not ours to do. */
export function mountSmallDisk(t: TestContext): string | null {
  const disk = mkdtempSync(join(tmpdir(), "ci-fleet-test-"));
  t.after(() => {
    spawnSync("umount", [disk]);
    rmSync(disk, { recursive: true, force: true });
  });
  const mount = spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]);
  return mount.status === 0 ? disk : null;
}

/** Every path with mode and content: `"hosts/a/x": "0644 text"`, `"hosts/": "0755"`. */
export function readTree(root: string): Readonly<Record<string, string>> {
  const tree: Record<string, string> = {};
  const walk = (inner: string): void => {
    for (const name of readdirSync(join(root, inner)).sort()) {
      const path = inner === "" ? name : `${inner}/${name}`;
      const full = join(root, path);
      const stats = lstatSync(full);
      const mode = (stats.mode & 0o7777).toString(8).padStart(4, "0");
      if (stats.isDirectory()) {
        tree[`${path}/`] = mode;
        walk(path);
      } else if (stats.isFile()) tree[path] = `${mode} ${readFileSync(full, "utf8")}`;
      else if (stats.isSymbolicLink()) tree[path] = `link ${readlinkSync(full)}`;
      else tree[path] = "special";
    }
  };
  walk("");
  return tree;
}
