import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { simulateHost, simulation } from "./simulated-host.js";

// A process of its own that simulates hosts until its stdin ends. Usage: simulated-hosts.ts COUNT RESTART [CERTS]
// RESTART: milliseconds that an engine takes to restart. CERTS: a folder with ca.pem, server.pem and server-key.pem by
// which the engines answer from the beginning. Prints the ports of the hosts as one line of JSON.
const [count = "0", restart = "0", certs] = process.argv.slice(2);
const common = await simulation(Number(restart));
const hosts = await Promise.all(Array.from({ length: Number(count) }, () => simulateHost(common)));
if (certs !== undefined) {
  const read = (name: string): Promise<string> => readFile(join(certs, name), "utf8");
  const [ca, cert, key] = await Promise.all([read("ca.pem"), read("server.pem"), read("server-key.pem")]);
  for (const { start } of hosts) start({ ca, cert, key });
}
process.stdout.write(`${JSON.stringify(hosts.map(({ ssh, engine }) => ({ ssh, engine })))}\n`);
process.stdin.resume().on("end", () => process.exit());
