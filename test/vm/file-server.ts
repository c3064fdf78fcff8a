import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** A file as a server has it; a test may change it between two requests. */
export interface Served {
  bytes: Buffer;
  /** Undefined: the server gives its answers no version. */
  etag: string | undefined;
  ranges: boolean;
  /** The server does not say how long its answer is. */
  chunked: boolean;
  /** After how many bytes the next answers end: the connection breaks, or is silent from then on. */
  cuts: { after: number; how: "break" | "silence" }[];
  /** Statuses of the next answers instead of the file. */
  statuses: number[];
}

export interface FileServer {
  readonly url: string;
  readonly file: Served;
  /** Path and headers of each request. */
  readonly requests: readonly { readonly path: string; readonly headers: IncomingMessage["headers"] }[];
}

/** Serves one file under every path, but for `/to/URL`, which redirects. Goes with the test. */
export async function startFileServer(bytes: Buffer, changes: Partial<Served> = {}): Promise<FileServer> {
  const file: Served = { ...{ bytes, etag: '"1"', ranges: true, chunked: false, cuts: [], statuses: [] }, ...changes };
  const requests: { path: string; headers: IncomingMessage["headers"] }[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    requests.push({ path, headers: request.headers });
    const target = /^\/to\/(.*)/.exec(path)?.[1];
    if (target === undefined) answer(file, request, response);
    else response.writeHead(302, { location: decodeURIComponent(target) }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, file, requests };
}

function answer(file: Served, { headers }: IncomingMessage, response: ServerResponse): void {
  const { bytes, etag, ranges, chunked } = file;
  const status = file.statuses.shift();
  if (status !== undefined) {
    response.writeHead(status).end("no\n");
    return;
  }
  if (etag !== undefined) response.setHeader("etag", etag);
  if (etag !== undefined && headers["if-none-match"] === etag) {
    response.writeHead(304).end();
    return;
  }
  const first = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
  const isPart = ranges && first > 0 && headers["if-range"] === etag;
  if (isPart && first >= bytes.length) {
    response.writeHead(416, { "content-range": `bytes */${String(bytes.length)}` }).end();
    return;
  }
  const body = isPart ? bytes.subarray(first) : bytes;
  if (!chunked) response.setHeader("content-length", body.length);
  const range = `bytes ${String(first)}-${String(bytes.length - 1)}/${String(bytes.length)}`;
  response.writeHead(isPart ? 206 : 200, isPart ? { "content-range": range } : {});
  const cut = file.cuts.shift();
  if (cut === undefined) response.end(body);
  else {
    response.write(body.subarray(0, cut.after), () => {
      if (cut.how === "break") setTimeout(() => response.destroy(), 50);
    });
  }
}
