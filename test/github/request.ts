// A request to the fake GitHub and its answer, as every part of it sees them, and the forms that all answers
// share: errors and pages. In: nothing. Out: types and two makers.

export interface Request {
  readonly method: string;
  /** Without `/api/v3`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Record<string, unknown>;
  /** Base URL that answers name in links. */
  readonly base: string;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** OpenAPI path template, for checking. */
  readonly route?: string;
}

export const error = (status: number, message: string, headers: Record<string, string> = {}): Answer => ({
  status,
  body: { message, documentation_url: "https://docs.github.com/rest", status: String(status) },
  headers,
});

export function paged<T>(
  request: Request,
  items: readonly T[],
): { rows: readonly T[]; headers: Record<string, string> } {
  const perPage = Math.min(100, Math.max(1, Number(request.query.get("per_page") ?? 30)));
  const page = Math.max(1, Number(request.query.get("page") ?? 1));
  const headers: Record<string, string> = {};
  if (page * perPage < items.length) {
    const next = new URLSearchParams(request.query);
    next.set("page", String(page + 1));
    headers.link = `<${request.base}${request.path}?${next}>; rel="next"`;
  }
  return { rows: items.slice((page - 1) * perPage, page * perPage), headers };
}
