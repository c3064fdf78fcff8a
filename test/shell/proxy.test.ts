import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isMachineError } from "../../src/driver/index.js";
import { opensshConfig } from "../../src/shell/openssh.js";
import { output } from "../support/command.js";
import { connectTo, failure, freePort, relayTo, startSshd, targetFor, temporary, type Sshd } from "./sshd.js";

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

/** Node as netcat. Its standard error tells its process id. */
function relayProgram(port: number): readonly string[] {
  const program = `
    process.stderr.write("relay " + process.pid + "\\n");
    const socket = require("node:net").connect(${String(port)}, "127.0.0.1");
    process.stdin.pipe(socket).pipe(process.stdout);
    socket.on("error", ({ message }) => { console.error(message); process.exit(7); });`;
  return [process.execPath, "-e", program];
}

/** The address is nobody's: only the program gets to the host. */
const nowhere = { host: "192.0.2.1", port: 22 };

test("connects by what a program reads and writes, and pins the machine's host key", async () => {
  const knownHosts = join(await temporary(), "known_hosts");
  const target = { ...nowhere, proxy: relayProgram(sshd.port) };
  const shell = await connectTo(sshd, { target, options: { knownHosts } });
  const megabytes = "x".repeat(3_000_000);
  expect((await shell.exec("cat", { input: megabytes })).stdout).toBe(megabytes);
  expect(await readFile(knownHosts, "utf8")).toMatch(/^web-1 ssh-ed25519 /);
  const other = await startSshd();
  try {
    const changed = { ...nowhere, keyPath: other.key, proxy: relayProgram(other.port) };
    expect((await failure(connectTo(other, { target: changed, options: { knownHosts } }))).code).toBe("untrusted");
  } finally {
    await other.stop();
  }
});

test("ssh -W can be the program", async () => {
  const known = join(await temporary(), "known");
  const options = [
    "-o",
    `UserKnownHostsFile=${known}`,
    "-o",
    "StrictHostKeyChecking=accept-new",
    "-o",
    "LogLevel=ERROR",
  ];
  const hop = ["-i", sshd.key, "-p", String(sshd.port), "127.0.0.1"];
  const proxy = ["ssh", "-F", "none", ...options, "-W", `127.0.0.1:${String(sshd.port)}`, ...hop];
  const shell = await connectTo(sshd, { target: { ...nowhere, proxy }, options: { env: process.env } });
  expect((await shell.exec("echo through")).stdout).toBe("through\n");
});

test("the program ends with the connection", async () => {
  const relay = await relayTo(sshd.port);
  const dir = await temporary();
  const inShell = `echo $$ > ${dir}/pid; exec "$@"`;
  const proxy = ["sh", "-c", inShell, "sh", ...relayProgram(relay.port)];
  const shell = await connectTo(sshd, { target: { ...nowhere, proxy } });
  const pid = Number(await readFile(join(dir, "pid"), "utf8"));
  expect(() => process.kill(pid, 0)).not.toThrow();
  await shell.close();
  await relay.idle();
  await expect.poll(() => isThere(pid)).toBe(false);
});

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("a program that fails is told of with what it wrote to stderr", async () => {
  const port = await freePort();
  const error = await failure(connectTo(sshd, { target: { ...nowhere, proxy: relayProgram(port) } }));
  expect(error.code).toBe("unreachable");
  expect(error.message).toContain(`${process.execPath} exited with status 7`);
  expect(error.output).toMatch(/^relay \d+\nconnect ECONNREFUSED /);
});

test("a program that says nothing is given up, and so is one that ends early", async () => {
  const silent = { ...nowhere, proxy: ["sh", "-c", "echo waiting for godot >&2; exec sleep 60"] };
  const late = await failure(connectTo(sshd, { target: silent, options: { connectTimeout: 500 } }));
  expect(late).toMatchObject({ code: "unreachable", output: "waiting for godot" });
  expect(late.message).toContain("192.0.2.1 port 22 does not answer");
  const brief = await failure(connectTo(sshd, { target: { ...nowhere, proxy: ["sh", "-c", "echo bye >&2"] } }));
  expect(brief).toMatchObject({ code: "unreachable", output: "bye" });
});

test("a program that is missing is not waited for", async () => {
  const error = await failure(connectTo(sshd, { target: { ...nowhere, proxy: ["no-such-program"] } }));
  expect(isMachineError(error)).toBe(true);
  expect(error).toMatchObject({ code: "failed", message: "no-such-program is not installed" });
});

test("a connection whose program dies is lost", async () => {
  const dir = await temporary();
  const proxy = ["sh", "-c", `echo $$ > ${dir}/pid; exec "$@"`, "sh", ...relayProgram(sshd.port)];
  const shell = await connectTo(sshd, { target: { ...nowhere, proxy } });
  const pid = Number(await readFile(join(dir, "pid"), "utf8"));
  const error = await failure(shell.exec("echo on; sleep 30", { onLine: () => process.kill(pid, "SIGKILL") }));
  expect(error.code).toBe("unreachable");
  expect(error.message).toContain("sh exited with status 137");
  expect(shell.closed).toBe(true);
});

test("scp goes by the program as well, whatever is in its arguments", async () => {
  const dir = join(await temporary(), `it's 100% "odd" $HOME`);
  await mkdir(dir);
  await copyFile(sshd.key, join(dir, "id"));
  const [node = "", ...args] = relayProgram(sshd.port).map((word) => word.replace(/\n */g, " "));
  await writeFile(join(dir, "file"), "hello");
  const proxy = ["sh", "-c", 'test -e "$1/file" && shift && exec "$@"', "sh", dir, node, ...args];
  const target = targetFor(sshd, { ...nowhere, keyPath: join(dir, "id"), proxy });
  const knownHosts = join(dir, "known_hosts");
  await connectTo(sshd, { target, options: { knownHosts } });
  const config = join(dir, "config");
  await writeFile(config, opensshConfig([{ name: "web-1", target, knownHosts }]));
  const away = await temporary();
  await output("scp", ["-F", config, "-q", join(dir, "file"), `web-1:${away}/copy`]);
  expect(await readFile(join(away, "copy"), "utf8")).toBe("hello");
  expect(await output("ssh", ["-F", config, "web-1", "echo through"])).toBe("through");
});
