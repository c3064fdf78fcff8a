import { spawn } from "node:child_process";
import { once } from "node:events";
import { beforeAll, expect, test } from "vitest";
import { answerOf, answersOf, withHosts } from "../support/answers.js";
import type { Host } from "../support/host.js";
import { clientEnv } from "../support/engine.js";
import { describeOnHosts } from "../support/lab.js";
import { cli, type Program } from "../support/program.js";

describeOnHosts("With --json, on a real host,", (lab) => {
  let program: Program;
  let host: Host;
  const answered = new Set<string>();
  beforeAll(async () => {
    program = await lab.installProgram();
    host = await lab.createHost({ image: "engine" });
  });

  /** The answer of a command that does well, and its events, each as its schema says. */
  async function answer(command: string, argv: readonly string[], env = {}) {
    const { code, stdout, stderr } = await program.machine([command, "--json", ...argv], { env });
    expect(code, stderr).toBe(0);
    answered.add(command);
    return { answer: await answerOf(command, stdout), events: await answersOf("events", stderr) };
  }

  const generic = (): string[] => [
    ...["-d", "generic", "--generic-ip-address", host.address, "--generic-ssh-key", host.keyPath],
  ];

  test("create answers with the machine, and tells each step", async () => {
    const made = await answer("create", [...generic(), "web"]);
    expect(made.answer).toEqual({ name: "web", driver: "generic", url: `tcp://${host.address}:2376` });
    expect(made.events).toContainEqual(expect.objectContaining({ type: "done", machine: "web" }));
  });

  test.each([["provision"], ["upgrade"], ["regenerate-certs", "-f"]])(
    "%s answers with the machines",
    async (...line) => {
      const [command = "", ...options] = line;
      expect((await answer(command, [...options, "web"])).answer).toEqual([{ name: "web" }]);
    },
  );

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

  test("trust, tunnel and install-plugin answer with what there is then", async () => {
    const fingerprint = host.hostKeyFingerprint;
    expect((await answer("trust", ["web", fingerprint])).answer).toEqual({ name: "web", fingerprint });
    expect((await answer("install-plugin", [])).answer).toMatchObject({ isInstalled: true });
    expect((await answer("install-plugin", ["--uninstall"])).answer).toMatchObject({ isInstalled: false });
    const tunnel = spawn(process.execPath, [cli, "tunnel", "--json", "web"], { env: program.env });
    const stdout: string[] = [];
    tunnel.stdout.on("data", (part: Buffer) => stdout.push(part.toString()));
    await once(tunnel.stdout, "data");
    tunnel.kill("SIGINT");
    await once(tunnel, "close");
    expect(await answerOf("tunnel", stdout.join(""))).toMatchObject({ name: "web" });
    answered.add("tunnel");
  });

  test("start, stop, kill and restart answer with the machines' states", async () => {
    const env = { DOCKER_HOST: clientEnv(lab.engine).DOCKER_HOST };
    const image = ["--container-image", "machine-test/engine"];
    expect(await program.machine(["create", "-d", "container", ...image, "box"], { env })).toMatchObject({ code: 0 });
    for (const [verb, state] of Object.entries({
      stop: "Stopped",
      start: "Running",
      kill: "Stopped",
      restart: "Running",
    })) {
      expect((await answer(verb, ["box"], env)).answer).toEqual([{ name: "box", state }]);
    }
    expect(await program.machine(["rm", "-y", "box"], { env })).toMatchObject({ code: 0 });
  });

  test("all commands that need a host have answered", () => {
    expect([...answered].filter((command) => command !== "create").sort()).toEqual(withHosts);
  });
});
