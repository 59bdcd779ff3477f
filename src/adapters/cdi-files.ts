// The texts of the CDI specifications that engines read where they are not told of other folders. In: files. Out: texts
// by path; a file that is too large, or cannot be read, is left out.

import { CDI_FOLDERS } from "../model/cdi-drivers.ts";
import type { HostFiles } from "../model/ports.ts";

const MAX_BYTES = 1024 * 1024;
const MAX_FILES = 32;

export function readCdiFiles(files: HostFiles): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const folder of CDI_FOLDERS) {
    const names = files.list(folder);
    if (!names.ok) continue;
    for (const name of names.value.filter((each) => /\.(?:ya?ml|json)$/.test(each)).slice(0, MAX_FILES)) {
      const bytes = files.readBytes(`${folder}/${name}`, MAX_BYTES);
      if (bytes.ok) texts.set(`${folder}/${name}`, new TextDecoder("utf-8").decode(bytes.value));
    }
  }
  return texts;
}
