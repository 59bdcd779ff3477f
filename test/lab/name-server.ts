// The lab's name server: the hosts' engines, and the containers in them, learn from it that github.com is the
// fake one. In: an address to listen on, names with their IPv4 addresses. Out: a server that knows only those.

import { createSocket, type Socket } from "node:dgram";

export interface NameServer {
  /** Changes at any time. */
  readonly names: Map<string, string>;
  readonly close: () => void;
}

const NAME_ERROR = 3;

export async function serveNames(address: string): Promise<NameServer> {
  const names = new Map<string, string>();
  const socket: Socket = createSocket("udp4");
  socket.on("message", (query, from) => {
    const reply = answerQuery(query, names);
    if (reply !== null) socket.send(reply, from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(53, address, resolve);
  });
  return { names, close: () => socket.close() };
}

/** RFC 1035, section 4: one question, answered with an A record, with none, or with "no such name". */
export function answerQuery(query: Buffer, names: ReadonlyMap<string, string>): Buffer | null {
  if (query.length < 17 || query.readUInt16BE(4) !== 1) return null;
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const question = query.subarray(12, at + 5);
  const address = names.get(labels.join(".").toLowerCase());
  const isA = query.readUInt16BE(at + 1) === 1;
  const head = Buffer.from(query.subarray(0, 12));
  // Response, authoritative, recursion as asked and available.
  head.writeUInt16BE((head.readUInt16BE(2) & 0x0100) | 0x8480 | (address === undefined ? NAME_ERROR : 0), 2);
  head.fill(0, 6);
  if (address === undefined || !isA) return Buffer.concat([head, question]);
  head.writeUInt16BE(1, 6);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...address.split(".").map(Number)]);
  return Buffer.concat([head, question, record]);
}
