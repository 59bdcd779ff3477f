// A company's proxy: the only way out, and it opens what is encrypted under an authority of its own. In: an address
// to listen on, where the opened connections end. Out: the proxy, and to which names it was asked to connect.

import { createServer } from "node:http";
import { connect, type Socket } from "node:net";

export interface ForwardProxy {
  readonly port: number;
  /** `github.com:443`, in the order in which they were asked for. */
  readonly asked: readonly string[];
  readonly close: () => Promise<void>;
}

export async function serveProxy(
  address: string,
  open: { readonly names: readonly string[]; readonly address: string; readonly port: number },
): Promise<ForwardProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((_, response) => response.writeHead(405).end("only CONNECT\n"));
  server.on("connect", (request, client: Socket, head: Buffer) => {
    const wanted = request.url ?? "";
    asked.push(wanted);
    if (!open.names.some((name) => wanted === `${name}:443`)) {
      client.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    const there = connect(open.port, open.address, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      there.write(head);
      client.pipe(there).pipe(client);
    });
    for (const socket of [client, there]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => {
        client.destroy();
        there.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return {
    port: (server.address() as { port: number }).port,
    asked,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
