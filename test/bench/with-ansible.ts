// The same files by another tool, for scale. In: the binary. Out: rows; none where ansible-playbook is not installed.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { makeFleet } from "./make-fleet.ts";
import { type BenchRow, formatSeconds, runOnce } from "./measure.ts";

/** It takes a good part of a second for each file. */
const HOSTS = 3;

/** Signs that no rendered file has, for files are full of braces that Jinja would take for its own. */
const SIGNS = {
  variable_start_string: "<%%",
  variable_end_string: "%%>",
  block_start_string: "<%!",
  block_end_string: "!%>",
  comment_start_string: "<%#",
  comment_end_string: "#%>",
};

export async function benchAnsible(binary: string): Promise<BenchRow[]> {
  if (spawnSync("ansible-playbook", ["--version"]).status !== 0) return [];
  const fleet = makeFleet(HOSTS, 4);
  try {
    const rendered = join(fleet, "rendered");
    const first = await runOnce({ argv: [binary, "render"], cwd: fleet });
    writePlaybook(fleet, rendered);
    const playbook = { argv: ["ansible-playbook", "-i", "localhost,", "-c", "local", "play.json"] as const };
    const templated = await runOnce({ ...playbook, cwd: fleet });
    return [
      {
        name: `ci-fleet render, ${HOSTS} hosts`,
        value: formatSeconds(first.wallSeconds),
        ratio: 1,
        target: null,
      },
      {
        name: "ansible-playbook, the same files",
        value: formatSeconds(templated.wallSeconds),
        ratio: templated.wallSeconds / first.wallSeconds,
        cpuRatio: templated.cpuSeconds / first.cpuSeconds,
        target: null,
      },
    ];
  } finally {
    rmSync(fleet, { recursive: true, force: true });
  }
}

/** One task that templates every file below hosts/, with the host's name put in. A play in JSON is one in YAML. */
function writePlaybook(fleet: string, rendered: string): void {
  cpSync(rendered, join(fleet, "templates"), { recursive: true });
  const files = readdirSync(join(rendered, "hosts"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(rendered, join(entry.parentPath, entry.name)));
  const items = files.map((path) => {
    const host = path.split("/")[1] ?? "";
    const template = join(fleet, "templates", path);
    writeFileSync(template, readFileSync(template, "utf8").replaceAll(host, "<%% item.host %%>"));
    mkdirSync(dirname(join(fleet, "made", path)), { recursive: true });
    return { host, src: template, dest: join(fleet, "made", path) };
  });
  const task = {
    "ansible.builtin.template": { src: "{{ item.src }}", dest: "{{ item.dest }}", ...SIGNS },
    loop: items,
  };
  const play = [{ hosts: "all", gather_facts: false, tasks: [task] }];
  writeFileSync(join(fleet, "play.json"), JSON.stringify(play));
}
