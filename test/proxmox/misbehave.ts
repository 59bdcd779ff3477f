// Each way in which a node, or what stands between, goes wrong. In: the fault, the connection. Out: trouble on the wire.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { FaultKind } from "./state.ts";

export interface Trouble {
  /** What a healthy node would have said. */
  readonly body: string;
  readonly detail: string | undefined;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

const JSON_TYPE = { "content-type": "application/json;charset=UTF-8" };

/** pve-http-server, AnyEvent.pm, `error`: a status line and nothing else. */
const bare =
  (status: number, words: string) =>
  ({ outgoing, detail }: Trouble): void => {
    outgoing.writeHead(status, detail ?? words, { "content-length": "0" });
    outgoing.end();
  };

const sentence =
  (status: number, words: string) =>
  ({ outgoing, detail }: Trouble): void => {
    const message = detail ?? words;
    outgoing.writeHead(status, message.split("\n")[0], JSON_TYPE);
    outgoing.end(JSON.stringify({ data: null, message: `${message}\n` }));
  };

const write =
  (text: string, type = "application/json;charset=UTF-8") =>
  ({ outgoing }: Trouble): void => {
    outgoing.writeHead(200, { "content-type": type });
    outgoing.end(text);
  };

const cut = ({ incoming }: Trouble): void => {
  incoming.socket.destroy();
};

export const TROUBLES: Readonly<Record<FaultKind, (trouble: Trouble) => void>> = {
  "401": bare(401, "invalid token value!"),
  "403": sentence(403, "Permission check failed (/vms/9101, VM.Audit)"),
  "500": sentence(500, "got no worker upid - start worker failed"),
  "501": sentence(501, "Method 'GET /nothing' not implemented"),
  "595": bare(595, "Connection refused"),
  "596": bare(596, "Broken pipe"),
  hang: () => undefined,
  "hang-body": ({ outgoing }) => {
    outgoing.writeHead(200, JSON_TYPE);
    outgoing.write("{");
  },
  reset: cut,
  short: ({ body, incoming, outgoing }) => {
    outgoing.writeHead(200, { ...JSON_TYPE, "content-length": String(Buffer.byteLength(body)) });
    outgoing.write(body.slice(0, Math.floor(body.length / 2)), () => incoming.socket.destroy());
  },
  empty: write(""),
  garbage: write('{"data": [{"vmid": 9101,'),
  "wrong-shape": write('{"data": [{"vmid": "many", "volid": 7, "status": "sleeping"}]}'),
  html: write("<html><body>Welcome</body></html>", "text/html"),
  redirect: ({ outgoing }) => {
    outgoing.writeHead(302, { location: "https://elsewhere.example/" });
    outgoing.end();
  },
  endless: ({ outgoing }) => {
    outgoing.writeHead(200, JSON_TYPE);
    const line = `"${"x".repeat(1024 * 1024)}",`;
    outgoing.write('{"data": [');
    const timer = setInterval(() => outgoing.write(line), 1);
    outgoing.on("close", () => clearInterval(timer));
  },
  echo: (trouble) => sentence(500, `echo ${trouble.incoming.headers.authorization}`)(trouble),
  "done-then-596": bare(596, "Broken pipe"),
  "done-then-reset": cut,
};
