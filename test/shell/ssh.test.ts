import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { explain } from "../../src/shell/ssh/failure.js";
import { connectTo, failure, freePort, listen, relayTo, startSshd, temporary, type Sshd } from "./sshd.js";

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd({ config: ["MaxSessions 10"] });
});
afterAll(() => sshd.stop());

test("resolves with the output and the exit status of a command", async () => {
  const shell = await connectTo(sshd);
  expect(await shell.exec("echo out; echo err >&2; exit 7")).toEqual({ stdout: "out\n", stderr: "err\n", code: 7 });
  expect(await shell.exec("true")).toEqual({ stdout: "", stderr: "", code: 0 });
});

test("tells the signal that ended a command as 128 and its number", async () => {
  const shell = await connectTo(sshd);
  expect((await shell.exec("kill -TERM $$")).code).toBe(143);
});

test("writes the input and ends it, byte by byte as given", async () => {
  const shell = await connectTo(sshd);
  const input = randomBytes(5_000_000);
  const { stdout } = await shell.exec("sha256sum", { input });
  expect(stdout.split(" ")[0]).toBe(createHash("sha256").update(input).digest("hex"));
  expect((await shell.exec("cat")).stdout).toBe("");
});

test("does not wait for a command that ends without reading its input", async () => {
  const shell = await connectTo(sshd);
  const { code } = await shell.exec("exit 3", { input: randomBytes(20_000_000) });
  expect(code).toBe(3);
});

test("gives whole lines of both streams, also when a letter is cut in two", async () => {
  const shell = await connectTo(sshd);
  const lines: string[] = [];
  const command = "printf 'gr\\303'; sleep 0.2; printf '\\274n\\r\\nlast'; sleep 0.2; printf 'warn\\n' >&2";
  const { stdout } = await shell.exec(command, { onLine: (line) => lines.push(line) });
  expect(stdout).toBe("grün\r\nlast");
  expect(lines.toSorted()).toEqual(["grün", "last", "warn"]);
});

test("brings a long output home whole", async () => {
  const shell = await connectTo(sshd);
  const { stdout } = await shell.exec("seq 1 500000");
  expect(stdout.length).toBe(3_388_895);
  expect(stdout.endsWith("499999\n500000\n")).toBe(true);
});

test("runs 20 commands over one connection, 5 at a time", async () => {
  const relay = await relayTo(sshd.port);
  const shell = await connectTo(sshd, { target: { port: relay.port } });
  const dir = await temporary();
  const command = (n: number): string =>
    `touch ${dir}/${String(n)}; ls ${dir} | wc -l; sleep 0.1; rm ${dir}/${String(n)}; echo ${String(n)}`;
  const results = await Promise.all(Array.from({ length: 20 }, (_, n) => shell.exec(command(n))));
  expect(results.map((result) => result.stdout.split("\n")[1])).toEqual(
    Array.from({ length: 20 }, (_, n) => String(n)),
  );
  const most = Math.max(...results.map((result) => Number(result.stdout.split("\n")[0])));
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(5);
  expect(relay.connections()).toBe(1);
});

test("runs commands that end at once, one after the other and together, on an sshd with its default of 10 sessions", async () => {
  const shell = await connectTo(sshd);
  const results = await Promise.all(Array.from({ length: 100 }, (_, n) => shell.exec(`echo ${String(n)}`)));
  expect(results.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 100 }, (_, n) => n));
});

test("gives a command up when its time is over, and does not show it", async () => {
  const shell = await connectTo(sshd);
  const error = await failure(shell.exec("sleep 30; : secret", { timeout: 500 }));
  expect(error).toMatchObject({ code: "unreachable" });
  expect(error.message).toBe("web-1: a command did not end within 0.5 s");
  expect((await shell.exec("echo still here")).stdout).toBe("still here\n");
});

test("stops waiting when it is interrupted", async () => {
  const abort = new AbortController();
  const shell = await connectTo(sshd, { options: { signal: abort.signal } });
  const running = Promise.all(Array.from({ length: 12 }, () => failure(shell.exec("echo on; sleep 30"))));
  await new Promise((resolve) => setTimeout(resolve, 100));
  abort.abort();
  expect((await running).map((error) => error.code)).toEqual(Array.from({ length: 12 }, () => "interrupted"));
  expect((await failure(shell.exec("true"))).code).toBe("interrupted");
});

test("stops connecting when it is interrupted", async () => {
  const server = createServer(() => undefined);
  const port = await listen(server);
  onTestFinished(() => void server.close());
  const abort = new AbortController();
  const connecting = failure(connectTo(sshd, { target: { port }, options: { signal: abort.signal } }));
  abort.abort();
  expect((await connecting).code).toBe("interrupted");
});

test("says that the connection was lost in the middle of a command", async () => {
  const relay = await relayTo(sshd.port);
  const shell = await connectTo(sshd, { target: { port: relay.port } });
  const running = failure(
    shell.exec("echo begun; sleep 30", {
      onLine: () => {
        relay.cut();
      },
    }),
  );
  expect(await running).toMatchObject({ code: "unreachable", output: "begun" });
  expect((await running).message).toMatch(/^web-1: the connection /);
  expect(shell.closed).toBe(true);
  expect((await failure(shell.exec("true"))).code).toBe("unreachable");
});

test("notices a host that stops answering", async () => {
  const relay = await relayTo(sshd.port);
  const shell = await connectTo(sshd, { target: { port: relay.port }, options: { keepalive: 50 } });
  relay.freeze();
  const error = await failure(shell.exec("true"));
  expect(error.code).toBe("unreachable");
  expect(error.message).toBe("web-1: the host stopped answering");
});

test("says that a session ended without an exit status", async () => {
  const shell = await connectTo(sshd);
  const error = await failure(shell.exec("kill -9 $PPID; sleep 5"));
  expect(error.code).toBe("unreachable");
});

test("knows a closed connection, and closing twice is fine", async () => {
  const shell = await connectTo(sshd);
  expect(shell.closed).toBe(false);
  await shell.close();
  expect(shell.closed).toBe(true);
  await shell.close();
  const error = await failure(shell.exec("true"));
  expect(error.message).toBe("web-1: the connection was closed");
});

test("connects to an IPv6 address, with or without brackets", async () => {
  for (const host of ["::1", "[::1]"]) {
    const shell = await connectTo(sshd, { target: { host } });
    expect((await shell.exec("echo six")).stdout).toBe("six\n");
  }
});

test("says that the port refuses", async () => {
  const port = await freePort();
  const error = await failure(connectTo(sshd, { target: { port } }));
  expect(error.code).toBe("unreachable");
  expect(error.message).toBe(`web-1: 127.0.0.1 port ${String(port)} refused the connection`);
  expect(error.hint).toContain("SSH server");
});

test("says that the name is unknown", async () => {
  const error = await failure(connectTo(sshd, { target: { host: "no-such-host.invalid" } }));
  expect(error.code).toBe("unreachable");
  expect(error.message).toContain("the name of no-such-host.invalid port");
});

test("says that a host accepts connections and says nothing", async () => {
  const server = createServer(() => undefined);
  const port = await listen(server);
  onTestFinished(() => void server.close());
  const error = await failure(connectTo(sshd, { target: { port }, options: { connectTimeout: 1_000 } }));
  expect(error.code).toBe("unreachable");
  expect(error.message).toBe(
    `web-1: 127.0.0.1 port ${String(port)} accepts connections but does not speak SSH (within 1 s)`,
  );
});

test("says that a host closes the connection at once, or speaks something else", async () => {
  for (const greeting of ["", "HTTP/1.1 400 Bad Request\r\n\r\n"]) {
    const server = createServer((socket) => {
      socket.on("error", () => undefined).end(greeting);
    });
    const port = await listen(server);
    onTestFinished(() => void server.close());
    const error = await failure(connectTo(sshd, { target: { port } }));
    expect(error.code).toBe("unreachable");
    expect(error.message).toContain(`web-1: 127.0.0.1 port ${String(port)}`);
  }
});

test("names the Local Network permission where macOS says that there is no route", () => {
  const attempt = { machine: "web-1", host: "h", user: "u", phase: "connect", tried: [], accepts: [] } as const;
  const error = Object.assign(new Error("connect EHOSTUNREACH"), { code: "EHOSTUNREACH", level: "client-socket" });
  expect(explain(attempt, error, "darwin").hint).toContain("Local Network");
  expect(explain(attempt, error, "linux").hint).not.toContain("Local Network");
});

test("writes no command, no data and no key into the debug log", async () => {
  const lines: string[] = [];
  const shell = await connectTo(sshd, { options: { debug: (line) => lines.push(line) } });
  await shell.exec("echo to-be-$(cat)", { input: "hidden-word" });
  const log = lines.join("\n");
  expect(log).toContain("Handshake completed");
  expect(log).not.toMatch(/hidden-word|to-be-/);
  expect(log).not.toContain((await readFile(join(sshd.dir, "id_ed25519"), "utf8")).split("\n")[2]);
});
