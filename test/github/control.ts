// The door through which the lab drives the fake GitHub from outside: queue a job, read it, switch a
// fault, look at everything. In: state and a request below /_lab/. Out: what it asked for.

import type { Answer, Request } from "./request.ts";
import { runnerBody } from "./shapes.ts";
import type { FakeState, FaultKind } from "./state.ts";

export function answerControl(state: FakeState, request: Request, mistakes: readonly string[]): Answer {
  const on = `${request.method} ${request.path.slice("/_lab".length)}`;
  const body = request.body;
  switch (on) {
    case "POST /jobs":
      return { status: 200, body: state.addJob(body as never) };
    case "GET /jobs":
      return { status: 200, body: [...state.jobs.values()] };
    case "GET /state": {
      const scopes = Object.fromEntries(
        [...state.scopes].map(([path, scope]) => [
          path,
          [...scope.runners.values()].map((runner) => runnerBody(state, runner)),
        ]),
      );
      return {
        status: 200,
        body: { scopes, jobs: [...state.jobs.values()], requests: state.requests.length, mistakes },
      };
    }
    case "GET /requests":
      return { status: 200, body: state.requests };
    case "POST /faults":
      state.faults.push({
        kind: body.kind as FaultKind,
        match: new RegExp(String(body.match)),
        left: body.times === undefined ? Number.POSITIVE_INFINITY : Number(body.times),
        ...(body.detail === undefined ? {} : { detail: String(body.detail) }),
      });
      return { status: 204 };
    case "DELETE /faults":
      state.faults.length = 0;
      return { status: 204 };
    case "POST /set": {
      const { offset, liveness, busyLag, deprecated, groupLimit, shiftPages, downloads } = body;
      if (typeof offset === "number") state.offset = offset;
      if (typeof liveness === "number") state.liveness = liveness;
      if (typeof busyLag === "number") state.busyLag = busyLag;
      if (typeof groupLimit === "number") state.groupLimit = groupLimit;
      if (typeof shiftPages === "number") state.shiftPages = shiftPages;
      if (Array.isArray(deprecated)) for (const version of deprecated) state.deprecated.add(String(version));
      if (Array.isArray(downloads)) state.downloads = downloads as Record<string, unknown>[];
      return { status: 204 };
    }
    case "POST /expire-tokens":
      for (const [token, given] of state.tokens) state.tokens.set(token, { ...given, expiresAt: 0 });
      for (const credential of state.credentials.values())
        if (credential.kind === "installation") credential.expiresAt = 0;
      return { status: 204 };
    case "POST /delete-runner": {
      const scope = state.scope(String(body.scope));
      const runner = state.findRunner(scope.path, String(body.name));
      return { status: runner !== undefined && scope.runners.delete(runner.id) ? 204 : 404 };
    }
  }
  return { status: 404, body: { message: `no such control: ${on}` } };
}
