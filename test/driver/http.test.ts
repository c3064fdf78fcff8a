import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { get } from "../../src/driver/index.js";
import { startProxy } from "../support/proxy.js";

const body = "x".repeat(70_000);
const length = `content-length: ${String(body.length)}\r\n`;
const head = (more: string): string => `HTTP/1.1 200 OK\r\n${more}\r\n`;

/** Answers each connection by hand; goes with the test. */
async function serve(answer: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      answer(socket);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function ask(port: number, env: NodeJS.ProcessEnv = {}, url = `http://127.0.0.1:${String(port)}/`) {
  const io = { env, signal: new AbortController().signal };
  const answer = await get({ url, headers: {}, isPinned: true, silence: 1_000 }, io);
  try {
    return { status: answer.status, length: (await buffer(answer.body)).length };
  } finally {
    answer.close();
  }
}

test.each<[how: string, answer: (socket: Socket) => void]>([
  ["ends with the answer", (socket) => socket.end(`${head(length)}${body}`)],
  ["is reset behind the answer", (socket) => socket.write(`${head(length)}${body}`, () => socket.resetAndDestroy())],
  ["stays open", (socket) => socket.write(`${head(length)}${body}`)],
  ["is to be closed", (socket) => socket.end(`${head(`${length}connection: close\r\n`)}${body}`)],
  ["has an answer without a length", (socket) => socket.end(`${head("")}${body}`)],
  [
    "has an answer in chunks",
    (socket) => socket.end(`${head("transfer-encoding: chunked\r\n")}11170\r\n${body}\r\n0\r\n\r\n`),
  ],
  ["has more behind the answer", (socket) => socket.end(`${head(length)}${body}HTTP/1.1 200 OK\r\n\r\n`)],
])("an answer is whole where the connection %s", async (_, answer) => {
  const port = await serve(answer);
  for (let times = 0; times < 5; times++) {
    const got = await ask(port).catch((error: unknown) => error);
    // Bytes that came before a reset are lost at times; the process goes on.
    if (got instanceof Error) expect(got.message).toMatch(/ECONNRESET|aborted/);
    else expect(got).toEqual({ status: 200, length: body.length });
  }
});

test.each<[how: string, answer: (socket: Socket) => void]>([
  ["ends in the middle", (socket) => socket.end(`${head(length)}half`)],
  ["is reset in the middle", (socket) => socket.write(`${head(length)}half`, () => socket.resetAndDestroy())],
  ["ends in the middle of a chunk", (socket) => socket.end(`${head("transfer-encoding: chunked\r\n")}ff\r\nhalf`)],
  ["ends in the middle of the head", (socket) => socket.end("HTTP/1.1 200 OK\r\nconte")],
  ["ends without an answer", (socket) => socket.end()],
  ["is reset without an answer", (socket) => socket.resetAndDestroy()],
  ["speaks something else", (socket) => socket.end("SSH-2.0-OpenSSH_10.0\r\n")],
  ["says nothing", () => undefined],
  ["falls silent in the middle", (socket) => socket.write(`${head(length)}half`)],
])("a connection that %s is an error that can be caught", async (_, answer) => {
  const port = await serve(answer);
  for (let times = 0; times < 3; times++) await expect(ask(port)).rejects.toThrow(/./);
});

test("a name that only the proxy knows is asked for by the proxy", async () => {
  const proxy = await startProxy(await serve((socket) => socket.end(`${head(length)}${body}`)));
  const got = await ask(0, { http_proxy: proxy.url }, "http://images.corp.example/disk.img");
  expect(got).toEqual({ status: 200, length: body.length });
  expect(proxy.asked).toEqual(["GET http://images.corp.example/disk.img"]);
});
