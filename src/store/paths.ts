import { platform } from "node:os";
import { join, resolve, sep } from "node:path";
import { homeOf } from "../driver/index.js";

/**
 * Where the store is: the flag `--storage-path`, else MACHINE_STORAGE_PATH, else `.docker/machine` in the user's home.
 * Always absolute; what is empty counts as not given.
 */
export function storeRoot(
  env: Readonly<Record<string, string | undefined>>,
  flag = "",
  system: NodeJS.Platform = platform(),
): string {
  return resolve(flag || env["MACHINE_STORAGE_PATH"] || join(homeOf(env, system), ".docker", "machine"));
}

/** The folder of the docker client's configuration: DOCKER_CONFIG, else `.docker` in the user's home. Always absolute. */
export function dockerFolder(
  env: Readonly<Record<string, string | undefined>>,
  system: NodeJS.Platform = platform(),
): string {
  return resolve(env["DOCKER_CONFIG"] || join(homeOf(env, system), ".docker"));
}

const machinesFolder = "machines";

/** Files that belong to all machines. */
export interface StorePaths {
  readonly root: string;
  readonly certs: {
    readonly dir: string;
    /** Certificate that signs all others of this store. */
    readonly ca: string;
    /** Private key of the authority; never leaves the store. */
    readonly caKey: string;
    /** Certificate that a docker client shows to every engine. */
    readonly cert: string;
    /** Private key of the client. */
    readonly key: string;
  };
  /** One directory for each machine; one with a leading dot is being removed. */
  readonly machines: string;
  /** Downloaded images, e.g. boot2docker.iso. */
  readonly cache: string;
  /** One directory for each lock that somebody holds or waits for; ours, docker-machine ignores it. */
  readonly locks: string;
  /** One directory for each machine whose lock somebody holds or waits for. */
  readonly machineLocks: string;
  /** The store's id; ours, docker-machine ignores it. */
  readonly owner: string;
  /** Drivers that were installed from npm; ours, docker-machine ignores it. */
  readonly plugins: string;
  /** What the user's ~/.ssh/config includes, where `ssh-config` was installed; ours, docker-machine ignores it. */
  readonly sshConfig: string;
  /** Sockets of ssh connections that programs share, and of tunnels; ours, docker-machine ignores it. */
  readonly sockets: string;
}

export function storePaths(root: string): StorePaths {
  const certs = join(root, "certs");
  const locks = join(root, "locks");
  return {
    root,
    certs: {
      dir: certs,
      ca: join(certs, "ca.pem"),
      caKey: join(certs, "ca-key.pem"),
      cert: join(certs, "cert.pem"),
      key: join(certs, "key.pem"),
    },
    machines: join(root, machinesFolder),
    cache: join(root, "cache"),
    locks,
    machineLocks: join(locks, "machines"),
    owner: join(root, "owner"),
    plugins: join(root, "plugins"),
    sshConfig: join(root, "ssh_config"),
    sockets: join(root, "ssh"),
  };
}

/** Files of one machine. */
export interface MachinePaths {
  readonly dir: string;
  /** All that docker-machine knows of the machine: see config.ts. */
  readonly config: string;
  /** What config.json was before it was brought to version 3. */
  readonly configBackup: string;
  /** Which steps of an unfinished create or provision are done; ours, docker-machine ignores it. */
  readonly progress: string;
  /** Host keys that were seen or given, in OpenSSH's format; ours, docker-machine ignores it. */
  readonly knownHosts: string;
  /** Secrets that were given as flags: see credentials.ts; ours, docker-machine ignores it. */
  readonly credentials: string;
  /** How docker clients reach the engine, where not by TLS: `ssh` or `both`; ours, docker-machine ignores it. */
  readonly transport: string;
  /** Commands that were run on the machine: see command-log.ts; ours, docker-machine ignores it. */
  readonly commandLog: string;
  /** Copy of the store's `caCert`, so that `dir` can be DOCKER_CERT_PATH. */
  readonly caCert: string;
  /** Copy of the store's `clientCert`. */
  readonly clientCert: string;
  /** Copy of the store's `clientKey`. */
  readonly clientKey: string;
  /** Certificate that the engine shows. */
  readonly serverCert: string;
  /** Private key of the engine. */
  readonly serverKey: string;
  /** Private key for SSH, where the driver makes one; the public key is beside it with `.pub`. */
  readonly sshKey: string;
}

export function machinePaths(root: string, name: string): MachinePaths {
  const dir = join(root, machinesFolder, name);
  // `ls` asks for all of them: to join each would take as long as to read the files.
  const at = (file: string): string => dir + sep + file;
  return {
    dir,
    config: at("config.json"),
    configBackup: at("config.json.bak"),
    progress: at("progress.json"),
    knownHosts: at("known_hosts"),
    credentials: at("credentials.json"),
    transport: at("docker-transport"),
    commandLog: at("commands.jsonl"),
    caCert: at("ca.pem"),
    clientCert: at("cert.pem"),
    clientKey: at("key.pem"),
    serverCert: at("server.pem"),
    serverKey: at("server-key.pem"),
    sshKey: at("id_rsa"),
  };
}
