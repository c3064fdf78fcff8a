import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import ssh2, { type ServerChannel } from "ssh2";
import { template } from "../../src/shell/script.js";
import { type FakeEngine, type ServerFiles, listenAsEngine } from "./fake-engine.js";
import { answerDockerMachine } from "./docker-machine-host.js";

/** The ports of 127.0.0.1 at which a simulated host is reached. */
export interface Ports {
  readonly ssh: number;
  readonly engine: number;
}

/** What all simulated hosts of a process have in common. */
export interface Simulation {
  /** Private key of all hosts. */
  readonly hostKey: string;
  /** Milliseconds that the engine takes to restart. */
  readonly restart: number;
  /** The scripts by the names of their files. */
  readonly scripts: ReadonlyMap<string, string>;
  /** What read-facts.sh tells. */
  readonly facts: string;
}

export async function simulation(restart: number): Promise<Simulation> {
  const names = ["wait-for-host", "read-facts", "set-hostname", "configure-engine", "restart-engine", "accept"];
  const scripts = await Promise.all(names.map(async (name) => [name, await template(`${name}.sh`)] as const));
  return {
    hostKey: ssh2.utils.generateKeyPairSync("ed25519").private,
    restart,
    scripts: new Map(scripts),
    facts: await factsOfDebian(),
  };
}

/** A Debian with a running engine that has no port of TCP yet. */
async function factsOfDebian(): Promise<string> {
  const fixture = (path: string) => readFile(join(import.meta.dirname, "..", "provision", "fixtures", path), "utf8");
  const facts = {
    init: "systemd\n",
    "os-release": await fixture("os-release/debian-12"),
    hostname: "simulated\n",
    dockerd: "Docker version 28.3.2, build 1\n",
    active: "",
    unit: await fixture("units/debian-docker.io"),
  };
  return Object.entries(facts)
    .map(([name, value]) => `machine-fact: ${name} ${Buffer.from(value).toString("base64")}\n`)
    .join("");
}

/** A host that any key opens as root. Its sshd is ssh2's; commands are not run but answered, as far as they are known. */
export async function simulateHost(common: Simulation): Promise<Ports & Pick<FakeEngine, "start">> {
  const engine = await listenAsEngine();
  const answer = answers(common, engine);
  const server = new ssh2.Server({ hostKeys: [common.hostKey] }, (client) => {
    client.on("error", () => undefined);
    client.on("authentication", (context) => {
      if (context.method === "publickey") context.accept();
      else context.reject(["publickey"]);
    });
    client.on("session", (accept) => {
      accept()
        .on("pty", (acceptPty) => {
          acceptPty();
        })
        .on("exec", (acceptExec, _reject, { command }) => void finish(acceptExec(), command, answer));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { ssh: (server.address() as AddressInfo).port, engine: engine.port, start: engine.start };
}

type Answer = (command: string, input: () => Promise<Buffer>) => Promise<string | undefined>;

/** Undefined as an answer: the command is not known. */
async function finish(channel: ServerChannel, command: string, answer: Answer): Promise<void> {
  const chunks: Buffer[] = [];
  channel.on("data", (chunk: Buffer) => chunks.push(chunk));
  const end = once(channel, "end");
  const said = await answer(command, () => end.then(() => Buffer.concat(chunks)));
  if (said === undefined) channel.stderr.write(`not simulated: ${command.slice(0, 200)}\n`);
  channel.write(said ?? "");
  channel.exit(said === undefined ? 1 : 0);
  channel.end();
}

function answers({ scripts, facts, restart }: Simulation, engine: FakeEngine): Answer {
  let files: ServerFiles | undefined;
  const dockerMachine = answerDockerMachine(engine, restart);
  const byScript: Record<string, (script: string, input: string) => Promise<string> | string> = {
    "read-facts": () => facts,
    "configure-engine": (script, input) => {
      files = filesIn(script, input);
      return `machine-fact: changed ${Buffer.from("all").toString("base64")}\n`;
    },
    "restart-engine": async () => {
      await sleep(restart);
      if (files !== undefined) engine.start(files);
      return "";
    },
  };
  return async (command, input) => {
    if (command.includes("machine-way")) return "machine-user: root\nmachine-way: root\n\n";
    const [, count] = /\bdd iflag=fullblock bs=(\d+)/.exec(command) ?? [];
    if (count === undefined) return dockerMachine(command);
    const whole = await input();
    const script = whole.subarray(0, Number(count)).toString();
    const [name = ""] = [...scripts].find(([, text]) => script.includes(text)) ?? [];
    if (name === "") return undefined;
    return (await byScript[name]?.(script, whole.subarray(Number(count)).toString())) ?? "";
  };
}

/** What configure-engine.sh would write: FILES has `MODE SIZE PATH` for each file, the input their contents. */
function filesIn(script: string, input: string): ServerFiles {
  const [, list = ""] = /^export FILES='([^']*)'$/m.exec(script) ?? [];
  const found = new Map<string, string>();
  let at = 0;
  for (const line of list.split("\n")) {
    const [, size = "", path = ""] = line.split(" ");
    found.set(path, input.slice(at, at + Number(size)));
    at += Number(size);
  }
  const text = (name: string): string => found.get(`/etc/docker/${name}.pem`) ?? "";
  return { ca: text("ca"), cert: text("server"), key: text("server-key") };
}
