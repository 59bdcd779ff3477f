// A registry of images on this machine, under a certificate of its own: manifests have digests, and are told to who
// first fetched the token that anyone gets. In: digests by tag. Out: its name, its certificate.

import { writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { makeFolder } from "../adapters/folder.ts";
import { makeCertificate } from "../github/make-certificate.ts";

export interface Registry {
  /** `localhost:41234` */
  readonly name: string;
  /** Of its certificate, in PEM. */
  readonly authority: string;
  readonly asked: string[];
}

export async function serveRegistry(
  t: TestContext,
  digests: Readonly<Record<string, string>>,
): Promise<Registry> {
  const { key, cert } = makeCertificate(["localhost"]);
  const asked: string[] = [];
  const server = createServer({ key, cert }, (request, response) => {
    asked.push(request.url ?? "");
    const { pathname } = new URL(request.url ?? "/", "https://localhost");
    if (pathname === "/token") return response.end(JSON.stringify({ token: "for-anyone" }));
    if (request.headers.authorization !== "Bearer for-anyone") {
      const realm = `https://${request.headers.host}/token`;
      response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}",service="registry"` });
      return response.end();
    }
    const digest = digests[pathname.replace(/^.*\/manifests\//, "")];
    response.writeHead(
      digest === undefined ? 404 : 200,
      digest === undefined ? {} : { "docker-content-digest": digest },
    );
    return response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const authority = join(makeFolder(t), "registry.pem");
  writeFileSync(authority, cert);
  return { name: `localhost:${(server.address() as AddressInfo).port}`, authority, asked };
}
