import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { answerOf, answersOf, withHosts } from "../support/answers.js";
import { clientEnv } from "../support/engine.js";
import { generic } from "../support/fault.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import { cli, type Program } from "../support/program.js";

describeOnHosts("With --json, on a real host,", (lab) => {
  let program: Program;
  let host: Host;
  let created: Awaited<ReturnType<typeof answer>>;
  const env = { DOCKER_HOST: clientEnv(lab.engine).DOCKER_HOST };
  beforeAll(async () => {
    program = await lab.installProgram();
    host = await lab.createHost({ image: "engine" });
    created = await answer("create", [...generic(host), "web"]);
    const box = ["create", "-d", "container", "--container-image", "machine-test/engine", "box"];
    expect(await program.machine(box, { env })).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    expect(await program.machine(["rm", "-y", "box"], { env })).toMatchObject({ code: 0 });
  });

  /** The answer of a command that does well, and its events, each as its schema says. */
  async function answer(command: string, argv: readonly string[]) {
    const { code, stdout, stderr } = await program.machine([command, "--json", ...argv], { env });
    expect(code, stderr).toBe(0);
    return { answer: await answerOf(command, stdout), events: await answersOf("events", stderr) };
  }

  async function named(command: string, ...options: readonly string[]): Promise<void> {
    expect((await answer(command, [...options, "web"])).answer).toEqual([{ name: "web" }]);
  }

  /** @param first what brings the machine into the state that the verb ends, where it is not in that */
  async function power(verb: string, state: string, first: string): Promise<void> {
    await program.machine([first, "box"], { env });
    expect((await answer(verb, ["box"])).answer).toEqual([{ name: "box", state }]);
  }

  /** Each command that needs a host. */
  const commands: Readonly<Record<string, () => Promise<void>>> = {
    "install-plugin": async () => {
      expect((await answer("install-plugin", [])).answer).toMatchObject({ isInstalled: true });
      expect((await answer("install-plugin", ["--uninstall"])).answer).toMatchObject({ isInstalled: false });
    },
    kill: () => power("kill", "Stopped", "start"),
    provision: () => named("provision"),
    "regenerate-certs": () => named("regenerate-certs", "-f"),
    restart: () => power("restart", "Running", "kill"),
    start: () => power("start", "Running", "stop"),
    stop: () => power("stop", "Stopped", "start"),
    trust: async () => {
      const fingerprint = host.hostKeyFingerprint;
      expect((await answer("trust", ["web", fingerprint])).answer).toEqual({ name: "web", fingerprint });
    },
    tunnel: async () => {
      const tunnel = spawn(process.execPath, [cli, "tunnel", "--json", "web"], { env: program.env });
      const stdout: string[] = [];
      tunnel.stdout.on("data", (part: Buffer) => stdout.push(part.toString()));
      await once(tunnel.stdout, "data");
      tunnel.kill("SIGINT");
      await once(tunnel, "close");
      expect(await answerOf("tunnel", stdout.join(""))).toMatchObject({ name: "web" });
    },
    upgrade: () => named("upgrade"),
  };

  test("create answers with the machine, and tells each step", () => {
    expect(created.answer).toEqual({ name: "web", driver: "generic", url: `tcp://${host.address}:2376` });
    expect(created.events).toContainEqual(expect.objectContaining({ type: "done", machine: "web" }));
  });

  test.each(Object.entries(commands))("%s answers with what there is then", (_, answers) => answers());

  test("no command that needs a host is left out", () => {
    expect(Object.keys(commands)).toEqual(withHosts);
  });

  test("logs tells what was run on the host, and nothing secret", async () => {
    const { code, stdout, stderr } = await program.machine(["logs", "--json", "web"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const commands = (await answersOf("logs", stdout)) as { command: string; exitCode: number }[];
    for (const command of ["log in to the host", "find out how to become root", "read the host's facts"]) {
      expect(commands).toContainEqual(expect.objectContaining({ command, exitCode: 0 }));
    }
    expect(stdout).not.toContain("PRIVATE KEY");
    const { stdout: table } = await program.machine(["logs", "-n", "1", "web"]);
    expect(table).toMatch(/^BEGUN +TOOK +EXIT +COMMAND\n\S+Z +\d+\.\d s +0 +[a-z].*\n$/);
  });
});
