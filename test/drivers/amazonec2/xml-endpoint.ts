import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly form: URLSearchParams;
}

const servers: Server[] = [];

/** Ends all that {@link endpoint} began. */
export async function closeEndpoints(): Promise<void> {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
}

/** Answers one reply after the other, the last one for good; undefined hangs up. */
export async function endpoint(
  ...replies: readonly (readonly [status: number, body: string] | undefined)[]
): Promise<{ host: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const reply = replies[Math.min(asked.length, replies.length - 1)];
      asked.push({ headers: request.headers, form: new URLSearchParams(Buffer.concat(parts).toString()) });
      if (reply === undefined) request.socket.destroy();
      else response.writeHead(reply[0], { "content-type": "text/xml;charset=UTF-8" }).end(reply[1]);
    });
  });
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return { host: `127.0.0.1:${String((server.address() as AddressInfo).port)}`, asked };
}

/** The XML of a refusal. */
export function refused(code: string, message: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>r-2</RequestID></Response>`;
}
