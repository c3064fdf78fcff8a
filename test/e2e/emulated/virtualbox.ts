import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { VirtualBoxState } from "../../../drivers/virtualbox/state.js";
import { finish, type Finished } from "../../support/command.js";
import { createAsPlanned } from "../../support/create-as-planned.js";
import { describeOnHosts } from "../../support/lab.js";
import type { Program } from "../../support/program.js";
import { virtualBox, type VirtualBox } from "../../stand-ins/virtualbox/index.js";
import { vmImage } from "../../support/vm/image.js";

describeOnHosts("a virtual machine of VirtualBox", (lab) => {
  let vb: VirtualBox;
  let program: Program;
  let created: Finished;
  const machine = (...args: readonly string[]): Promise<Finished> => program.machine(args, { env: vb.env });
  const docker = (line: string): Promise<Finished> =>
    program.bash(`eval "$(machine env v1)" && docker ${line}`, { env: vb.env });
  const asks = async (...args: readonly string[]): Promise<string> =>
    (await finish(vb.path, args, { env: vb.env })).stdout;
  const saved = async (): Promise<VirtualBoxState> => {
    const text = await readFile(join(program.store, "machines", "v1", "config.json"), "utf8");
    return (JSON.parse(text) as { Driver: VirtualBoxState }).Driver;
  };

  beforeAll(async () => {
    vb = await virtualBox({ version: "7.2.4", guest: "qemu" });
    program = await lab.installProgram();
    const image = ["--virtualbox-image", await vmImage(), "--virtualbox-no-vtx-check"];
    const size = ["--virtualbox-disk-size", "6000", "--virtualbox-memory", "1024", "--virtualbox-cpu-count", "1"];
    const share = ["--virtualbox-share-folder", `${program.home}:home`];
    created = await createAsPlanned(machine, "-d", "virtualbox", ...image, ...size, ...share, "v1");
  });
  afterAll(async () => {
    await machine("rm", "-y", "-f", "v1");
    await vb.stop();
  });

  test("is created from a cloud image, with a host key that is known before the first contact", async () => {
    expect(created.stderr).toContain("the image's kernel has no vboxsf");
    const { SSHHostKey, IPAddress } = await saved();
    expect(IPAddress).toMatch(/^192\.168\.\d+\.\d+$/);
    const shown = await machine(
      "ssh",
      "v1",
      "--",
      "sudo ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub; df -m --output=size / | tail -1",
    );
    expect(shown.stdout).toContain(` ${SSHHostKey ?? "no key"} `.trim());
    expect(Number(shown.stdout.trim().split(/\s+/).at(-1))).toBeGreaterThan(5_000);
  });

  test("has no seed any more, and a console's log", async () => {
    const dir = join(program.store, "machines", "v1");
    expect(await readdir(dir)).not.toContain("seed.iso");
    expect(await asks("list", "dvds")).not.toContain("seed.iso");
    expect(await asks("showvminfo", "v1", "--machinereadable")).toMatch(/^"?VirtIO-1-0"?="emptydrive"$/m);
    expect(await readFile(join(dir, "console.log"), "utf8")).toMatch(/login:|cloud-init/i);
    expect((await machine("ssh", "v1", "--", "ls /etc/cloud/cloud-init.disabled")).code).toBe(0);
  });

  test("answers the docker client at its own address", async () => {
    expect((await machine("url", "v1")).stdout.trim()).toBe(`tcp://${(await saved()).IPAddress}:2376`);
    expect((await docker("info --format {{.Name}}")).stdout).toBe("v1\n");
  });

  test("is no leftover while the store knows it, and leaves nothing when it is removed", async () => {
    expect((await machine("gc", "-d", "virtualbox")).stdout).not.toContain("v1");
    expect(await machine("rm", "-y", "v1")).toMatchObject({ code: 0 });
    expect(await asks("list", "vms")).toBe("");
    expect(await asks("list", "hdds")).toBe("");
    expect(await readdir(join(program.store, "machines"))).toEqual([]);
    const running = await finish("sh", ["-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '"]);
    expect(running.stdout).not.toContain(join(program.store, "machines", "v1"));
  });
});
