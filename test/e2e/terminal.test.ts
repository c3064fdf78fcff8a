import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { quote } from "../../src/shell/script.js";
import { output } from "../support/command.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import { cli, type Program } from "../support/program.js";

describeOnHosts("a person at a terminal", (lab) => {
  let program: Program;
  let host: Host;
  let key: string;
  let created: Awaited<ReturnType<typeof atTerminal>>;
  beforeAll(async () => {
    program = await lab.installProgram();
    host = await lab.createHost({ image: "engine" });
    key = join(program.home, "key");
    await output("ssh-keygen", ["-q", "-t", "ed25519", "-N", "open sesame", "-f", key]);
    const publicKey = await output("cat", [`${key}.pub`]);
    await host.exec(`echo '${publicKey}' | tee -a /root/.ssh/authorized_keys /home/*/.ssh/authorized_keys >/dev/null`);
    created = await atTerminal(
      [
        ...["create", "-d", "generic", "--generic-ip-address", host.address, "--generic-ssh-user", "admin"],
        ...["--generic-ssh-key", key, "web"],
      ],
      [
        [/Passphrase for .*key/, "open sesame\r"],
        [/Password for sudo on web/, "adminpw\r"],
      ],
    );
  });

  /** Runs the program in a terminal of its own and types each answer when the screen shows what it belongs to. */
  async function atTerminal(
    args: readonly string[],
    answers: readonly (readonly [string | RegExp, string])[],
    columns = 80,
  ): Promise<{ code: number; screen: string }> {
    const command = [process.execPath, cli, ...args].map(quote).join(" ");
    const line = `stty columns ${String(columns)}; exec ${command}`;
    const child = spawn("script", ["-qefc", line, "/dev/null"], { env: { ...program.env, TERM: "xterm" } });
    const waiting = [...answers];
    let screen = "";
    let seen = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      screen += chunk.toString();
      for (;;) {
        const [next] = waiting;
        const found = next === undefined ? -1 : screen.slice(seen).search(next[0]);
        if (next === undefined || found < 0) return;
        seen = screen.length;
        waiting.shift();
        child.stdin.write(next[1]);
      }
    });
    const [code] = (await once(child, "close")) as [number];
    expect(waiting).toEqual([]);
    return { code, screen };
  }

  test("is asked for the passphrase of the key and the password of sudo, which are never shown", () => {
    const { code, screen } = created;
    expect(screen).toContain("Docker is up and running!");
    expect(screen).toMatch(/✔ web: restart the engine \(\d+\.\d s\)/);
    expect(screen).not.toContain("open sesame");
    expect(screen).not.toContain("adminpw");
    expect(code).toBe(0);
  });

  test("gets a shell on the machine, and its exit status", async () => {
    const { code, screen } = await atTerminal(
      ["ssh", "web"],
      [
        [/Passphrase for .*key/, "open sesame\r"],
        [/\$ /, "tty; echo $TERM; exit 3\r"],
      ],
    );
    expect(screen).toMatch(/\/dev\/pts\/\d+\r\nxterm\r\n/);
    expect(code).toBe(3);
  });

  test("may have a terminal of 20 columns", async () => {
    const { code, screen } = await atTerminal(
      ["provision", "web"],
      [
        [/Passphrase for/, "open sesame\r"],
        [/Password for sudo/, "adminpw\r"],
      ],
      20,
    );
    expect(code).toBe(0);
    expect(screen).not.toMatch(/open sesame|adminpw/);
    const lines = stripVTControlCharacters(screen.replaceAll("\u001b[1G", "\n")).split(/\r?\n/);
    const drawn = lines.filter((line) => /^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] /.test(line));
    expect(drawn).toContainEqual(expect.stringMatching(/^. web: configure th$/));
    expect(drawn.filter((line) => line.length > 20)).toEqual([]);
    expect(lines.filter((line) => line.startsWith("✔ web: ")).map((line) => line.replace(/ \(.*/, ""))).toEqual([
      ...["✔ web: wait for the host", "✔ web: read the host's facts", "✔ web: set the host name"],
      ...["✔ web: install the engine", "✔ web: configure the engine", "✔ web: restart the engine"],
      "✔ web: check the engine's TLS",
    ]);
    const listed = await atTerminal(["ls"], [], 20);
    expect(listed.screen.replaceAll("\r", "")).toBe((await program.machine(["ls"])).stdout);
  });

  test("is asked before a machine is removed", async () => {
    const { code, screen } = await atTerminal(
      ["rm", "web"],
      [["Are you sure? (y/n): ".replace(/[?()]/g, "\\$&"), "y\r"]],
    );
    expect(screen).toContain("Successfully removed web");
    expect(code).toBe(0);
  });
});
