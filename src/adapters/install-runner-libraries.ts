// Does this machine have the libraries that GitHub's runner is linked to? config.sh refuses without them, minutes
// later and in other words. In: the unpacked runner. Out: nothing, or a WorldError that names packages.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { WorldError } from "../base/world-error.ts";
import type { HostTools } from "../model/ports.ts";

/** The files that config.sh asks ldd about (actions/runner, src/Misc/layoutroot/config.sh). */
const LINKED = [
  "bin/libcoreclr.so",
  "bin/libSystem.Security.Cryptography.Native.OpenSsl.so",
  "bin/libSystem.IO.Compression.Native.so",
];
const TIMEOUT_MS = 20_000;

export async function checkLibraries(root: string, tools: HostTools): Promise<void> {
  const present = LINKED.filter((name) => existsSync(join(root, name)));
  const missing = new Set<string>();
  for (const name of present) {
    const answer = await tools.run("ldd", [join(root, name)], TIMEOUT_MS);
    // On a machine of another architecture ldd knows nothing of the file: config.sh will say it.
    if (answer.kind !== "ran" || answer.exitCode !== 0) continue;
    for (const [, library = ""] of answer.stdout.matchAll(/^\s*(\S+) => not found$/gm)) missing.add(library);
  }
  // .NET opens it by name at run time, so that ldd does not know it.
  if (present.length > 0 && !(await hasIcu(root, tools))) missing.add("libicu");
  if (missing.size === 0) return;
  const help = [
    "install them: `apt-get install libicu-dev zlib1g libssl3 libkrb5-3` (Debian, Ubuntu),",
    "`pacman -S icu zlib openssl krb5` (Arch)",
  ].join(" ");
  throw new WorldError(
    "use the runner here",
    `libraries are missing: ${[...missing].sort().join(", ")}`,
    help,
  );
}

async function hasIcu(root: string, tools: HostTools): Promise<boolean> {
  const own = join(root, "bin/libicuuc.so");
  if (existsSync(own)) return true;
  const answer = await tools.run("ldconfig", ["-p"], TIMEOUT_MS);
  // Nobody can say: the runner will.
  if (answer.kind !== "ran" || answer.exitCode !== 0) return true;
  return /^\s*libicuuc\.so/m.test(answer.stdout);
}
