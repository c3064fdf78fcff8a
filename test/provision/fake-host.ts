import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Shell } from "../../src/driver/index.js";
import { type Engine, docker, tryDocker } from "../support/engine.js";
import type { Host } from "../support/host.js";

const fixtures = join(import.meta.dirname, "fixtures");

/** Puts a program into a host; each call is a line of /tmp/calls. */
export async function fakeProgram(exec: Host["exec"], name: string, text: string): Promise<void> {
  const script = `#!/bin/sh\necho "${name} $*" >>/tmp/calls\n${text}\n`;
  const path = `/usr/local/sbin/${name}`;
  await done(exec(`mkdir -p /usr/local/sbin && cat >${path} && chmod 755 ${path}`, { input: script }));
}

export async function calls(exec: Host["exec"]): Promise<string[]> {
  return (await exec("cat /tmp/calls 2>/dev/null")).stdout.trim().split("\n").filter(Boolean);
}

/** What a package manager that is played does when it installs the engine: see {@link pretend}. */
export const bringEngine = "sh /tmp/bring-engine";

/** Makes a Debian with an engine look like a host of another distribution that has none yet. */
export async function pretend(host: Host, system: string): Promise<void> {
  const input = await readFile(join(fixtures, "os-release", system), "utf8");
  await done(host.exec("rm /etc/os-release && cat >/etc/os-release", { input }));
  await done(
    host.exec(`systemctl stop docker.socket docker.service
      cd /lib/systemd/system && mv docker.service docker.socket /root && systemctl daemon-reload
      mv /usr/sbin/dockerd /root/dockerd
      rm /usr/bin/apt-get /usr/bin/dpkg /usr/bin/apt-mark
      cat >/tmp/bring-engine <<'END'
[ -e /root/dockerd ] || exit 0
mv /root/dockerd /usr/bin/dockerd && mv /root/docker.socket /lib/systemd/system
sed s,/usr/sbin/dockerd,/usr/bin/dockerd, /root/docker.service >/lib/systemd/system/docker.service
systemctl daemon-reload
END`),
  );
}

/** A container with busybox as its only programs, which looks like Alpine under OpenRC. Its engine only opens a port. */
export async function startAlpine(engine: Engine, name: string) {
  await docker(engine, ["run", "--detach", "--name", name, "--hostname", name, "busybox", "sleep", "100000"]);
  const exec: Host["exec"] = (command, more) =>
    tryDocker(engine, ["exec", "--interactive", name, "sh", "-c", command], more);
  const input = await readFile(join(fixtures, "os-release", "alpine-3.22"), "utf8");
  await done(
    exec("mkdir -p /run/openrc /tmp /etc/apk /etc/conf.d /etc/init.d /usr/bin && cat >/etc/os-release", { input }),
  );
  await fakeProgram(
    exec,
    "rc-update",
    '[ "$1" = show ] && cat /etc/runlevel; [ "$1" = add ] && echo " $2 | default" >>/etc/runlevel; :',
  );
  await fakeProgram(
    exec,
    "rc-service",
    `case "$*" in
    *status) kill -0 "$(cat /run/docker.pid)" ;;
    *restart)
      [ ! -e /run/docker.pid ] || kill "$(cat /run/docker.pid)"
      . /etc/conf.d/docker
      case $DOCKER_OPTS in *tcp://0.0.0.0:2376*) nc -ll -p 2376 -e true </dev/null >/dev/null 2>&1 & ;; *) sleep 1000 & ;; esac
      echo $! >/run/docker.pid ;;
    esac`,
  );
  const shell: Shell = {
    exec: async (command, { input: given = "", onLine } = {}) => {
      const result = await exec(command, { input: Buffer.from(given).toString() });
      for (const line of `${result.stdout}\n${result.stderr}`.split("\n")) if (line !== "") onLine?.(line);
      return result;
    },
  };
  return { exec, shell, remove: () => docker(engine, ["rm", "--force", "--volumes", name]) };
}

async function done(running: ReturnType<Host["exec"]>): Promise<void> {
  const { code, stdout, stderr } = await running;
  if (code !== 0) throw new Error(`the host cannot be prepared\n${stdout}${stderr}`);
}
