// How much room a folder has. In: a path, which need not exist yet. Out: the space of the file system that it lies
// on, or will lie on.

import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { describeCause, errnoOf } from "../base/world-error.ts";
import { type DiskSpace, type Seen, seen, unseen } from "../model/host-observation.ts";

export type DiskReader = (path: string) => Seen<DiskSpace>;

export const readDisk: DiskReader = (path) => {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bavail, blocks, bsize, files, ffree } = statfsSync(at);
      return seen({
        path,
        freeBytes: bavail * bsize,
        totalBytes: blocks * bsize,
        // btrfs and ZFS make inodes as they are needed, and say 0.
        freeInodes: files === 0 ? null : ffree,
      });
    } catch (error) {
      const code = errnoOf(error);
      if (code === null) throw error;
      if ((code !== "ENOENT" && code !== "ENOTDIR") || at === dirname(at))
        return unseen(describeCause(error));
    }
  }
};
