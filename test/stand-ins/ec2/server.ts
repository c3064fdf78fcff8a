import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { failure, isFailure } from "./failure.js";
import { writeFailure } from "./xml.js";

/**
 * Serves XML on a free port of the loopback interface. `answer` gets the body and the id of the request; when it
 * resolves to undefined, the connection is cut; a Failure that it rejects with is answered as EC2 does.
 */
export async function serve(
  answer: (request: IncomingMessage, body: string, requestId: string) => Promise<string | undefined>,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    void (async () => {
      const requestId = randomUUID();
      const { status, text } = await responseTo(request, requestId, answer);
      if (text === undefined) {
        request.socket.destroy();
        return;
      }
      response.writeHead(status, { "content-type": "text/xml;charset=UTF-8", "x-amzn-requestid": requestId });
      response.end(text);
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function responseTo(
  request: IncomingMessage,
  requestId: string,
  answer: Parameters<typeof serve>[0],
): Promise<{ readonly status: number; readonly text: string | undefined }> {
  try {
    return { status: 200, text: await answer(request, await read(request), requestId) };
  } catch (error) {
    const known = isFailure(error) ? error : failure("InternalError", String(error));
    return { status: known.status, text: writeFailure(known, requestId) };
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
