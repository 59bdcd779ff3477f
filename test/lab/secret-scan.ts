// Looks for secrets where a job, another user or a log reader could find them. In: a host, texts that are secret.
// Out: each find with its place, none when all is well.

import type { Host } from "./host.ts";

/** Places, each with a command that prints all of it; not every machine has an engine. NUL bytes become line ends. Containers come and go meanwhile. */
export const PLACES = {
  "docker inspect":
    "command -v docker >/dev/null || exit 0; all=$(docker ps -aq) && for each in $all; do docker inspect $each || true; done",
  "docker logs":
    "command -v docker >/dev/null || exit 0; all=$(docker ps -aq) && for each in $all; do docker logs $each 2>&1 || true; done",
  images:
    "command -v docker >/dev/null || exit 0; for each in $(docker images -q | sort -u); do docker image inspect $each; docker history --no-trunc $each; done",
  // `pid:name` first, so that a find says whose it is.
  "/proc/*/environ":
    "for p in /proc/[0-9]*; do echo \"== ${p#/proc/}:$(cat $p/comm)\"; tr '\\0' '\\n' <$p/environ; done 2>/dev/null; true",
  "/proc/*/cmdline":
    "for p in /proc/[0-9]*; do echo \"== ${p#/proc/}:$(cat $p/comm)\"; tr '\\0' '\\n' <$p/cmdline; done 2>/dev/null; true",
  "the journal": "journalctl --no-pager --all --output=export",
  "unit files":
    "cat $(find /etc/systemd /run/systemd/system /run/systemd/transient /home/*/.config/systemd -type f 2>/dev/null)",
  "installed configuration":
    "find /etc/ci-fleet/*/ /opt/ci-fleet -type f -size -1024k -exec grep -H '' {} + 2>/dev/null || true",
  // The runner's own identity is in state/, root/ and, with a JIT config, in the container's home: nowhere else.
  "work folders and caches":
    "find /var/lib/ci-fleet/*/*/work /var/lib/ci-fleet/*/*/cache /var/lib/ci-fleet/*/*/home /tmp /var/tmp -type f -size -4096k -exec grep -aH '' {} + 2>/dev/null || true",
  "records of ci-fleet":
    "find /var/lib/ci-fleet -maxdepth 3 -type f -size -4096k -exec grep -aH '' {} + 2>/dev/null || true",
  "data and logs of cloud-init":
    "find /var/lib/cloud /run/cloud-init /var/log/cloud-init* /usr/local/lib/ci-fleet -type f -exec grep -aH '' {} + 2>/dev/null || true",
} as const satisfies Readonly<Record<string, string>>;

export async function findSecrets(host: Host, secrets: Iterable<string>): Promise<readonly string[]> {
  const wanted = [...secrets].flatMap(spell);
  const found = await Promise.all(
    Object.entries(PLACES).map(async ([place, line]) => {
      const said = await host.ask(["bash", "-c", line]);
      if (said.code !== 0) throw new Error(`${host.name}: cannot look into ${place}: ${said.stderr}`);
      return searchText(`${host.name}, ${place}`, said.stdout, wanted);
    }),
  );
  return found.flat();
}

export function searchText(place: string, text: string, wanted: readonly string[]): readonly string[] {
  return wanted.flatMap((secret) => {
    const at = text.indexOf(secret);
    if (at < 0) return [];
    const head = text.lastIndexOf("\n== ", at);
    const process = head < 0 ? "" : ` (${text.slice(head + 4, text.indexOf("\n", head + 1))})`;
    const line = text.slice(text.lastIndexOf("\n", at) + 1, at).slice(-80);
    return [`${place}${process}: ${line}[${secret.slice(0, 6)}…]`];
  });
}

/** As itself, as base64 at the start of a text, and a piece of a long one, which may have been cut or folded. */
export function spell(secret: string): readonly string[] {
  const lines = secret.split("\n").filter((line) => line.length >= 16 && !line.startsWith("-----"));
  return lines.flatMap((line) => [
    line.slice(0, 60),
    // The last group depends on what follows.
    Buffer.from(line.slice(0, 45)).toString("base64").slice(0, -4),
  ]);
}
