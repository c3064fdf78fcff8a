import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { finish } from "./command.js";
import { engineIn } from "./engine.js";
import { saveBusybox } from "./host-image.js";
import { removeQuickstartHost, startQuickstartHost } from "./quickstart-host.js";

// `npm run quickstart`: the main job on a real host. `npm run quickstart -- --remove` takes everything away again.
const cli = join(import.meta.dirname, "..", "..", "dist", "cli.cjs");
const name = "quickstart";

await (process.argv.includes("--remove") ? remove() : run());

async function run(): Promise<void> {
  say("Starting a bare Debian host (the first time its image is built, in about a minute)");
  const host = await startQuickstartHost();
  say(`The host answers ssh at ${host.address}`);
  if ((await finish(process.execPath, [cli, "status", name])).code === 0) {
    say(`The machine "${name}" exists already`);
  } else {
    say(`machine create -d generic --generic-ip-address ${host.address} --generic-ssh-user user ... ${name}`);
    await machine([
      "create",
      ...["-d", "generic", "--generic-ip-address", host.address, "--generic-ssh-user", "user"],
      ...["--generic-ssh-key", host.keyPath, "--generic-ssh-host-key", host.hostKeyFingerprint],
      // The packages of the host's own distribution, so that no other site must be reached.
      ...["--engine-source", "distro", name],
    ]);
  }
  const env = await dockerEnv();
  say("docker load < busybox.tar");
  const busybox = createReadStream(await saveBusybox(engineIn("0")));
  const loaded = await finish("docker", ["load"], { env, input: busybox });
  if (loaded.code !== 0) throw new Error(loaded.stderr);
  say("docker run --rm busybox echo 'hello from a container'");
  await inherit("docker", ["run", "--rm", "busybox", "echo", "hello from a container"], env);
  say(`It works. What to type next:
  alias machine='node ${cli}'
  eval "$(machine env ${name})"; docker ps
  machine ls
  machine ssh ${name}
  machine rm -y ${name}; npm run quickstart -- --remove`);
}

async function remove(): Promise<void> {
  if ((await finish(process.execPath, [cli, "inspect", name])).code === 0) await machine(["rm", "-y", name]);
  await removeQuickstartHost();
  say("The quickstart's machine and its host are gone.");
}

function machine(args: readonly string[]): Promise<void> {
  return inherit(process.execPath, [cli, ...args], process.env);
}

/** What `eval "$(machine env quickstart)"` makes of the environment. */
async function dockerEnv(): Promise<NodeJS.ProcessEnv> {
  const { stdout, stderr, code } = await finish(process.execPath, [cli, "env", "--shell", "bash", name]);
  if (code !== 0) throw new Error(stderr);
  const settings = [...stdout.matchAll(/^export (\w+)="(.*)"$/gm)].map(([, key = "", value = ""]) => [key, value]);
  return { ...process.env, ...(Object.fromEntries(settings) as Record<string, string>) };
}

function inherit(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: "inherit", env });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${file} ${args[0] ?? ""}: exit status ${String(code)}`));
    });
  });
}

function say(line: string): void {
  process.stdout.write(`\n==> ${line}\n`);
}
