import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { freePort, sshResponds, isFree } from "../../src/driver/index.js";

async function listening(onConnection = (): string => ""): Promise<{ port: number; close: () => void }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined).write(onConnection());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

test("a port that somebody listens on is not free, and is so again afterwards", async () => {
  const { port, close } = await listening();
  expect(await isFree(port)).toBe(false);
  close();
  expect(await isFree(port)).toBe(true);
});

test("a free port is below those that Linux gives to outgoing connections, and none that is taken", async () => {
  const taken = new Set<number>();
  for (let count = 0; count < 50; count++) {
    const port = await freePort(taken);
    expect(port).toBeGreaterThan(1023);
    expect(port).toBeLessThan(32_768);
    expect(taken.has(port)).toBe(false);
    taken.add(port);
  }
});

test("a search where every port is taken ends with an error", async () => {
  const all = new Set(Array.from({ length: 65_536 }, (_, port) => port));
  await expect(freePort(all)).rejects.toMatchObject({ code: "failed" });
});

test("a server that greets is told from one that says nothing, one that hangs up, and nobody", async () => {
  const [sshd, closed] = [await listening(() => "SSH-2.0-x\r\n"), await listening()];
  closed.close();
  expect(await sshResponds(sshd.port)).toBe(true);
  expect(await sshResponds(closed.port)).toBe(false);
  const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  expect(await sshResponds((server.address() as AddressInfo).port)).toBe(false);
  server.close();
  sshd.close();
});
