import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { makeAuthority, makeServerCertificate } from "../../src/tls/certificate.js";
import { expectClearError, generic, start } from "../support/fault.js";
import type { Host } from "../support/host.js";
import type { InstallServer } from "../support/install-server.js";
import { describeOnHosts } from "../support/lab.js";
import type { Program } from "../support/program.js";

/** Asked before a package's service is started: waits there the first time, so that the installation is half done. */
const policy = `#!/bin/sh
[ ! -e /root/half-done ] || exit 0
touch /root/half-done
sync
sleep 600
`;

describeOnHosts("an engine that cannot be installed", (lab) => {
  let program: Program;
  let host: Host;
  let server: InstallServer;
  beforeAll(async () => {
    program = await lab.installProgram();
    host = await lab.createHost({ reboots: true });
    server = await lab.serveInstallScripts();
  });

  const list = async (): Promise<string> => (await program.machine(["ls"])).stdout;
  const expectUnfinished = async (name: string): Promise<void> => {
    expect(await list()).toMatch(new RegExp(`^${name} .*not provisioned: machine provision ${name}`, "m"));
  };

  test.each([
    ["404", "cannot be fetched (HTTP status 404)"],
    ["empty", "is empty"],
    ["exit1", "failed (exit status 1)"],
    ["hang", "cannot be fetched (the server did not answer in time)"],
  ])(
    "since the install script is wrong (%s) is told with the other ways, and its machine is kept",
    async (path, why) => {
      const url = `${server.url.replace("//", "//ann:pr0xy@")}/${path}`;
      const failed = await program.machine(["create", ...generic(host), "--engine-install-url", url, path]);
      expectClearError(
        failed,
        `Error creating machine: Error running provisioning: ${path}: could not install the engine: ` +
          `the install script ${server.url}/${path} ${why}\n`,
        /hint: --engine-install-url URL names another script, --engine-source distro takes .* package\n/,
        `machine provision ${path}`,
      );
      await expectUnfinished(path);
      const again = await program.machine(["provision", "--engine-install-url", `${server.url}/exit1`, path]);
      expectClearError(again, `${server.url}/exit1 failed`, "this distribution is not supported");
      expect(await program.machine(["rm", "-y", path])).toMatchObject({ code: 0 });
      expect((await host.exec("ls /etc/docker; command -v dockerd")).stdout).toBe("");
    },
  );

  test("since its script comes by https and leads on to http runs nothing of it", async () => {
    const now = Date.now();
    const ca = await makeAuthority({ user: "ann", now });
    const address = new URL(server.url).hostname;
    const own = await makeServerCertificate(ca, { user: "ann", machine: "web", names: [address], now });
    const misleading = createServer(own, (_, response) => {
      response.writeHead(302, { location: `${server.url}/install.sh` }).end();
    });
    misleading.listen(0, address);
    await once(misleading, "listening");
    onTestFinished(() => {
      misleading.close();
    });
    await host.exec("apt-get -qq update && apt-get -qq install -y curl ca-certificates");
    await host.exec("cat > /usr/local/share/ca-certificates/own.crt && update-ca-certificates", { input: ca.cert });
    const url = `https://${address}:${String((misleading.address() as AddressInfo).port)}/install.sh`;
    const before = server.requests.length;
    const failed = await program.machine(["create", ...generic(host), "--engine-install-url", url, "misled"]);
    expectClearError(failed, `the install script ${url} cannot be fetched (it leads on to an address without TLS`);
    expect(server.requests.length).toBe(before);
    expect(await program.machine(["rm", "-y", "misled"])).toMatchObject({ code: 0 });
  });

  test("since the host's disk is full is told so, and its machine is kept", async () => {
    await program.machine(["create", ...generic(host), "--engine-install-url", `${server.url}/404`, "full"]);
    await host.exec("mkdir -p /var/cache/apt/archives && mount -t tmpfs -o size=4m tmpfs /var/cache/apt/archives");
    const failed = await program.machine(["provision", "--engine-source", "distro", "full"]);
    await host.exec("umount /var/cache/apt/archives");
    expectClearError(
      failed,
      "full: could not install the engine: exit status 100\n",
      "enough free space in /var/cache/apt/archives/",
      "hint: the host's disk is full: `df -h` on the host shows where to make room\n",
    );
    await expectUnfinished("full");
  });

  test("since the power fails half way is completed by provision", async () => {
    await host.exec("cat >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d", { input: policy });
    const running = start(program, ["create", ...generic(host), "--engine-source", "distro", "web"]);
    await host.exec("timeout 120 sh -c 'until [ -e /root/half-done ]; do sleep 0.1; done'; reboot --force");
    expectClearError(await running.end, "web: could not install the engine: the connection was closed\n");
    await expectUnfinished("web");
    const resumed = await program.machine(["provision", "web"]);
    expect(resumed).toMatchObject({ code: 0 });
    expect(resumed.stderr).toContain("an earlier installation on the host was cut off: completing it");
    expect((await host.exec("dpkg --audit; systemctl is-active docker")).stdout).toBe("active\n");
    expect(await list()).toMatch(/^web .*v\d\S+ +$/m);
  });
});
