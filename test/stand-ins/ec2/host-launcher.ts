import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { finish } from "../../support/command.js";
import { docker, type Engine, tryDocker } from "../../support/engine.js";
import { booted, type Host } from "../../support/host.js";
import type { HostImage } from "../../support/host-image.js";
import type { Lab } from "../../support/lab.js";
import { consoleOf, type Launch, type Launcher } from "./launcher.js";
import { shellScripts } from "./user-data.js";

/** A launcher whose instances are real hosts. */
export interface HostLauncher extends Launcher {
  /** The host that stands for an instance; throws when there is none. */
  readonly host: (id: string) => Host;
}

interface Guest {
  readonly instance: Launch;
  readonly host: Host;
  readonly privateAddress: string;
  address: string;
  /** Counts what is done to it from outside, so that the end of an earlier run is not taken for its own doing. */
  changes: number;
}

/**
 * Makes a host for each instance, with what cloud-init would do: only the image's account is open, by the key pair's
 * key, and may use sudo without a password; the shell scripts of the user data were run (their output is in
 * /var/log/cloud-init-output.log). A start gives a new public address; the old one leads nowhere.
 */
export function hostLauncher(lab: Lab, image: HostImage = "bare"): HostLauncher {
  const guests = new Map<string, Guest>();
  const guestOf = (id: string): Guest => {
    const guest = guests.get(id);
    if (guest === undefined) throw new Error(`no host stands for ${id}`);
    return guest;
  };
  return {
    host: (id) => guestOf(id).host,
    launch: async (instance) => {
      const host = await lab.createHost({ image, name: instance.id });
      const address = await takeAddress(lab.engine);
      const privateAddress = await takeAddress(lab.engine);
      const guest: Guest = { instance, host, privateAddress, address, changes: 0 };
      guests.set(instance.id, guest);
      await giveAddresses(guest);
      await likeCloudInit(guest);
      void watch(lab.engine, guest);
      const keys = await run(host, "cat /etc/ssh/ssh_host_*_key.pub");
      return { address, privateAddress, console: consoleOf(keys) };
    },
    start: async (id) => {
      const guest = guestOf(id);
      const old = guest.address;
      guest.address = await takeAddress(lab.engine);
      await freeAddress(lab.engine, old);
      await comeUp(lab.engine, guest);
      void watch(lab.engine, guest);
      return { address: guest.address };
    },
    stop: async (id) => {
      guestOf(id).changes += 1;
      await docker(lab.engine, ["stop", "--time", "30", id]);
    },
    reboot: async (id) => {
      const guest = guestOf(id);
      guest.changes += 1;
      await docker(lab.engine, ["stop", "--time", "30", id]);
      await comeUp(lab.engine, guest);
      void watch(lab.engine, guest);
    },
    terminate: async (id) => {
      const guest = guests.get(id);
      if (guest === undefined) return;
      guest.changes += 1;
      guests.delete(id);
      await guest.host.remove();
      await Promise.all([guest.address, guest.privateAddress].map((one) => freeAddress(lab.engine, one)));
    },
  };
}

async function comeUp(engine: Engine, guest: Guest): Promise<void> {
  await docker(engine, ["start", guest.host.name]);
  await booted(engine, guest.host.name);
  await giveAddresses(guest);
}

/**
 * Notices that a host went down by itself. The kernel ends the init of a container by SIGHUP when it wants to reboot,
 * and by SIGINT when it powers off (reboot(2)).
 */
async function watch(engine: Engine, guest: Guest): Promise<void> {
  const { changes } = guest;
  const { code, stdout } = await tryDocker(engine, ["wait", guest.host.name]);
  if (guest.changes !== changes || code !== 0) return;
  if (stdout.trim() !== "129") {
    guest.instance.poweredOff();
    return;
  }
  await comeUp(engine, guest);
  await watch(engine, guest);
}

/** An address of the engine's network that no host of this engine has, from those that it gives last. */
async function takeAddress({ folder, gateway }: Engine): Promise<string> {
  const network = gateway.replace(/\d+$/, "");
  await mkdir(join(folder, "addresses"), { recursive: true });
  for (let number = 254; number > 100; number--) {
    try {
      await mkdir(join(folder, "addresses", String(number)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
      throw error;
    }
    // Whoever had it before had another hardware address.
    await finish("ip", ["neighbour", "flush", "to", network + String(number)]);
    return network + String(number);
  }
  throw new Error("every address for instances is taken");
}

async function freeAddress({ folder }: Engine, address: string): Promise<void> {
  await rm(join(folder, "addresses", address.split(".").at(-1) ?? ""), { recursive: true, force: true });
}

/** They last until it stops. */
async function giveAddresses({ host, address, privateAddress }: Guest): Promise<void> {
  await run(host, [privateAddress, address].map((one) => `ip address add ${one}/24 dev eth0`).join(" && "));
}

async function likeCloudInit({ host, instance: { user, publicKey = "", userData } }: Guest): Promise<void> {
  await run(
    host,
    `set -e
id ${user} >/dev/null 2>&1 || useradd --create-home --shell /bin/bash ${user}
echo '${user} ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/90-cloud-init-users
for file in /root/.ssh/authorized_keys /home/*/.ssh/authorized_keys; do : >"$file"; done
install -d -m 0700 -o ${user} -g ${user} /home/${user}/.ssh
cat >/home/${user}/.ssh/authorized_keys
chown ${user}:${user} /home/${user}/.ssh/authorized_keys`,
    publicKey + "\n",
  );
  await run(host, "mkdir -p /var/lib/cloud/instance/scripts && cat >/var/lib/cloud/instance/user-data.txt", userData);
  for (const [index, script] of shellScripts(userData).entries()) {
    const path = `/var/lib/cloud/instance/scripts/part-${String(index + 1).padStart(3, "0")}`;
    await run(host, `cat >${path} && chmod 0700 ${path}`, script);
    // One that fails is of no consequence to the others.
    await host.exec(`${path} >>/var/log/cloud-init-output.log 2>&1 </dev/null`);
  }
}

async function run(host: Host, command: string, input = ""): Promise<string> {
  const { code, stdout, stderr } = await host.exec(command, { input });
  if (code !== 0) throw new Error(`${host.name}: ${command}: exit code ${String(code)}\n${stderr}`);
  return stdout;
}
