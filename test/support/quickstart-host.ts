import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { docker, engineIn, supervise, tryDocker } from "./engine.js";
import { buildHostImages } from "./host-image.js";
import { type Host, createHost, findHost } from "./host.js";
import { forHosts, installPrerequisites } from "./prerequisites.js";

/** No test run takes this slot. */
const slot = "0";
const name = "quickstart";

/**
 * A bare host for a person to try the program on. It stays, with an engine of its own, until it is removed or this
 * machine restarts; when it is there already, it is this one.
 */
export async function startQuickstartHost(): Promise<Host> {
  await installPrerequisites(forHosts);
  const engine = engineIn(slot);
  if ((await tryDocker(engine, ["version"])).code !== 0) {
    const { supervisor } = await supervise([slot], { keep: true });
    for (const stream of [supervisor.stdin, supervisor.stdout, supervisor.stderr]) stream.destroy();
    supervisor.unref();
  }
  await buildHostImages(engine);
  const running = await docker(engine, ["ps", "--quiet", "--filter", `name=^${name}$`]);
  return running === "" ? createHost(engine, { name, reboots: true }) : findHost(engine, name);
}

/** Takes the host and its engine away; fine when there is none. */
export async function removeQuickstartHost(): Promise<void> {
  const { folder } = engineIn(slot);
  const pid = Number(await readFile(join(folder, "supervisor.pid"), "utf8").catch(() => "0"));
  const commandLine = await readFile(`/proc/${String(pid)}/cmdline`, "utf8").catch(() => "");
  if (!commandLine.includes("engine.sh")) return;
  process.kill(pid, "SIGTERM");
  while (await exists(folder)) await sleep(100);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
