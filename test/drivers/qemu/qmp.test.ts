import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { monitorOf } from "../../../drivers/qemu/monitor.js";
import { ask } from "../../../drivers/qemu/qmp.js";
import { launched, removeAll } from "./support.js";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await removeAll();
});

test("a real QEMU answers, and says why it refuses", async () => {
  const { machine } = await launched();
  expect(await ask(monitorOf(machine), "query-name")).toEqual({ name: "vm" });
  await expect(ask(monitorOf(machine), "no-such-command")).rejects.toMatchObject({
    code: "failed",
    message: expect.stringMatching(/qemu refuses no-such-command: .*not been found/) as string,
  });
  await expect(ask(monitorOf(machine), "eject", { id: "nothing" })).rejects.toMatchObject({ code: "failed" });
});

test("several at once are answered one after another", async () => {
  const { machine } = await launched();
  const names = await Promise.all(Array.from({ length: 8 }, () => ask(monitorOf(machine), "query-name")));
  expect(names).toEqual(Array.from({ length: 8 }, () => ({ name: "vm" })));
});

test("nobody there is told apart from a refusal", async () => {
  const error = { code: "unreachable", message: expect.stringMatching(/does not answer quit: .*ENOENT/) as string };
  await expect(ask({ path: "/no/such/socket" }, "quit")).rejects.toMatchObject(error);
});

test.each([
  ["says nothing", [], /no answer/],
  ["is no QEMU", ["SSH-2.0-x\n"], /./],
  ["hangs up", ['{"QMP": {}}\n', null], /hung up|ECONNRESET/],
])("one who %s is given up", async (_, lines, why) => {
  const address = await serve(lines);
  await expect(ask(address, "quit", {}, 200)).rejects.toMatchObject({
    code: "unreachable",
    message: expect.stringMatching(why) as string,
  });
});

test("events, and messages in pieces, do not take the place of an answer", async () => {
  const address = await serve([
    '{"QMP": {}}\n{"event": "RESUME"}\n{"ret',
    'urn": {}}\n{"event": "STOP"}\n',
    '{"return": {"status": "grün"}}\n',
  ]);
  expect(await ask(address, "query-status")).toEqual({ status: "grün" });
});

/** A server that writes one of these at first, and one for each line that it gets; null hangs up. */
async function serve(lines: readonly (string | null)[]): Promise<{ readonly host: string; readonly port: number }> {
  const server = createServer((socket) => {
    const rest = [...lines];
    const answer = (): void => {
      const line = rest.shift();
      if (line === null) socket.destroy();
      else if (line !== undefined) socket.write(line);
    };
    socket.on("data", answer).on("error", () => undefined);
    answer();
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}
