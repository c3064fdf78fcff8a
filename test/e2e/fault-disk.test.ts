import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { contentsOf } from "../commands/support.js";
import { type Finished, output } from "../support/command.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import type { Program } from "../support/program.js";

const page = 4096;

describeOnHosts("a store on a small disk", (lab) => {
  let program: Program;
  let host: Host;
  let disk: string;
  let store: string;
  beforeAll(async () => {
    [program, host] = await Promise.all([lab.installProgram(), lab.createHost({ image: "engine" })]);
    disk = join(program.home, "disk");
    store = join(disk, "store");
    await mkdir(disk);
    await output("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
    expect(await machine("create", ...generic("web"))).toMatchObject({ code: 0 });
  });
  afterAll(() => output("umount", [disk]));

  const machine = (...argv: readonly string[]): Promise<Finished> =>
    program.machine(argv, { env: { MACHINE_STORAGE_PATH: store } });
  const generic = (name: string): string[] => [
    ...["-d", "generic", "--generic-ip-address", host.address, "--generic-ssh-key", host.keyPath, name],
  ];

  /** Runs a command line while only so many pages of the disk are free. */
  async function withPagesFree(pages: number, argv: readonly string[]): Promise<Finished> {
    const ballast = join(disk, "ballast");
    const file = await open(ballast, "w");
    try {
      let size = 0;
      const fill = async (): Promise<void> => {
        for (;;) size += (await file.write(Buffer.alloc(page), 0, page, size)).bytesWritten;
      };
      await fill().catch((error: unknown) => {
        expect(error).toMatchObject({ code: "ENOSPC" });
      });
      await file.truncate(size - pages * page);
      return await machine(...argv);
    } finally {
      await file.close();
      await rm(ballast);
    }
  }

  /** Runs it with no page free, with one, and so on, until it succeeds; each failure before is looked at. */
  async function untilEnough(
    argv: readonly string[],
    failed: (ran: Finished, about: string) => Promise<void>,
  ): Promise<void> {
    for (let pages = 0; pages < 40; pages++) {
      const about = `${argv.join(" ")} with ${String(pages)} free pages`;
      const ran = await withPagesFree(pages, argv);
      if (ran.code === 0) {
        expect(pages, about).toBeGreaterThan(0);
        return;
      }
      expect(ran.code, about).toBe(1);
      expect(ran.stderr, about).toContain("ENOSPC: no space left on device");
      expect(ran.stderr, about).toContain("hint: make room on that disk");
      expect(ran.stderr, about).not.toMatch(/This is a bug|^ {4}at |PRIVATE KEY/m);
      await failed(ran, about);
    }
    expect.fail(`${argv.join(" ")} never succeeds`);
  }

  async function expectServing(name: string, about = name): Promise<void> {
    const line = `eval "$(machine env ${name})" && docker version --format "{{.Server.Os}}"`;
    const served = await program.bash(line, { env: { MACHINE_STORAGE_PATH: store } });
    expect(served, about).toMatchObject({ code: 0, stdout: "linux\n", stderr: "" });
  }

  test("that is full: a first create leaves nothing, however much fits, and succeeds with room", async () => {
    const empty = join(disk, "empty");
    const create = ["-s", empty, "create", "-d", "none", "--url", "tcp://127.0.0.1:1", "db"];
    await untilEnough(create, async (_, about) => {
      expect(await machine("-s", empty, "ls", "-q"), about).toMatchObject({ code: 0, stdout: "" });
      const left = await readdir(empty, { recursive: true }).catch(() => []);
      expect(
        left.filter(
          (path) => !/^(certs|machines|locks|locks\/machines)$|^certs\/(ca|ca-key|cert|key)\.pem$/.test(path),
        ),
        about,
      ).toEqual([]);
    });
    expect(await machine("-s", empty, "ls", "-q")).toMatchObject({ code: 0, stdout: "db\n" });
    const certs = join(empty, "certs");
    await output("openssl", ["verify", "-CAfile", join(certs, "ca.pem"), join(certs, "cert.pem")]);
  });

  test("that is full: a create is undone, or kept for provision where only the set-up failed", async () => {
    await untilEnough(["create", ...generic("db")], async ({ stderr }, about) => {
      await expectServing("web", about);
      const isKept = (await machine("ls", "-q")).stdout.includes("db\n");
      expect(stderr.includes("machine provision db"), about).toBe(isKept);
      expect(await readdir(join(store, "machines")), about).toEqual(isKept ? ["db", "web"] : ["web"]);
      if (!isKept) return;
      expect(await machine("provision", "db"), about).toMatchObject({ code: 0 });
      await expectServing("db", about);
      expect(await machine("rm", "-y", "db"), about).toMatchObject({ code: 0 });
    });
    await expectServing("db");
    expect(await machine("rm", "-y", "db")).toMatchObject({ code: 0 });
  });

  test("that is full: a machine is listed, used, provisioned and removed, which makes room", async () => {
    expect(await machine("create", ...generic("old"))).toMatchObject({ code: 0 });
    for (const argv of [["ls"], ["env", "web"], ["ssh", "web", "true"], ["provision", "web"], ["rm", "-y", "old"]]) {
      expect(await withPagesFree(0, argv), argv.join(" ")).toMatchObject({ code: 0 });
    }
    expect((await machine("ls", "-q", "--filter", "name=^(web|old)$")).stdout).toBe("web\n");
  });

  test("that is full: new certificates are not begun, or taken back, and the machine serves without more ado", async () => {
    await untilEnough(["regenerate-certs", "-f", "--client-certs", "web"], (_, about) => expectServing("web", about));
    await expectServing("web");
  });

  test("that is read-only: what only reads works, all else says why and changes nothing", async () => {
    await output("mount", ["-o", "remount,ro", disk]);
    try {
      for (const argv of [
        ["ls"],
        ["ssh", "web", "true"],
        ...["inspect", "ip", "url", "status", "env"].map((one) => [one, "web"]),
      ]) {
        expect(await machine(...argv), argv.join(" ")).toMatchObject({ code: 0, stderr: "" });
      }
      const before = await contentsOf(disk);
      for (const argv of [
        ["create", ...generic("other")],
        ["provision", "web"],
        ["regenerate-certs", "-f", "--client-certs", "web"],
        ["upgrade", "web"],
        ["restart", "web"],
        ["rm", "-y", "web"],
        ["-s", join(disk, "new"), "create", "-d", "none", "--url", "tcp://127.0.0.1:1", "db"],
      ]) {
        const refused = await machine(...argv);
        expect(refused.code, argv.join(" ")).toBe(1);
        expect(refused.stderr, argv.join(" ")).toContain("EROFS: read-only file system");
        expect(refused.stderr, argv.join(" ")).toContain("hint: make that disk writable, or use another store");
        expect(refused.stderr, argv.join(" ")).not.toMatch(/This is a bug|^ {4}at /m);
      }
      expect(await contentsOf(disk)).toEqual(before);
    } finally {
      await output("mount", ["-o", "remount,rw", disk]);
    }
    expect(await machine("provision", "web")).toMatchObject({ code: 0 });
    await expectServing("web");
  });
});
