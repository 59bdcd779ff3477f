// Two or more whole generations of a small output folder. In: a name. Out: rendered files that differ from
// those of every other name, in text and partly in which files there are.

import type { RenderedFile } from "../../src/model/rendered-file.ts";

export function makeGeneration(name: string, hosts = 12): readonly RenderedFile[] {
  const files: RenderedFile[] = [];
  for (let host = 0; host < hosts; host++) {
    for (const file of [
      "compose.yaml",
      "runner/entrypoint.sh",
      "systemd/a.target",
      `systemd/only-${name}.timer`,
    ]) {
      const content = `${name} ${host} ${file}\n`.repeat(50);
      files.push({ path: `hosts/h${host}/${file}`, content, mode: file.endsWith(".sh") ? 0o755 : 0o644 });
    }
  }
  files.push({ path: `hosts/gone-${name}/compose.yaml`, content: name, mode: 0o644 });
  return files;
}
