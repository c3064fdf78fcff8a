import { createReadStream } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { finish } from "../support/command.js";
import { generic } from "../support/fault.js";
import { buildBookworm, type HostImage } from "../support/host-image.js";
import { describeOnHosts } from "../support/lab.js";
import { installProgram } from "../support/program.js";

/** Version of an engine, the host it runs on, and the install script that brings it. All other tests have the newest. */
const engines: readonly { readonly version: string; readonly image: HostImage; readonly script: string }[] = [
  { version: "28.5", image: "bare", script: "install.sh" },
  { version: "26.1", image: "bare", script: "distro.sh" },
  { version: "20.10", image: "bare-bookworm", script: "distro.sh" },
];

describeOnHosts("a bare host", (lab) => {
  let bookworm: Promise<void>;
  beforeAll(() => {
    // Meanwhile the engines that need it not are tested.
    bookworm = buildBookworm(lab.engine);
    bookworm.catch(() => undefined);
  });

  test.each(engines)(
    "becomes one with engine $version, by every option, new certificates and each transport",
    async ({ version, image, script }) => {
      if (image === "bare-bookworm") await bookworm;
      const program = await installProgram();
      const host = await lab.createHost({ image });
      const { url } = await lab.serveInstallScripts();
      /** Runs a line in which the docker CLI meets the machine. */
      const bash = async (line: string): Promise<string> => {
        const { code, stdout, stderr } = await program.bash(`eval "$(machine env web)" && ${line}`);
        expect({ code, stderr }, line).toEqual({ code: 0, stderr: "" });
        return stdout;
      };
      const machine = async (...args: readonly string[]): Promise<string> => {
        const { code, stdout, stderr } = await program.machine(args);
        expect({ code, stderr }, args.join(" ")).toMatchObject({ code: 0 });
        return stdout;
      };
      const state = async (): Promise<unknown> => [
        await host.files(),
        await host.exec("systemctl show -p MainPID,ExecMainStartTimestampMonotonic docker.service docker.socket"),
      ];

      await machine(
        ...["create", ...generic(host, { user: "user" }), "--engine-install-url", `${url}/${script}`],
        ...["--engine-label", "role=web", "--engine-insecure-registry", "registry.example:5000"],
        ...["--engine-registry-mirror", "https://mirror.example/", "--engine-storage-driver", "overlay2"],
        ...["--engine-opt", "log-opt=max-size=7m", "--engine-opt", "max-concurrent-downloads=5"],
        ...["--engine-env", "PLAIN=x y", "web"],
      );
      const says = (await host.exec("docker version --format '{{.Server.Version}}'")).stdout;
      expect(says).toMatch(new RegExp(`^${version}\\.`));
      expect(await machine("version", "web")).toBe(says);
      expect(await machine("ls", "-f", "{{.State}} {{.DockerVersion}}{{.Error}}")).toBe(`Running v${says}`);

      const info = async (format: string): Promise<unknown> =>
        JSON.parse(await bash(`docker info --format '{{json ${format}}}'`));
      expect(new Set((await info(".Labels")) as string[])).toEqual(new Set(["role=web", "provider=generic"]));
      expect(await info(".Driver")).toBe("overlay2");
      expect(await info(".RegistryConfig.Mirrors")).toEqual(["https://mirror.example/"]);
      expect(await info(".RegistryConfig.InsecureRegistryCIDRs")).toContain("127.0.0.0/8");
      expect(Object.keys((await info(".RegistryConfig.IndexConfigs")) as object)).toContain("registry.example:5000");
      expect((await host.exec("tr '\\0' '\\n' </proc/$(pidof dockerd)/environ")).stdout).toContain("\nPLAIN=x y\n");

      await host.exec("docker load", { input: createReadStream(lab.busyboxTar) });
      expect(
        await bash("docker run --name hi busybox echo hi && docker inspect -f '{{.HostConfig.LogConfig}}' hi"),
      ).toBe("hi\n{json-file map[max-size:7m]}\n");
      const published =
        "docker run --detach --stop-signal KILL --restart always --publish 80:80 busybox sh -c 'echo page >index.html; exec httpd -f'";
      await bash(published);
      const page = async () => (await finish("curl", ["-sS", `http://${host.address}`])).stdout;
      await expect.poll(page, { timeout: 30_000 }).toBe("page\n");

      const before = await state();
      await machine("provision", "web");
      expect(await state()).toEqual(before);

      const stranger = await finish("docker", ["-H", `tcp://${host.address}:2376`, "version"], { env: program.env });
      expect(stranger.stderr).toContain("HTTP request to an HTTPS server");
      const certificate = async (): Promise<string> => (await host.exec("cat /etc/docker/server.pem")).stdout;
      const old = await certificate();
      await machine("regenerate-certs", "-f", "--client-certs", "web");
      expect(await certificate()).not.toBe(old);
      await expect.poll(page, { timeout: 30_000 }).toBe("page\n");

      // The settings of a person, which stay; but for what the command line says.
      await host.exec("cat >/etc/docker/daemon.json", {
        input: JSON.stringify({ debug: true, hosts: ["fd://", "tcp://0.0.0.0:2375"], labels: ["role=db"] }),
      });
      await machine("provision", "web");
      expect(new Set((await info(".Labels")) as string[])).toEqual(new Set(["role=web", "provider=generic"]));
      expect(await info(".Debug")).toBe(true);
      expect((await host.exec("ss -Hltn 'sport = :2375'")).stdout).toBe("");

      await machine("rm", "-y", "web");
      const failed = await program.machine(["create", ...generic(host), "--engine-opt", "no-such-option=1", "web"]);
      expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining("flag: --no-such-option\n") as string });
      expect((await host.exec("systemctl is-active docker")).stdout).toBe("active\n");

      await machine("rm", "-y", "web");
      await machine("create", ...generic(host), "--docker-transport", "ssh", "web");
      expect((await host.exec("ss -Hltn 'sport = :2376'")).stdout).toBe("");
      expect(await machine("version", "web")).toBe(says);
      await machine("ssh-config", "--install");
      const config = join(program.store, "ssh_config");
      expect((await finish("ssh", ["-F", config, "web", "docker ps --quiet"], { env: program.env })).code).toBe(0);
      await finish("ssh", ["-F", config, "-O", "exit", "web"]);
      await program.remove();
    },
  );
});
