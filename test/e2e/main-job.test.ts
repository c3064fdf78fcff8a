import { createReadStream } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import { installProgram, type Program } from "../support/program.js";

describeOnHosts("a bare host", (lab) => {
  let program: Program;
  let host: Host;
  beforeAll(async () => {
    program = await installProgram();
    host = await lab.createHost();
  });
  afterAll(() => program.remove());

  test("becomes a Docker host by one command", async () => {
    const { url } = await lab.serveInstallScripts();
    const created = await program.machine([
      "create",
      ...["-d", "generic", "--generic-ip-address", host.address, "--generic-ssh-user", "user"],
      ...["--generic-ssh-key", host.keyPath, "--engine-install-url", `${url}/install.sh`, "web"],
    ]);
    expect(created.stderr).toContain(host.hostKeyFingerprint);
    expect(created).toMatchObject({ code: 0 });
    expect(created.stdout).toContain("Docker is up and running!");
  });

  test("runs a container for the docker CLI of an evaluated env", async () => {
    const loaded = await host.exec("docker load", { input: createReadStream(lab.busyboxTar) });
    expect(loaded.stderr).toBe("");
    const ran = await program.bash(`eval "$(machine env web)" && docker version && docker run --rm busybox echo hi`);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(/Server:[^]*\nhi\n$/);
  });
});
