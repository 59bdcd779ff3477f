// GitHub's JSON for the things the fake knows. In: state records. Out: plain bodies, checked against
// GitHub's own OpenAPI by check-answer.ts.

import type {
  FakeApp,
  FakeGroup,
  FakeInstallation,
  FakeJob,
  FakeRunner,
  FakeScope,
  FakeState,
} from "./state.ts";

const READ_ONLY = new Set(["self-hosted", "linux", "x64", "arm64"]);

export function runnerBody(state: FakeState, runner: FakeRunner): Record<string, unknown> {
  return {
    id: runner.id,
    runner_group_id: runner.groupId,
    name: runner.name,
    os: runner.version === null ? "unknown" : "linux",
    status: state.online(runner) ? "online" : "offline",
    busy: state.busy(runner),
    ephemeral: runner.ephemeral,
    version: runner.version,
    labels: runner.labels.map((name, index) => ({
      id: index + 1,
      name,
      type: READ_ONLY.has(name.toLowerCase()) ? "read-only" : "custom",
    })),
  };
}

export function groupBody(base: string, scope: FakeScope, group: FakeGroup): Record<string, unknown> {
  return {
    id: group.id,
    name: group.name,
    visibility: "all",
    default: group.default,
    runners_url: `${base}/${scope.path}/actions/runner-groups/${group.id}/runners`,
    hosted_runners_url: `${base}/${scope.path}/actions/runner-groups/${group.id}/hosted-runners`,
    inherited: false,
    allows_public_repositories: group.publicRepositories,
    restricted_to_workflows: false,
    selected_workflows: [],
    workflow_restrictions_read_only: false,
  };
}

const SHA = "0".repeat(40);
const iso = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

export function jobBody(base: string, job: FakeJob): Record<string, unknown> {
  const repo = `${base}/repos/${job.repository}`;
  return {
    id: job.id,
    run_id: job.runId,
    run_url: `${repo}/actions/runs/${job.runId}`,
    run_attempt: 1,
    node_id: `job${job.id}`,
    head_sha: SHA,
    url: `${repo}/actions/jobs/${job.id}`,
    html_url: `${base}/${job.repository}/actions/runs/${job.runId}/job/${job.id}`,
    status: job.status,
    conclusion: job.conclusion,
    created_at: iso(job.createdAt),
    started_at: iso(job.startedAt ?? job.createdAt),
    completed_at: job.completedAt === null ? null : iso(job.completedAt),
    name: job.name,
    steps: [],
    check_run_url: `${repo}/check-runs/${job.id}`,
    labels: [...job.labels],
    runner_id: job.runnerId ?? 0,
    runner_name: job.runnerName ?? "",
    runner_group_id: job.runnerId === null ? 0 : 1,
    runner_group_name: job.runnerId === null ? "" : "Default",
    workflow_name: "ci",
    head_branch: "main",
  };
}

export function repositoryBody(
  base: string,
  fullName: string,
  given: { pushedAt: number; private: boolean },
): Record<string, unknown> {
  const [owner = "", name = ""] = fullName.split("/");
  return {
    ...links(`${base}/repos/${fullName}`, REPOSITORY_LINKS),
    ...minimalRepository(base, owner, name, given),
  };
}

const REPOSITORY_LINKS = [
  "archive_url assignees_url blobs_url branches_url collaborators_url comments_url commits_url compare_url",
  "contents_url contributors_url deployments_url downloads_url events_url forks_url git_commits_url git_refs_url",
  "git_tags_url hooks_url issue_comment_url issue_events_url issues_url keys_url labels_url languages_url",
  "merges_url milestones_url notifications_url pulls_url releases_url stargazers_url statuses_url",
  "subscribers_url subscription_url tags_url teams_url trees_url",
]
  .join(" ")
  .split(" ");

const OWNER_LINKS =
  "followers_url following_url gists_url starred_url subscriptions_url organizations_url repos_url events_url received_events_url".split(
    " ",
  );

function links(prefix: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `${prefix}/${name.replace(/_url$/, "")}`]));
}

export function accountBody(
  base: string,
  login: string,
  type: "Organization" | "User",
): Record<string, unknown> {
  return {
    login,
    id: 1,
    node_id: `owner-${login}`,
    avatar_url: `${base}/avatars/1`,
    gravatar_id: "",
    url: `${base}/users/${login}`,
    html_url: `${base}/${login}`,
    type,
    site_admin: false,
    ...links(`${base}/users/${login}`, OWNER_LINKS),
  };
}

const EPOCH = "2026-01-01T00:00:00Z";

export function userBody(base: string, login: string): Record<string, unknown> {
  const unset = {
    bio: null,
    blog: null,
    company: null,
    email: null,
    hireable: null,
    location: null,
    name: null,
  };
  const counts = { followers: 0, following: 0, public_gists: 0, public_repos: 0 };
  return { ...accountBody(base, login, "User"), ...unset, ...counts, created_at: EPOCH, updated_at: EPOCH };
}

export function permissionsOf(installation: FakeInstallation): Record<string, string> {
  const level = installation.write ? "write" : "read";
  return { actions: "read", administration: level, organization_self_hosted_runners: level };
}

export function appBody(base: string, app: FakeApp): Record<string, unknown> {
  return {
    id: app.id,
    client_id: app.clientId,
    node_id: `app${app.id}`,
    slug: "ci-fleet-app",
    name: "ci-fleet",
    owner: accountBody(base, "acme", "Organization"),
    description: null,
    external_url: base,
    html_url: `${base}/apps/ci-fleet-app`,
    created_at: EPOCH,
    updated_at: EPOCH,
    permissions: {},
    events: [],
  };
}

export function installationBody(
  base: string,
  app: FakeApp,
  id: number,
  installation: FakeInstallation,
): Record<string, unknown> {
  return {
    id,
    app_id: app.id,
    app_slug: "ci-fleet-app",
    client_id: app.clientId,
    target_id: 1,
    target_type: "Organization",
    single_file_name: null,
    repository_selection: "all",
    access_tokens_url: `${base}/app/installations/${id}/access_tokens`,
    html_url: `${base}/organizations/${installation.account}/settings/installations/${id}`,
    repositories_url: `${base}/installation/repositories`,
    events: [],
    account: accountBody(base, installation.account, "Organization"),
    permissions: permissionsOf(installation),
    created_at: EPOCH,
    updated_at: EPOCH,
    suspended_by: null,
    suspended_at: null,
  };
}

function minimalRepository(
  base: string,
  owner: string,
  name: string,
  given: { pushedAt: number; private: boolean },
): Record<string, unknown> {
  return {
    id: Math.abs([...`${owner}/${name}`].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) | 0, 7)),
    node_id: `repo-${owner}-${name}`,
    name,
    full_name: `${owner}/${name}`,
    private: given.private,
    html_url: `${base}/${owner}/${name}`,
    description: null,
    fork: false,
    url: `${base}/repos/${owner}/${name}`,
    owner: accountBody(base, owner, "Organization"),
    pushed_at: iso(given.pushedAt),
    updated_at: iso(given.pushedAt),
    created_at: iso(given.pushedAt),
    archived: false,
    disabled: false,
  };
}

export function runBody(base: string, jobs: readonly FakeJob[]): Record<string, unknown> {
  const job = jobs[0] as FakeJob;
  const repo = `${base}/repos/${job.repository}`;
  const [owner = "", name = ""] = job.repository.split("/");
  const status = jobs.some((each) => each.status === "in_progress")
    ? "in_progress"
    : jobs.every((each) => each.status === "completed")
      ? "completed"
      : jobs.every((each) => each.status === "waiting")
        ? "waiting"
        : "queued";
  const repository = {
    ...links(repo, REPOSITORY_LINKS),
    ...minimalRepository(base, owner, name, { pushedAt: job.createdAt, private: true }),
  };
  return {
    id: job.runId,
    name: "ci",
    node_id: `run${job.runId}`,
    head_branch: "main",
    head_sha: SHA,
    path: ".github/workflows/ci.yml",
    run_number: 1,
    run_attempt: 1,
    event: "push",
    display_title: "ci",
    status,
    conclusion: status === "completed" ? "success" : null,
    workflow_id: 1,
    url: `${repo}/actions/runs/${job.runId}`,
    html_url: `${base}/${job.repository}/actions/runs/${job.runId}`,
    pull_requests: [],
    created_at: iso(job.createdAt),
    updated_at: iso(job.createdAt),
    run_started_at: iso(job.createdAt),
    jobs_url: `${repo}/actions/runs/${job.runId}/jobs`,
    logs_url: `${repo}/actions/runs/${job.runId}/logs`,
    check_suite_url: `${repo}/check-suites/1`,
    artifacts_url: `${repo}/actions/runs/${job.runId}/artifacts`,
    cancel_url: `${repo}/actions/runs/${job.runId}/cancel`,
    rerun_url: `${repo}/actions/runs/${job.runId}/rerun`,
    workflow_url: `${repo}/actions/workflows/1`,
    head_commit: {
      id: SHA,
      tree_id: SHA,
      message: "change",
      timestamp: iso(job.createdAt),
      author: { name: "a", email: "a@example.com" },
      committer: { name: "a", email: "a@example.com" },
    },
    repository,
    head_repository: repository,
  };
}
