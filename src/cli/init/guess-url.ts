// Who the runners are probably for: the owner of the repository that the fleet lies in. In: a folder. Out: the
// address of that owner, null where there is no remote on GitHub. A user and a password in it are dropped.

import { openHostTools } from "../../adapters/host-tools.ts";

export async function guessUrl(folder: string): Promise<string | null> {
  const tools = openHostTools(process.env);
  const answer = await tools.run("git", ["-C", folder, "remote", "get-url", "origin"], 3000);
  return answer.kind === "ran" && answer.exitCode === 0 ? readOwner(answer.stdout.trim()) : null;
}

/** Only hosts that are surely GitHub: a server of one's own could be anything. */
export function readOwner(remote: string): string | null {
  const match =
    /^(?:https:\/\/(?:[^/@\s]+@)?|ssh:\/\/(?:[^/@\s]+@)?|[^/@\s]+@)([A-Za-z0-9.-]+)(?::\d+)?[:/]+([A-Za-z0-9][A-Za-z0-9_-]*)\/[^/\s]+$/.exec(
      remote,
    );
  const [, host = "", owner = ""] = match ?? [];
  const name = host.toLowerCase().replace(/^ssh\./, "");
  if (name !== "github.com" && !name.endsWith(".ghe.com")) return null;
  return `https://${name}/${owner}`;
}
