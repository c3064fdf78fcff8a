import { once } from "node:events";
import type { RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, type Socket, createServer } from "node:net";

/** PEM texts of an engine: its authority, certificate and key. */
export interface ServerFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A port of 127.0.0.1 with real TLS behind which there is no engine, only its answers. */
export interface FakeEngine {
  readonly port: number;
  /** From now on it answers those who have a certificate of the authority; before, it hangs up on everybody. */
  readonly start: (files: ServerFiles) => void;
}

/** Like dockerd it answers TLS without a right certificate with a refusal, and plain HTTP with status 400. */
export async function listenAsEngine(): Promise<FakeEngine> {
  let take = (socket: Socket): unknown => socket.destroy();
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    take(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    start: (files) => {
      const secure = createTlsServer({ ...files, requestCert: true, rejectUnauthorized: true }, answer);
      take = (socket) =>
        socket.once("data", (first) => {
          if (first[0] !== tlsHandshake) {
            socket.end("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n");
            return;
          }
          socket.pause();
          socket.unshift(first);
          secure.emit("connection", socket);
        });
    },
  };
}

/** The type of the first record (RFC 8446, 5.1). */
const tlsHandshake = 22;

const answer: RequestListener = (request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://engine");
  if (pathname.endsWith("/version")) {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ Version: "28.3.2", ApiVersion: "1.51", MinAPIVersion: "1.24", Os: "linux" }));
  } else {
    response.writeHead(pathname.endsWith("/_ping") ? 200 : 404, { "api-version": "1.51", server: "Docker/28.3.2" });
    response.end("OK");
  }
};
