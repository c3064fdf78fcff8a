import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { generic } from "../support/fault.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import type { Program } from "../support/program.js";

describeOnHosts("a host that is set up in its owner's own way", (lab) => {
  let program: Program;
  let host: Host;
  beforeAll(async () => {
    program = await lab.installProgram();
    host = await lab.createHost({ image: "engine", sshdConfig: "MaxSessions 1" });
    // A window's title without an end of line, and an engine outside of PATH that is of no package.
    await host.exec("printf '%s\\n' 'printf \"\\033]0;web\\007\"' >/root/.bashrc");
    await host.exec(
      "mkdir -p /opt/engine/bin && mv /usr/sbin/dockerd /usr/bin/dockerd /opt/engine/bin/ 2>/dev/null; true",
    );
    const unit =
      "[Service]\\nEnvironment=PATH=/opt/engine/bin:/usr/sbin:/usr/bin:/sbin:/bin\\nExecStart=\\nExecStart=/opt/engine/bin/dockerd -H fd://\\n";
    await host.exec(
      `mkdir -p /etc/systemd/system/docker.service.d && printf '${unit}' >/etc/systemd/system/docker.service.d/05-own.conf`,
    );
    await host.exec("systemctl daemon-reload && systemctl restart docker");
  });

  test("keeps its engine, and becomes a machine by sessions one at a time, whatever its shell prints", async () => {
    expect(await host.exec("command -v dockerd || systemctl is-active docker")).toMatchObject({ stdout: "active\n" });
    const created = await program.machine(["create", ...generic(host), "web"]);
    expect(created).toMatchObject({ code: 0 });
    expect(created.stderr).not.toContain("install script");
    expect(await host.exec("ls /opt/engine/bin; command -v dockerd")).toMatchObject({ stdout: "dockerd\n" });
    expect((await program.machine(["ls"])).stdout).toMatch(/^web .* Running .*v\d/m);
    for (let times = 0; times < 3; times++) {
      expect(await program.machine(["provision", "web"])).toMatchObject({ code: 0 });
    }
  });

  test("has its change of transport asked for as the user's shell allows", async () => {
    expect(await program.machine(["provision", "--docker-transport", "ssh", "web"])).toMatchObject({ code: 0 });
    expect((await program.machine(["version", "web"])).stdout).toMatch(/^\d+\.\d+/);
  });

  test("gets files whose names begin with a dash", async () => {
    // What it prints would be taken for sftp's, by scp(1) as well.
    await host.exec("rm /root/.bashrc");
    const copied = join(program.home, "-name");
    await writeFile(copied, "hello\n");
    expect(await program.bash(`cd '${program.home}' && machine scp -- -name web:/tmp/`)).toMatchObject({ code: 0 });
    expect((await host.exec("cat /tmp/-name")).stdout).toBe("hello\n");
  });

  test("is refused where the user's known_hosts has another key, with what helps at a create", async () => {
    await program.bash("mkdir -p ~/.ssh");
    const other = "AAAAC3NzaC1lZDI1NTE5AAAAIJ0v0Kx3p2d0cVvQbq0r1vC1kq3h1y4bq3l1X6Xl3m0K";
    await writeFile(join(program.home, ".ssh", "known_hosts"), `${host.address} ssh-ed25519 ${other}\n`);
    const refused = await program.machine(["create", ...generic(host), "again"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`ssh-keygen -R ${host.address}`);
    expect(refused.stderr).not.toContain("machine trust");
  });
});
