import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { finish, output } from "../support/command.js";
import { generic } from "../support/fault.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import type { Program } from "../support/program.js";

describeOnHosts("the docker context of a machine", (lab) => {
  let program: Program;
  let host: Host;
  beforeAll(async () => {
    program = await lab.installProgram();
    host = await lab.createHost({ image: "engine" });
  });
  afterEach(() => program.bash("machine rm -y -f $(machine ls -q)"));

  /** The stock client, in the home of the program. */
  function docker(...args: readonly string[]): Promise<string> {
    return output("docker", args, { env: program.env });
  }

  /** Runs the program, which succeeds. */
  async function machine(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await program.machine(args);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return stdout;
  }

  const names = (): Promise<string> => docker("context", "ls", "--format", "{{.Name}}");
  /** Name of the computer that the client's engine is on: that of the machine. */
  const reached = (): Promise<string> => docker("info", "-f", "{{.Name}}");

  test("is all that the stock client needs, follows its certificates, and goes with it", async () => {
    const url = `tcp://${host.address}:2376`;
    await machine("create", ...generic(host), "web");
    expect(await docker("--context", "web", "version", "-f", "{{.Server.Os}}")).toBe("linux");
    expect(await docker("context", "ls", "--format", "{{.Name}} {{.DockerEndpoint}} {{.Current}}")).toContain(
      `web ${url} false`,
    );
    expect(await docker("context", "inspect", "-f", "{{.Endpoints.docker.Host}} {{.TLSMaterial}}", "web")).toBe(
      `${url} map[docker:[ca.pem cert.pem key.pem]]`,
    );

    await docker("context", "use", "web");
    expect(await reached()).toBe("web");
    expect(await machine("active")).toBe("web\n");
    expect(await machine("ls", "-f", "{{.Name}} {{.Active}}")).toBe("web *\n");

    await machine("regenerate-certs", "-f", "--client-certs", "web");
    expect(await reached()).toBe("web");

    await machine("rm", "-y", "web");
    expect(await docker("context", "show")).toBe("default");
    expect(await names()).toBe("default");
    expect((await finish("docker", ["ps"], { env: program.env })).stderr).not.toContain("context");
  });

  test("is not written with --no-context, by no command until one is asked for it", async () => {
    await machine("create", ...generic(host), "--no-context", "bare");
    await machine("provision", "bare");
    await machine("regenerate-certs", "-f", "bare");
    expect(await names()).toBe("default");
    await machine("use", "bare");
    expect(await reached()).toBe("bare");
  });

  test.each([
    ["is written", [], "default late"],
    ["is not written with --no-context", ["--no-context"], "default"],
  ])("%s by the provision that completes a create", async (_, option, expected) => {
    const failed = await program.machine(["create", ...generic(host, { user: "admin" }), ...option, "late"]);
    expect(failed.stderr).toContain("machine provision late");
    expect(await names()).toBe("default");
    const password = join(program.home, "password");
    await writeFile(password, "adminpw\n");
    await machine("provision", "--sudo-password-file", password, "late");
    expect((await names()).replaceAll("\n", " ")).toBe(expected);
  });
});
