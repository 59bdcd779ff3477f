// Puts what a fleet's repository says in force on a host, as a person does: `ci-fleet apply`. In: a host with a
// rendered fleet. Out: what it said.

import { REPOSITORY } from "./fleet.ts";
import type { Host } from "./host.ts";

export async function putInForce(host: Host, ...words: readonly string[]): Promise<string> {
  const said = await host.ask(["ci-fleet", "apply", "-C", REPOSITORY, ...words]);
  if (said.code === 0) return said.stdout + said.stderr;
  throw new Error(`ci-fleet apply: ${said.code}\n${said.stdout}${said.stderr}`);
}
