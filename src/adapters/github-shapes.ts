// GitHub's JSON as our records: the fields that are used are checked, everything else may come and go, and
// what older GitHub Enterprise Servers leave out is null. In: a parsed body. Out: the record, or null where it
// does not look like one. Shapes: GitHub's OpenAPI description, api.github.com and ghec.

import { asObject } from "../base/read-json.ts";
import { Secret } from "../base/secret.ts";
import type {
  Deprecation,
  JitRegistration,
  JobRecord,
  RepositoryRecord,
  RunnerDownload,
  RunnerGroup,
  RunnerRecord,
  RunnerToken,
} from "../model/github.ts";

/** Rows of one page; `total` as GitHub counts them, null where it does not. */
export interface Page<T> {
  readonly total: number | null;
  readonly rows: readonly T[];
}

export function readPage<T>(body: unknown, key: string, readRow: (row: unknown) => T | null): Page<T> | null {
  const fields = asObject(body);
  const list = fields?.[key];
  if (fields === null || !Array.isArray(list)) return null;
  const rows = readAll(list, readRow);
  return rows === null ? null : { total: asCount(fields.total_count), rows };
}

/** All or nothing: a list with a row that cannot be understood is no list. */
export function readAll<T>(body: unknown, readRow: (row: unknown) => T | null): readonly T[] | null {
  if (!Array.isArray(body)) return null;
  const rows: T[] = [];
  for (const each of body) {
    const row = readRow(each);
    if (row === null) return null;
    rows.push(row);
  }
  return rows;
}

export function readRunner(body: unknown): RunnerRecord | null {
  const fields = asObject(body);
  const id = asCount(fields?.id);
  const name = asText(fields?.name);
  const status = asText(fields?.status);
  const labels = readAll(fields?.labels, (label) => asText(asObject(label)?.name));
  const busy = fields?.busy;
  if (fields === null || id === null || name === null || status === null || labels === null) return null;
  if (typeof busy !== "boolean") return null;
  const { ephemeral } = fields;
  return {
    id,
    name,
    os: asText(fields.os) ?? "unknown",
    online: status !== "offline",
    busy,
    labels,
    ephemeral: typeof ephemeral === "boolean" ? ephemeral : null,
    version: asText(fields.version),
    groupId: asCount(fields.runner_group_id),
  };
}

export function readJit(body: unknown): JitRegistration | null {
  const fields = asObject(body);
  const runner = readRunner(fields?.runner);
  const encoded = asText(fields?.encoded_jit_config);
  if (runner === null || encoded === null || !/^[A-Za-z0-9+/=]+$/.test(encoded)) return null;
  return { runner, encodedConfig: new Secret(encoded) };
}

/** Registration, removal and installation tokens have the same two fields. They go into files as one line. */
export function readToken(body: unknown): RunnerToken | null {
  const fields = asObject(body);
  const token = asText(fields?.token);
  const expiresAt = asTime(fields?.expires_at);
  if (token === null || expiresAt === null || !/^[\x21-\x7e]+$/.test(token)) return null;
  return { token: new Secret(token), expiresAt };
}

export function readGroup(body: unknown): RunnerGroup | null {
  const fields = asObject(body);
  const id = asCount(fields?.id);
  const name = asText(fields?.name);
  if (fields === null || id === null || name === null) return null;
  return { id, name, publicRepositories: fields.allows_public_repositories === true };
}

export function readDownload(body: unknown): RunnerDownload | null {
  const fields = asObject(body);
  const os = asText(fields?.os);
  const architecture = asText(fields?.architecture);
  const url = asText(fields?.download_url);
  const filename = asText(fields?.filename);
  if (fields === null || os === null || architecture === null || url === null || filename === null)
    return null;
  if (!URL.canParse(url) || /[/\0]/.test(filename)) return null;
  const token = asText(fields.temp_download_token);
  const sha256 = asText(fields.sha256_checksum)?.toLowerCase() ?? null;
  return {
    os,
    architecture,
    url,
    filename,
    downloadToken: token === null ? null : new Secret(token),
    sha256: sha256 !== null && /^[0-9a-f]{64}$/.test(sha256) ? sha256 : null,
  };
}

export function readDeprecation(body: unknown): Deprecation | null {
  const fields = asObject(body);
  if (fields === null || asText(fields.runner_version) === null) return null;
  return {
    registrationEnds: asText(fields.registration_deprecates_at),
    jobsEnd: asText(fields.runtime_deprecates_at),
  };
}

/** null in place of a repository that is archived or disabled: nothing runs there. */
export function readRepository(body: unknown): { readonly repository: RepositoryRecord | null } | null {
  const fields = asObject(body);
  const name = asText(fields?.full_name);
  if (fields === null || name === null || !/^[\w.-]+\/[\w.-]+$/.test(name)) return null;
  if (fields.archived === true || fields.disabled === true) return { repository: null };
  const hidden = fields.private;
  const isPrivate = typeof hidden === "boolean" ? hidden : null;
  return { repository: { name, pushedAt: asTime(fields.pushed_at), private: isPrivate } };
}

export function readRunId(body: unknown): { readonly id: number } | null {
  const id = asCount(asObject(body)?.id);
  return id === null ? null : { id };
}

/** null in place of a job that is over or waits for an approval. */
export function readJob(
  repository: string,
): (body: unknown) => { readonly id: number; readonly job: JobRecord | null } | null {
  return (body) => {
    const fields = asObject(body);
    const id = asCount(fields?.id);
    const runId = asCount(fields?.run_id);
    const status = asText(fields?.status);
    // Written in a workflow, so any text: an odd one must not hide the jobs beside it.
    const labels = readAll(fields?.labels ?? [], (label) => (typeof label === "string" ? label : null));
    if (fields === null || id === null || runId === null || status === null || labels === null) return null;
    if (status !== "queued" && status !== "in_progress") return { id, job: null };
    const job: JobRecord = {
      id,
      runId,
      repository,
      name: asText(fields.name) ?? "",
      workflow: asText(fields.workflow_name),
      labels,
      status,
      // 0, "" and null all mean that nobody has it yet.
      runnerId: asCount(fields.runner_id) || null,
      runnerName: asText(fields.runner_name),
      groupId: asCount(fields.runner_group_id) || null,
      createdAt: asTime(fields.created_at),
      startedAt: asTime(fields.started_at),
    };
    return { id, job };
  };
}

/** Not empty. */
export function asText(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function asCount(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

export function asTime(value: unknown): number | null {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isFinite(time) ? time : null;
}
