// Decides which files `init` writes. In: where we are, the answers, what was detected. Out: staged files and what
// to say about them; nothing is written here.

import { dirname, join } from "node:path";
import { hasErrors } from "../../base/diagnostic.ts";
import { compareInventories, formatChange } from "../../hardware/compare-inventories.ts";
import { readInventory } from "../../hardware/read-inventory.ts";
import { writeInventory } from "../../hardware/write-inventory.ts";
import type { Detection } from "../../model/inventory.ts";
import { parseSpec } from "../../spec/parse-spec.ts";
import { SCHEMA_NAME, writeSchemaText } from "../keep-schema.ts";
import { inventoryPath } from "../load-fleet.ts";
import { addHost } from "./add-host.ts";
import type { InitAnswers } from "./answers.ts";
import { chooseSpec } from "./choose-spec.ts";
import { type StagedFile, stageFile } from "./stage-files.ts";

export interface InitRequest {
  readonly specPath: string;
  /** Text of the spec that is there; null: a new fleet. */
  readonly specText: string | null;
  readonly answers: InitAnswers;
  readonly detection: Detection;
  readonly refresh: boolean;
  readonly force: boolean;
}

export interface InitPlan {
  readonly files: readonly StagedFile[];
  /** What a person has to know or do, in whole lines. */
  readonly notes: readonly string[];
  /** What changed in the hardware since the inventory was written; null: there was none. */
  readonly changes: readonly string[] | null;
}

const GITIGNORE = `# Credentials are files on the hosts; one that was copied here by mistake stays out of git.
*.pem
/token
# Left by a ci-fleet that was killed; its next run takes them away.
.ci-fleet-*
`;

export function planInit(request: InitRequest): InitPlan {
  const { specPath, answers, detection, refresh, force } = request;
  const folder = dirname(specPath);
  const inventory = writeInventory(detection.inventory, answers.host, detection.sources);
  const staged = stageFile(inventoryPath(folder, answers.host), inventory, refresh || force);
  const changes = refresh ? describeChanges(staged, answers.host, detection) : [];
  const schema = stageFile(join(folder, SCHEMA_NAME), writeSchemaText(), true);
  if (request.specText === null) {
    const spec = stageFile(specPath, chooseSpec(answers, detection.inventory), force);
    const ignore = stageFile(join(folder, ".gitignore"), GITIGNORE, false);
    return { files: [spec, staged, schema, ignore], notes: [], changes };
  }
  const edit = editSpec(request.specText, answers);
  const spec = stageFile(specPath, edit.text, true);
  return { files: [spec, staged, schema], notes: edit.notes, changes };
}

function describeChanges(staged: StagedFile, host: string, { inventory }: Detection): InitPlan["changes"] {
  if (staged.before === null) return null;
  const old = readInventory(staged.before, host).value;
  if (old === null) return ["the old inventory could not be read"];
  return compareInventories(old, inventory).map(formatChange);
}

function editSpec(text: string, { host, pool }: InitAnswers): { text: string; notes: readonly string[] } {
  const { fleet } = parseSpec(text);
  const isKnown = fleet?.hosts.some(({ name }) => name === host) ?? false;
  if (isKnown) return { text, notes: [] };
  const edited = addHost(text, host, pool);
  if (edited !== null && !(fleet !== null && hasErrors(parseSpec(edited).diagnostics))) {
    const joined = fleet?.pools.some((one) => one.hosts === null || one.name === pool) ?? true;
    const note = `no pool takes ${host} yet: add it to the \`hosts\` of one`;
    return { text: edited, notes: joined ? [] : [note] };
  }
  return { text, notes: [`add \`${host}:\` under \`hosts\` in the spec: it could not be edited safely`] };
}
