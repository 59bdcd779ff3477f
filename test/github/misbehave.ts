// Each way in which GitHub, or what stands between, goes wrong: one entry for each row of the table of faults.
// In: the request, what the right body would have been, the connection. Out: trouble on the wire.

import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import type { Answer, Request } from "./request.ts";
import type { Fault, FaultKind } from "./state.ts";

export interface Trouble {
  readonly request: Request;
  readonly fault: Fault;
  /** What a healthy server would have said. */
  readonly body: string;
  readonly say: (answer: Answer) => void;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

type Headers = Readonly<Record<string, string>>;

const JSON_TYPE: Headers = { "content-type": "application/json" };
const documentation_url = "https://docs.github.com/rest";

const refuse =
  (status: number, message: string, headers: (detail: string | undefined) => Headers = () => ({})) =>
  ({ say, fault }: Trouble): void =>
    say({ status, body: { message, documentation_url }, headers: headers(fault.detail) });

const page =
  (status: number) =>
  ({ outgoing }: Trouble): void => {
    outgoing.writeHead(status, { "content-type": "text/html" });
    outgoing.end("<html><body>Unicorn!</body></html>");
  };

const write =
  (text: string) =>
  ({ outgoing }: Trouble): void => {
    outgoing.writeHead(200, JSON_TYPE);
    outgoing.end(text);
  };

const redirect =
  (status: number) =>
  ({ request, fault, outgoing }: Trouble): void => {
    outgoing.writeHead(status, { location: fault.detail ?? `${request.base}${request.path}` });
    outgoing.end();
  };

const cut = ({ incoming }: Trouble): void => {
  incoming.socket.destroy();
};

/** The other end sees the headers and a part of the body. */
function startAndCut({ body, incoming, outgoing }: Trouble, headers: Headers): void {
  outgoing.writeHead(200, { ...JSON_TYPE, ...headers });
  outgoing.write(body.slice(0, Math.floor(body.length / 2)), () => incoming.socket.destroy());
}

export const TROUBLES: Readonly<Record<FaultKind, (trouble: Trouble) => void>> = {
  "401": refuse(401, "Bad credentials"),
  "403": refuse(403, "Resource not accessible by integration", (detail) => ({
    "x-accepted-github-permissions": detail ?? "organization_self_hosted_runners=write",
  })),
  "403-scope": refuse(403, "Must have admin rights to Repository.", (detail) => ({
    "x-oauth-scopes": "repo:status",
    "x-accepted-oauth-scopes": detail ?? "admin:org",
  })),
  "403-html": page(403),
  "403-rate": refuse(403, "API rate limit exceeded for installation.", (detail) => ({
    "retry-after": detail ?? "60",
  })),
  "403-exhausted": refuse(403, "API rate limit exceeded for user ID 1.", (detail) => ({
    "x-ratelimit-remaining": "0",
    "x-ratelimit-reset": detail ?? "0",
  })),
  "404": refuse(404, "Not Found"),
  "404-html": page(404),
  "409": refuse(409, "Already exists - A runner with the name *** already exists."),
  "422": refuse(422, "Runner is currently running a job and cannot be deleted"),
  "429": refuse(429, "You have exceeded a secondary rate limit.", (detail) => ({
    "retry-after": detail ?? "60",
  })),
  "429-bare": refuse(429, "You have exceeded a secondary rate limit."),
  "500": refuse(500, "Server Error"),
  "502": refuse(502, "Server Error"),
  "503-html": page(503),
  hang: () => undefined,
  "hang-body": ({ outgoing }) => {
    outgoing.writeHead(200, JSON_TYPE);
    outgoing.write("{");
  },
  drip: ({ outgoing }) => {
    outgoing.writeHead(200, JSON_TYPE);
    const timer = setInterval(() => outgoing.write(" "), 100);
    outgoing.on("close", () => clearInterval(timer));
  },
  truncate: ({ body, outgoing }) => {
    const packed = gzipSync(Buffer.from(body));
    outgoing.writeHead(200, { ...JSON_TYPE, "content-encoding": "gzip" });
    outgoing.end(packed.subarray(0, Math.floor(packed.length / 2)));
  },
  short: (trouble) => startAndCut(trouble, { "content-length": String(trouble.body.length) }),
  "broken-chunk": (trouble) => startAndCut(trouble, {}),
  "empty-200": write(""),
  garbage: write('{"total_count": 1, "runners": [{"id": 1,'),
  "wrong-shape": write('{"total_count": "many", "runners": [{"login": "octocat"}]}'),
  html: page(200),
  echo: ({ say, request }) =>
    say({ status: 422, body: { message: `echo ${request.headers.authorization}`, documentation_url } }),
  reset: cut,
  redirect: redirect(301),
  "redirect-307": redirect(307),
  "done-then-502": refuse(502, "Server Error"),
  "done-then-reset": cut,
};

export function misbehave(trouble: Trouble): void {
  TROUBLES[trouble.fault.kind](trouble);
}
