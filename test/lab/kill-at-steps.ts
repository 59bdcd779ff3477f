// Kills a command at each of its steps, one after the other: at the first line that it was not killed at before, again
// and again, until it comes to its end. In: a host, a command that tells its steps, a line each. Out: those lines.

import type { Host } from "./host.ts";

const KILLED = "/run/killed-at";
const SAID = "/run/said";

/** What a step itself says is indented, and is no step. */
const KILL_AT_NEXT = `
rm -f ${SAID}; mkfifo ${SAID}
declare -A before; while IFS= read -r line; do before[$line]=yes; done <${KILLED}
"$@" >${SAID} 2>&1 & pid=$!
while IFS= read -r line; do
  [[ -z $line || $line == [[:space:]]* || $killed || \${before[$line]} ]] && continue
  kill -KILL $pid; killed=yes; printf '%s\\n' "$line" >>${KILLED}
done <${SAID}
wait $pid
`;

/** More than any command has steps. */
const MOST_KILLS = 150;

export async function killAtEachStep(host: Host, command: readonly string[]): Promise<readonly string[]> {
  await host.bash(`: >${KILLED}`);
  const lines = async () => (await host.bash(`cat ${KILLED}`)).split("\n").slice(0, -1);
  for (let kills = 0; kills < MOST_KILLS; kills += 1) {
    const { code } = await host.ask(["bash", "-c", KILL_AT_NEXT, "bash", ...command]);
    if (code === 0) return lines();
    if (code !== 137) throw new Error(`${command.join(" ")}: ${code} after ${(await lines()).join("; ")}`);
  }
  throw new Error(`${command.join(" ")} does not come to its end: ${(await lines()).join("; ")}`);
}
