import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { finish } from "../support/command.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import type { Program } from "../support/program.js";

describeOnHosts("two machines", (lab) => {
  let program: Program;
  let one: Host;
  let two: Host;
  beforeAll(async () => {
    program = await lab.installProgram();
    [one, two] = await Promise.all([
      lab.createHost({ image: "engine" }),
      lab.createHost({ image: "engine", port: 2222, reboots: true }),
    ]);
    for (const [name, host] of Object.entries({ one, two })) await create(name, host, "root");
  });

  async function create(name: string, host: Host, user: string, more: readonly string[] = []): Promise<void> {
    const created = await program.machine([
      ...["create", "-d", "generic", "--generic-ip-address", host.address, "--generic-ssh-port", String(host.port)],
      ...["--generic-ssh-user", user, "--generic-ssh-key", host.keyPath, ...more, name],
    ]);
    if (created.code !== 0) throw new Error(created.stderr);
  }

  async function installed(host: Host, name: string): Promise<void> {
    const { code, stderr } = await host.exec(`apt-get update && apt-get install -y --no-install-recommends ${name}`);
    if (code !== 0) throw new Error(stderr);
  }

  test("run a command with its stdin, stdout, stderr, exit status and quoting", async () => {
    const ran = await program.machine(["ssh", "one", "--", "cat; echo a  b >&2; exit", "7"], { input: "in\n" });
    expect(ran).toEqual({ code: 7, stdout: "in\n", stderr: "a b\n" });
    expect((await program.machine(["ssh", "one", "echo", "$HOME", "*.nothing"])).stdout).toBe("/root *.nothing\n");
  });

  test("take the options of the ssh program", async () => {
    expect(await program.machine(["ssh", "two", "-o", "SendEnv=X", "hostname"])).toEqual({
      code: 0,
      stdout: "two\n",
      stderr: "",
    });
  });

  test("copy files to, from and between each other, directories as well, at different ports", async () => {
    const tree = join(program.home, "a tree");
    await mkdir(join(tree, "deep"), { recursive: true });
    await writeFile(join(tree, "deep", "file"), "content\n");
    const copy = async (...args: string[]): Promise<void> => {
      const copied = await program.machine(["scp", "-q", ...args]);
      expect(copied).toEqual({ code: 0, stdout: "", stderr: "" });
    };
    await copy("-r", tree, "one:/tmp/tree");
    await copy("-r", "one:/tmp/tree", "two:/tmp/tree");
    await copy("two:/tmp/tree/deep/file", "localhost:" + join(program.home, "back"));
    expect(await readFile(join(program.home, "back"), "utf8")).toBe("content\n");
  });

  test("copy by rsync what differs, with its progress where quiet is not asked for", async () => {
    await installed(one, "rsync");
    const tree = join(program.home, "tree");
    await mkdir(tree);
    await writeFile(join(tree, "file"), "content\n");
    const env = { TMPDIR: join(program.home, "my temporary files") };
    await mkdir(env.TMPDIR);
    const copied = await program.machine(["scp", "-d", "-r", tree, "one:/tmp/synced"], { env });
    expect(copied).toMatchObject({ code: 0, stderr: "" });
    expect(copied.stdout).toMatch(/tree\/file\n.*100%/s);
    const back = await program.machine(["scp", "-d", "-q", "one:/tmp/synced/tree/file", join(program.home, "again")]);
    expect(back).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await readFile(join(program.home, "again"), "utf8")).toBe("content\n");
    const between = await program.machine(["scp", "-d", "one:/tmp/synced", "two:/tmp/synced"]);
    expect(between.code).not.toBe(0);
    expect(between.stderr).toContain("The source and destination cannot both be remote.");
  });

  test("show a folder of theirs here by mount, until mount -u", async () => {
    const folder = join(program.home, "mounted");
    await mkdir(folder);
    await two.exec("mkdir -p /srv/shared && echo there > /srv/shared/file");
    // sshfs goes on behind the scenes, and has the streams that it was started with.
    const mounted = await program.bash(`machine mount two:/srv/shared '${folder}' >/dev/null 2>&1`);
    expect(mounted.code).toBe(0);
    try {
      expect(await readFile(join(folder, "file"), "utf8")).toBe("there\n");
      await writeFile(join(folder, "answer"), "here\n");
      expect((await two.exec("cat /srv/shared/answer")).stdout).toBe("here\n");
    } finally {
      const unmounted = await program.machine(["mount", "-u", "two:/srv/shared", folder]);
      expect(unmounted).toEqual({ code: 0, stdout: "", stderr: "" });
    }
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    [["scp", "one:/etc/hostname", "."], "scp binary locally to use the scp feature"],
    [["scp", "-d", "one:/etc/hostname", "."], "rsync binary locally to use the --delta option"],
    [["mount", "one:/srv", "."], "sshfs binary locally to use the mount feature"],
    [["mount", "-u", "one:/srv", "."], "fusermount binary locally to use the unmount option"],
  ])("need this computer's own programs for %j", async (argv, message) => {
    expect(await program.machine(argv, { env: { PATH: "/nonexistent" } })).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining(`You must have a copy of the ${message}\n`) as string,
    });
  });

  test("answer in the order of their names, at once", async () => {
    const addresses = `${two.address}\n${one.address}\n`;
    expect((await program.machine(["ip", "two", "one"])).stdout).toBe(addresses);
    expect(await program.machine(["provision", "two", "one"])).toMatchObject({ code: 0 });
  });

  test("are reached through a jump host, each host's key pinned", async () => {
    const jump = `root@${one.address}:${String(one.port)}`;
    const hidden = await lab.createHost({ image: "engine" });
    const agent = await finish("ssh-agent", ["-s"]);
    const socket = /SSH_AUTH_SOCK=([^;]+)/.exec(agent.stdout)?.[1] ?? "";
    const pid = /SSH_AGENT_PID=(\d+)/.exec(agent.stdout)?.[1] ?? "";
    try {
      const env = { ...program.env, SSH_AUTH_SOCK: socket };
      await finish("ssh-add", ["-q", one.keyPath, hidden.keyPath], { env });
      const created = await program.machine(
        [
          ...["create", "-d", "generic", "--generic-ip-address", hidden.address, "--generic-ssh-user", "user"],
          ...["--generic-ssh-jump", jump, "hidden"],
        ],
        { env },
      );
      expect(created).toMatchObject({ code: 0 });
      const pinned = await readFile(join(program.store, "machines", "hidden", "known_hosts"), "utf8");
      expect(pinned.split("\n").map((line) => line.split(" ")[0])).toEqual(
        expect.arrayContaining(["hidden", one.address]),
      );
      expect((await program.machine(["status", "hidden"], { env })).stdout).toBe("Running\n");
      expect((await program.machine(["ssh", "hidden", "hostname"], { env })).stdout).toBe("hidden\n");
    } finally {
      process.kill(Number(pid));
    }
  });

  test("come up again after a restart, which waits for the new run of the system", async () => {
    const boot = async (): Promise<string> => (await two.exec("stat -c %Y /proc/1")).stdout;
    const before = await boot();
    const restarted = await program.machine(["restart", "two"]);
    expect(restarted).toMatchObject({ code: 0, stdout: 'Machine "two" was restarted.\n' });
    expect(await boot()).not.toBe(before);
    expect((await program.machine(["env", "two"])).code).toBe(0);
  });
});
