// GitHub Apps: JWTs are judged as GitHub judges them, installations looked up, installation tokens given.
// In: state, a request. Out: an answer.

import { createVerify, randomBytes } from "node:crypto";
import { type Answer, error, type Request } from "./request.ts";
import { appBody, installationBody, permissionsOf } from "./shapes.ts";
import type { FakeApp, FakeState } from "./state.ts";

/** The app that signed the JWT, or the refusal that GitHub gives. */
function whichApp(state: FakeState, request: Request): FakeApp | Answer {
  const jwt = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
  const [head, payload, signature] = jwt.split(".");
  if (head === undefined || payload === undefined || signature === undefined)
    return error(401, "A JSON web token could not be decoded");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as {
    iss: string | number;
    iat: number;
    exp: number;
  };
  const app = state.apps.find(
    (each) => each.clientId === String(claims.iss) || String(each.id) === String(claims.iss),
  );
  if (app === undefined) return error(404, "Integration not found");
  const verified = createVerify("RSA-SHA256")
    .update(`${head}.${payload}`)
    .verify(app.publicKey, Buffer.from(signature, "base64url"));
  if (!verified) return error(401, "A JSON web token could not be decoded");
  const now = Math.floor(state.now() / 1000);
  if (claims.iat > now)
    return error(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  if (claims.exp <= now)
    return error(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  if (claims.exp > now + 600) return error(401, "'Expiration time' claim ('exp') is too far in the future");
  return app;
}

export function answerApp(state: FakeState, request: Request): Answer {
  const app = whichApp(state, request);
  if ("status" in app) return app;
  const lookup =
    /^\/(?:orgs\/([^/]+)|repos\/([^/]+)\/[^/]+|users\/([^/]+)|enterprises\/([^/]+))\/installation$/.exec(
      request.path,
    );
  if (lookup !== null) {
    const account = lookup[1] ?? lookup[2] ?? lookup[3] ?? lookup[4];
    const found = [...app.installations].find(([, each]) => each.account === account);
    if (found === undefined) return error(404, "Not Found");
    const route = request.path.startsWith("/orgs/")
      ? "/orgs/{org}/installation"
      : request.path.startsWith("/repos/")
        ? "/repos/{owner}/{repo}/installation"
        : "/users/{username}/installation";
    return { status: 200, body: installationBody(request.base, app, ...found), route };
  }
  if (request.path === "/app") return { status: 200, body: appBody(request.base, app), route: "/app" };
  const mint = /^\/app\/installations\/(\d+)\/access_tokens$/.exec(request.path);
  const installation = mint === null ? undefined : app.installations.get(Number(mint[1]));
  if (installation === undefined) return error(404, "Not Found");
  if (installation.suspended === true) return error(403, "This installation has been suspended");
  const token = `ghs_${app.id}_${randomBytes(300).toString("base64url")}`;
  state.secrets.add(token);
  const expiresAt = state.now() + 3_600_000;
  const scopes = [`${installation.account}/*`];
  state.credentials.set(token, {
    kind: "installation",
    scopes,
    write: installation.write,
    actionsRead: true,
    expiresAt: state.endOf("installation", expiresAt),
  });
  const permissions = permissionsOf(installation);
  return {
    status: 201,
    body: { token, expires_at: new Date(expiresAt).toISOString(), permissions, repository_selection: "all" },
    route: "/app/installations/{installation_id}/access_tokens",
  };
}
