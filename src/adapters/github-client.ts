// The registrations of one scope over GitHub's REST API. In: calls and the scope. Out: a RunnerScopeApi.
// Endpoints: GitHub's docs "REST API endpoints for self-hosted runners" and "… self-hosted runner groups".

import {
  type GitHubAnswer,
  type JitRequest,
  NO_META,
  type RunnerGroup,
  type RunnerList,
  type RunnerRecord,
  type RunnerScopeApi,
} from "../model/github.ts";
import { addMeta, type Call, type CallGitHub } from "./github-calls.ts";
import { PAGE_SIZE, type Rows, readPages } from "./github-pages.ts";
import type { RunnerScope } from "./github-scopes.ts";
import {
  readAll,
  readDeprecation,
  readDownload,
  readGroup,
  readJit,
  readPage,
  readRunner,
  readToken,
} from "./github-shapes.ts";

/** Names what a cache holds; the number grows when the record changes. */
const RUNNERS_SHAPE = "runners@1";

export function openRunnerScope(call: CallGitHub, scope: RunnerScope): RunnerScopeApi {
  const { prefix, parameters } = scope;
  const base = `${prefix}/actions/runners`;
  const get = <T>(route: string, rest: Partial<Call<T>> & Pick<Call<T>, "read">): Promise<GitHubAnswer<T>> =>
    call({
      method: "GET",
      route,
      on404: "refused",
      ...rest,
      parameters: { ...parameters, ...rest.parameters },
    });
  const post = <T>(route: string, read: (body: unknown) => T | null, fields: Call<T>["parameters"] = {}) =>
    call({ method: "POST", route, on404: "refused", read, parameters: { ...parameters, ...fields } });
  const page = (fields: Call<unknown>["parameters"]) =>
    get(base, {
      parameters: fields,
      shape: RUNNERS_SHAPE,
      read: (body) => readPage(body, "runners", readRunner),
    });
  const listRunners = async (): Promise<GitHubAnswer<RunnerList>> =>
    mapAnswer(await readPages((number) => page({ per_page: PAGE_SIZE, page: number })), asRunnerList);
  const one = (id: number) => ({
    route: `${base}/{runner_id}`,
    parameters: { ...parameters, runner_id: id },
  });
  /** Where GitHub says that a runner is gone, it must still let us look at the others. */
  const confirm = async <T>(answer: GitHubAnswer<T>): Promise<GitHubAnswer<T>> => {
    if (answer.kind !== "not-found") return answer;
    const seen = await page({ per_page: 1, page: 1 });
    const meta = addMeta(answer.meta, seen.meta);
    return seen.kind === "ok" ? { ...answer, meta } : { ...seen, meta };
  };

  return {
    url: scope.url,
    listRunners,
    getRunner: async (id) =>
      confirm(await call({ method: "GET", ...one(id), on404: "not-found", read: withId(id) })),
    findRunner: async (name) => findByName(name, await page({ name, per_page: PAGE_SIZE }), listRunners),
    deleteRunner: async (id) =>
      confirm(
        await call({ method: "DELETE", ...one(id), on404: "not-found", status204: true, read: () => null }),
      ),
    createJit: (request) => post(`${base}/generate-jitconfig`, readJit, writeJit(request)),
    createRegistrationToken: () => post(`${base}/registration-token`, readToken),
    createRemoveToken: () => post(`${base}/remove-token`, readToken),
    findGroup: (name) => findGroup(name, scope, get),
    listDownloads: () => get(`${base}/downloads`, { read: (body) => readAll(body, readDownload) }),
    getDeprecation: (version) =>
      get(`${base}/deprecations/{version}`, {
        parameters: { version },
        on404: "not-found",
        shape: "deprecation@1",
        read: readDeprecation,
      }),
  };
}

/** A proxy that mixes up answers must not tell about another runner. */
function withId(id: number): (body: unknown) => RunnerRecord | null {
  return (body) => {
    const runner = readRunner(body);
    return runner?.id === id ? runner : null;
  };
}

function asRunnerList({ rows, total, complete }: Rows<RunnerRecord>): RunnerList {
  return { runners: rows, total, complete };
}

function writeJit(request: JitRequest) {
  return {
    name: request.name,
    runner_group_id: request.groupId,
    labels: request.labels,
    work_folder: request.workFolder,
  };
}

/** Servers that do not know the `name` filter answer with everyone. */
async function findByName(
  name: string,
  answer: GitHubAnswer<{ readonly rows: readonly RunnerRecord[] }>,
  listAll: () => Promise<GitHubAnswer<RunnerList>>,
): Promise<GitHubAnswer<RunnerRecord | null>> {
  if (answer.kind !== "ok") return answer;
  const pick = (runners: readonly RunnerRecord[]) => runners.find((each) => each.name === name) ?? null;
  const found = pick(answer.value.rows);
  if (found !== null || answer.value.rows.length === 0) return { ...answer, value: found };
  const all = await listAll();
  return mapAnswer({ ...all, meta: addMeta(answer.meta, all.meta) }, ({ runners }) => pick(runners));
}

/** By its exact name, else by the same name in other letters when it is the only one. */
async function findGroup(
  name: string,
  scope: RunnerScope,
  get: <T>(route: string, rest: Partial<Call<T>> & Pick<Call<T>, "read">) => Promise<GitHubAnswer<T>>,
): Promise<GitHubAnswer<RunnerGroup | null>> {
  if (!scope.hasGroups) return { kind: "ok", value: null, fromCache: false, meta: NO_META };
  const answer = await readPages((page) =>
    get(`${scope.prefix}/actions/runner-groups`, {
      parameters: { per_page: PAGE_SIZE, page },
      shape: "groups@1",
      read: (body) => readPage(body, "runner_groups", readGroup),
    }),
  );
  return mapAnswer(answer, ({ rows }) => {
    const alike = rows.filter((group) => group.name.toLowerCase() === name.toLowerCase());
    return alike.find((group) => group.name === name) ?? (alike.length === 1 ? (alike[0] ?? null) : null);
  });
}

export function mapAnswer<A, B>(answer: GitHubAnswer<A>, map: (value: A) => B): GitHubAnswer<B> {
  return answer.kind === "ok" ? { ...answer, value: map(answer.value) } : answer;
}
