import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { access, readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { finish, output } from "./command.js";
import { forContainers, installPrerequisites } from "./prerequisites.js";

/** Where a dockerd that the quickstart has started is remembered. */
const pidFile = "/run/machine-quickstart.pid";
const logFile = "/var/log/machine-quickstart-dockerd.log";

/**
 * Makes sure that an engine answers on this computer. One that answers already is taken; else the packages are installed
 * and it is started: by systemd, or, where there is none, as a process that stays until {@link stopEngine}.
 * @throws Error that says what is missing and how to get it
 */
export async function ensureEngine(): Promise<string> {
  const there = await serverVersion();
  if (there !== undefined) return `engine ${there} was there`;
  if (process.getuid?.() !== 0) {
    throw new Error(
      "No Docker engine answers on this computer, and only root can install or start one. Either\n" +
        "  sudo npm run quickstart\n" +
        "or install Docker (https://docs.docker.com/engine/install/), start it, and run this again.",
    );
  }
  await installPrerequisites(forContainers);
  // The package may have started it.
  if ((await serverVersion()) === undefined) await start();
  return `engine ${(await serverVersion()) ?? ""} started`;
}

/** Ends a dockerd that {@link ensureEngine} has started as a process; fine when there is none. */
export async function stopEngine(): Promise<void> {
  const pid = Number(await readFile(pidFile, "utf8").catch(() => "0"));
  if (pid > 0 && (await readFile(`/proc/${String(pid)}/comm`, "utf8").catch(() => "")) === "dockerd\n") {
    process.kill(pid, "SIGTERM");
    while (await exists(`/proc/${String(pid)}`)) await sleep(100);
  }
  await rm(pidFile, { force: true });
}

async function serverVersion(): Promise<string | undefined> {
  const { code, stdout } = await finish("docker", ["version", "--format", "{{.Server.Version}}"]).catch(() => ({
    code: 1,
    stdout: "",
  }));
  return code === 0 ? stdout.trim() : undefined;
}

async function start(): Promise<void> {
  if (await exists("/run/systemd/system")) await output("systemctl", ["start", "docker"]);
  else await startProcess();
  for (let tries = 0; tries < 150; tries++) {
    if ((await serverVersion()) !== undefined) return;
    await sleep(200);
  }
  const log = (await readFile(logFile, "utf8").catch(() => "")).trim().split("\n").slice(-20).join("\n");
  throw new Error(`dockerd was started but does not answer. The end of its log (${logFile}):\n${log}`);
}

async function startProcess(): Promise<void> {
  const log = openSync(logFile, "w");
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
  const daemon = spawn("dockerd", { detached: true, stdio: ["ignore", log, log], env: { ...process.env, PATH: path } });
  await new Promise((resolve, reject) => daemon.once("spawn", resolve).once("error", reject));
  daemon.unref();
  await writeFile(pidFile, String(daemon.pid));
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
