import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { access, readFile, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { build } from "esbuild";
import { finish } from "../support/command.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectTo, failure, relayTo, startSshd, targetFor, temporary, type Sshd } from "./sshd.js";

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

function streams(input = ""): { stdin: Readable; stdout: PassThrough; stderr: PassThrough } {
  return { stdin: Readable.from([Buffer.from(input)]), stdout: new PassThrough(), stderr: new PassThrough() };
}

/** A terminal of 100 columns and 30 rows that a person types into. */
function terminal(): {
  stdin: PassThrough & { isTTY: boolean; setRawMode(on: boolean): void };
  stdout: Writable & { columns: number; rows: number };
  stderr: PassThrough;
  modes: boolean[];
  screen(): string;
  shows(words: string): Promise<void>;
} {
  const modes: boolean[] = [];
  let screen = "";
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => void modes.push(on) });
  const writable = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      screen += chunk.toString();
      writable.emit("shown");
      done();
    },
  });
  const stdout = Object.assign(writable, { columns: 100, rows: 30 });
  const shows = async (words: string): Promise<void> => {
    while (!screen.includes(words)) await new Promise((resolve) => stdout.once("shown", resolve));
  };
  return { stdin, stdout, stderr: new PassThrough(), modes, screen: () => screen, shows };
}

test("joins a command with the streams and resolves with its exit status", async () => {
  const shell = await connectTo(sshd);
  const io = streams("typed\n");
  expect(await shell.attach("read word; echo got $word; echo oops >&2; exit 5", io)).toBe(5);
  io.stdout.end();
  io.stderr.end();
  expect(await text(io.stdout)).toBe("got typed\n");
  expect(await text(io.stderr)).toBe("oops\n");
});

test("tells the signal that ended the command as 128 and its number", async () => {
  const shell = await connectTo(sshd);
  expect(await shell.attach("kill -KILL $$", streams())).toBe(137);
});

test("runs the login shell where there is no command, and passes the end of the input on", async () => {
  const shell = await connectTo(sshd);
  const io = streams("echo $((6 * 7)); tty; exit 4\n");
  expect(await shell.attach(undefined, io)).toBe(4);
  io.stdout.end();
  expect(await text(io.stdout)).toBe("42\nnot a tty\n");
});

test("carries bytes as they are, in both directions, more than any buffer holds", async () => {
  const shell = await connectTo(sshd);
  const bytes = randomBytes(12_000_000);
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const reading = buffer(stdout);
  expect(await shell.attach("cat", { stdin: Readable.from([bytes]), stdout, stderr })).toBe(0);
  stdout.end();
  const hash = (data: Buffer): string => createHash("sha256").update(data).digest("hex");
  expect(hash(await reading)).toBe(hash(bytes));
});

test("holds the host back while nobody reads", async () => {
  const shell = await connectTo(sshd);
  const flag = join(await temporary(), "all-written");
  const io = streams();
  const attached = shell.attach(`head -c 20000000 /dev/zero; touch ${flag}`, io);
  await once(io.stdout, "readable");
  await shell.exec("sleep 0.5");
  await expect(access(flag)).rejects.toThrow("ENOENT");
  let size = 0;
  io.stdout.on("data", (chunk: Buffer) => (size += chunk.length));
  expect(await attached).toBe(0);
  expect(size).toBe(20_000_000);
});

test("ends quietly when the reader of the output goes away", async () => {
  const shell = await connectTo(sshd);
  const closed = new Writable({
    write: (_chunk, _encoding, done) => {
      done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    },
  });
  expect(await shell.attach("yes", { ...streams(), stdout: closed })).toBe(141);
  expect((await shell.exec("echo fine")).stdout).toBe("fine\n");
});

test("says when the output cannot be written", async () => {
  const shell = await connectTo(sshd);
  const full = new Writable({
    write: (_chunk, _encoding, done) => {
      done(Object.assign(new Error("no space left on device"), { code: "ENOSPC" }));
    },
  });
  const error = await failure(shell.attach("yes", { ...streams(), stdout: full }));
  expect(error.message).toBe("web-1: could not write the output: no space left on device");
});

test("a command that ends leaves the rest of the input alone", async () => {
  const shell = await connectTo(sshd);
  const stdin = new PassThrough();
  stdin.write("for you\n");
  expect(await shell.attach("read word", { ...streams(), stdin })).toBe(0);
  expect(stdin.isPaused()).toBe(true);
  stdin.write("for the next one\n");
  expect(String(stdin.read())).toBe("for the next one\n");
});

test("a terminal: raw while the session lasts, TERM, the size, and the size again when it changes", async () => {
  const shell = await connectTo(sshd, { options: { env: { TERM: "vt220" } } });
  const user = terminal();
  const attached = shell.attach(undefined, user);
  user.stdin.write("stty size; echo TERM=$TERM\n");
  await user.shows("30 100");
  await user.shows("TERM=vt220");
  expect(user.modes).toEqual([true]);
  Object.assign(user.stdout, { columns: 123, rows: 45 });
  user.stdout.emit("resize");
  user.stdin.write("sleep 0.2; stty size\n");
  await user.shows("45 123");
  user.stdin.write("exit 9\n");
  expect(await attached).toBe(9);
  expect(user.modes).toEqual([true, false]);
  expect(user.stdout.listenerCount("resize")).toBe(0);
});

test("in a real terminal a line feed stays one, and the terminal is as before in the end", async () => {
  const dir = await temporary();
  const program = `
    import { connectSsh } from ${JSON.stringify(resolve("src/shell/ssh.ts"))};
    const signal = new AbortController().signal;
    const target = ${JSON.stringify(targetFor(sshd))};
    const options = { machine: "web-1", knownHosts: "${dir}/known_hosts", env: {}, signal, notice: () => undefined };
    const shell = await connectSsh(target, options);
    process.exitCode = await shell.attach("stty -onlcr; printf 'a\\nb'; exit 5", process, { pty: true });
    await shell.close();
  `;
  const stdin = { contents: program, resolveDir: resolve("."), loader: "ts" } as const;
  const outfile = join(dir, "attach.mjs");
  await build({ stdin, bundle: true, platform: "node", format: "esm", outfile, external: ["ssh2"], logLevel: "error" });
  await symlink(resolve("node_modules"), join(dir, "node_modules"));
  const command = `stty -a > before; node attach.mjs; code=$?; stty -a > after; exit $code`;
  const { stdout, code } = await finish("script", ["-qec", `cd ${dir}; ${command}`, "/dev/null"], {
    input: new PassThrough(),
  });
  expect([stdout, code]).toEqual(["a\nb", 5]);
  expect(await readFile(join(dir, "after"), "utf8")).toBe(await readFile(join(dir, "before"), "utf8"));
});

test("Ctrl-C in a terminal reaches the host as a byte, and a signal comes back", async () => {
  const shell = await connectTo(sshd);
  const user = terminal();
  const attached = shell.attach("echo ready; exec sleep 30", user, { pty: true });
  await user.shows("ready");
  user.stdin.write("\x03");
  expect(await attached).toBe(130);
});

test("a command gets no terminal unless one is asked for", async () => {
  const shell = await connectTo(sshd);
  expect(await shell.attach("test -t 0", terminal())).toBe(1);
  expect(await shell.attach("test -t 0", streams(), { pty: true })).toBe(0);
});

test("gives the terminal back when the connection is lost", async () => {
  const relay = await relayTo(sshd.port);
  const shell = await connectTo(sshd, { target: { port: relay.port } });
  const user = terminal();
  const attached = failure(shell.attach("echo ready; sleep 30", user, { pty: true }));
  await user.shows("ready");
  relay.cut();
  expect((await attached).code).toBe("unreachable");
  expect(user.modes).toEqual([true, false]);
});

test("gives the terminal back when it is interrupted", async () => {
  const abort = new AbortController();
  const shell = await connectTo(sshd, { options: { signal: abort.signal } });
  const user = terminal();
  const attached = failure(shell.attach("echo ready; sleep 30", user, { pty: true }));
  await user.shows("ready");
  abort.abort();
  expect((await attached).code).toBe("interrupted");
  expect(user.modes).toEqual([true, false]);
  expect(user.stdin.isPaused()).toBe(true);
});
