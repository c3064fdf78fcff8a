import { setTimeout as sleep } from "node:timers/promises";
import type { FakeEngine } from "./fake-engine.js";

/**
 * A simulated Debian with an engine as docker-machine 0.16 sees it: what its provisioner asks is answered, what it
 * does succeeds, and the engine starts with the certificates that it writes.
 */
export function answerDockerMachine(
  { port, start }: FakeEngine,
  restart: number,
): (command: string) => Promise<string> {
  const files = new Map<string, string>();
  return async (command) => {
    const [, text = "", name] = /^printf '%s' '([^']*)' \| sudo tee \/etc\/docker\/(\S+)\.pem$/.exec(command) ?? [];
    if (name !== undefined) files.set(name, text);
    if (/systemctl -f start docker/.test(command)) {
      await sleep(restart);
      const [ca, cert, key] = [files.get("ca"), files.get("server"), files.get("server-key")];
      if (ca !== undefined && cert !== undefined && key !== undefined) start({ ca, cert, key });
    }
    return says(command, port);
  };
}

function says(command: string, port: number): string {
  if (command.includes("/etc/os-release")) return 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n';
  if (command.includes("netstat")) return `tcp 0 0 0.0.0.0:${String(port)} 0.0.0.0:* LISTEN\n`;
  if (command.includes("docker --version")) return "Docker version 28.3.2, build 1\n";
  return "";
}
