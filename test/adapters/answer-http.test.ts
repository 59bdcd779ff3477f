// The daemon's server against clients that misbehave.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { describe, type HttpRequest, serveHttp } from "../../src/adapters/answer-http.ts";
import { WorldError } from "../../src/base/world-error.ts";

const PLACE = { address: "127.0.0.1", port: 0 };

async function serve(t: TestContext) {
  const requests: HttpRequest[] = [];
  const server = await serveHttp(PLACE, {
    maxBytes: 100,
    answer: (request) => {
      requests.push(request);
      if (request.path === "/throw") throw new Error("a fault");
      return { status: 200, type: "text/plain", text: `${request.method} ${request.body.length}` };
    },
  });
  t.after(() => server.close());
  return { requests, server, url: `http://127.0.0.1:${server.port}` };
}

/** Sends bytes as they are; what comes back until the end. */
function speak(port: number, text: string): Promise<string> {
  return new Promise((settle) => {
    let said = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
    });
    socket.on("error", () => undefined).on("close", () => settle(said));
  });
}

test("it hands over path, headers and body, and says nothing to HEAD but headers", async (t) => {
  const { requests, url } = await serve(t);
  const answer = await fetch(`${url}/metrics?x=1`, {
    method: "POST",
    body: "abc",
    headers: { "X-One": "1" },
  });
  assert.equal(await answer.text(), "POST 3");
  assert.deepEqual([requests[0]?.path, requests[0]?.header("x-one")], ["/metrics", "1"]);
  const head = await fetch(url, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
});

test("a body that is too long is not taken in, said to be or found to be", async (t) => {
  const { requests, url, server } = await serve(t);
  const said = await fetch(url, { method: "POST", body: "x".repeat(101) });
  assert.equal(said.status, 413);
  const chunk = `40\r\n${"x".repeat(64)}\r\n`;
  const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  await speak(server.port, `${head}${chunk.repeat(3)}`);
  assert.equal(requests.length, 0);
  assert.equal((await fetch(url, { method: "POST", body: "x".repeat(100) })).status, 200);
});

test("what is no HTTP ends its own connection, and a fault of the answer its own", async (t) => {
  const { url, server } = await serve(t);
  assert.match(await speak(server.port, "nonsense\r\n\r\n"), /^HTTP\/1\.1 400 /);
  assert.match(
    await speak(server.port, `GET / HTTP/1.1\r\nX: ${"y".repeat(20_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 /,
  );
  await assert.rejects(fetch(`${url}/throw`));
  assert.equal((await fetch(url)).status, 200);
});

test("a connection has one request: who sends a thousand and reads no answer fills no memory", async (t) => {
  const { requests, server } = await serve(t);
  const said = await speak(server.port, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000));
  assert.ok(requests.length <= 1, String(requests.length));
  assert.ok(said.split("HTTP/1.1 200").length <= 2, said);
  assert.match(await speak(server.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), /^connection: close\r\n/im);
});

test("a place that is taken is the world's fault", async (t) => {
  const { server } = await serve(t);
  const again = serveHttp({ ...PLACE, port: server.port }, { maxBytes: 1, answer: () => assert.fail() });
  await assert.rejects(again, (error) => {
    assert.ok(error instanceof WorldError);
    assert.match(error.message, /^cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/);
    return true;
  });
  assert.equal(describe({ address: "::1", port: 9639 }), "[::1]:9639");
});

test("it closes with connections open", async (t) => {
  const { server } = await serve(t);
  const waiting = speak(server.port, "GET / HTTP/1.1\r\n");
  await new Promise((settle) => setTimeout(settle, 50));
  await server.close();
  assert.equal(await waiting, "");
});
