import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeAll, expect, test } from "vitest";
import { dropConnections } from "../support/fault.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import { cli, type Program } from "../support/program.js";

describeOnHosts("A tunnel", (lab) => {
  let program: Program;
  let host: Host;
  const open = new Map<ChildProcess, Promise<unknown>>();
  beforeAll(async () => {
    program = await lab.installProgram();
    host = await lab.createHost({ image: "engine" });
    const created = await program.machine([
      ...["create", "-d", "generic", "--generic-ip-address", host.address, "--generic-ssh-key", host.keyPath],
      ...["--docker-transport", "ssh", "web"],
    ]);
    if (created.code !== 0) throw new Error(created.stderr);
  });
  afterEach(async () => {
    for (const child of open.keys()) child.kill("SIGKILL");
    await Promise.all(open.values());
  });

  /** Starts one and waits until it says its DOCKER_HOST. */
  async function start(...args: readonly string[]) {
    const child = spawn(process.execPath, [cli, "tunnel", ...args, "web"], { env: program.env });
    const stderr: string[] = [];
    child.stderr.on("data", (part: Buffer) => stderr.push(part.toString()));
    const ended = once(child, "close").then(([code]) => {
      open.delete(child);
      return { code: code as number | null, stderr: stderr.join("") };
    });
    open.set(child, ended);
    const [url] = (await Promise.race([
      once(createInterface(child.stdout), "line"),
      ended.then(({ stderr: said }) => Promise.reject(new Error(said))),
    ])) as [string];
    return { url, child, ended };
  }

  const version = (url: string) => program.bash(`docker -H ${url} version --format '{{.Server.Os}}'`);
  const sockets = async () => (await readdir(join(program.store, "ssh"))).filter((name) => name.endsWith(".sock"));

  test("serves docker at a socket for the user alone, is the only one, and leaves nothing after Ctrl-C", async () => {
    const { url, child, ended } = await start();
    const path = join(program.store, "ssh", "web.sock");
    expect(url).toBe(`unix://${path}`);
    expect([(await stat(path)).mode & 0o777, (await stat(join(path, ".."))).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(await Promise.all(Array.from({ length: 10 }, () => version(url)))).toEqual(
      Array.from({ length: 10 }, () => ({ code: 0, stdout: "linux\n", stderr: "" })),
    );
    expect(await program.machine(["tunnel", "web"])).toMatchObject({ code: 1, stdout: "" });
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 0, stderr: expect.stringContaining("until Ctrl-C") as string });
    expect(await sockets()).toEqual([]);
  });

  test("carries both ways of a container's streams, and the end of its input", async () => {
    const { url, child, ended } = await start("--listen", "127.0.0.1:0");
    expect(url).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/);
    const loaded = await program.bash(`docker -H ${url} load -i ${lab.busyboxTar}`);
    expect(loaded).toMatchObject({ code: 0 });
    const ran = await program.bash(`printf 'one\\ntwo\\n' | docker -H ${url} run --rm -i --network none busybox wc -l`);
    expect(ran).toEqual({ code: 0, stdout: "2\n", stderr: "" });
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 0 });
  });

  test("takes the place of a killed one's socket, and ends with an error when the connection is lost", async () => {
    const killed = await start();
    killed.child.kill("SIGKILL");
    await killed.ended;
    expect(await sockets()).toEqual(["web.sock"]);
    const { url, ended } = await start();
    expect((await version(url)).stdout).toBe("linux\n");
    await dropConnections(host);
    expect(await ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("the tunnel to web has ended") as string,
    });
    expect(await sockets()).toEqual([]);
  });

  test("listens for no other computer", async () => {
    expect(await program.machine(["tunnel", "--listen", "0.0.0.0:2375", "web"])).toMatchObject({ code: 2, stdout: "" });
  });
});
