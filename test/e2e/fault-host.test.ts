import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { expectClearError, generic, stateOf } from "../support/fault.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import type { Program } from "../support/program.js";

describeOnHosts("an engine that runs stays as it is", (lab) => {
  let program: Program;
  let host: Host;
  beforeAll(async () => {
    program = await lab.installProgram();
    host = await lab.createHost({ image: "engine" });
  });

  const passwordFile = async (password: string): Promise<string[]> => {
    const file = join(program.home, "sudo-password");
    await writeFile(file, `${password}\n`);
    return ["--sudo-password-file", file];
  };

  test("when sudo's password is wrong or missing; provision with the right one completes the machine", async () => {
    const before = await stateOf(host);
    const wrong = ["create", ...generic(host, { user: "admin" }), ...(await passwordFile("wr0ng")), "web"];
    expectClearError(
      await program.machine(wrong),
      "Error running provisioning: web: sudo does not accept the password of admin\n",
      "hint: --sudo-password-file FILE gives another one\n",
      "machine provision web",
    );
    expect((await program.machine(["ls"])).stdout).toMatch(/^web .*not provisioned: machine provision web/m);
    expectClearError(
      await program.machine(["provision", "web"]),
      "web: sudo asks admin for a password, and none was given\n",
      "hint: --sudo-password-file FILE gives it, or allow sudo without one (NOPASSWD) on the host\n",
    );
    expect(await stateOf(host)).toEqual(before);
    const right = await program.machine(["provision", ...(await passwordFile("adminpw")), "web"]);
    expect(right).toMatchObject({ code: 0 });
    expect((await program.machine(["ls"])).stdout).toMatch(/^web .*v\d\S+ +$/m);
  });

  test("when its disk is full; regenerate-certs works once there is room", async () => {
    const password = await passwordFile("adminpw");
    const created = await program.machine(["create", ...generic(host, { user: "admin" }), ...password, "full"]);
    expect(created).toMatchObject({ code: 0 });
    const before = await stateOf(host);
    const renew = ["regenerate-certs", "-f", ...password, "full"];
    await host.exec(
      "mount -t tmpfs -o size=20k tmpfs /mnt && cp -a /etc/docker/. /mnt && mount --move /mnt /etc/docker",
    );
    const failed = await program.machine(renew);
    const left = await stateOf(host);
    const env = await program.machine(["env", "full"]);
    await host.exec("umount /etc/docker");
    expectClearError(
      failed,
      /^full: could not configure the engine: \/etc\/docker\/\S+ cannot be written\n {2}dd: .*No space left on device\n/m,
      "hint: the host's disk is full: `df -h` on the host shows where to make room\n",
    );
    expect(left).toEqual(before);
    expect(env).toMatchObject({ code: 0, stderr: "" });
    expect(await program.machine(renew)).toMatchObject({ code: 0 });
    expect(await program.machine(["env", "full"])).toMatchObject({ code: 0, stderr: "" });
  });
});
