import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { SshTarget } from "../../src/driver/index.js";
import { connectSsh, type SshConnection, type SshOptions } from "../../src/shell/ssh.js";
import { output } from "../support/command.js";

/** A real sshd on a loopback port, for the user who runs the tests. */
export interface Sshd {
  readonly port: number;
  readonly dir: string;
  /** Private key that it lets in. */
  readonly key: string;
  /** Fingerprint of each host key by its type, e.g. `ed25519`. */
  readonly fingerprints: Readonly<Record<string, string>>;
  /** Public host key files by type. */
  readonly hostKeys: Readonly<Record<string, string>>;
  readonly log: () => string;
  stop(): Promise<void>;
}

export interface SshdOptions {
  /** Types of its host keys. Default: ed25519. */
  readonly types?: readonly string[];
  /** More lines of sshd_config. */
  readonly config?: readonly string[];
  readonly port?: number;
}

export async function startSshd({ types = ["ed25519"], config = [], port }: SshdOptions = {}): Promise<Sshd> {
  const dir = await mkdtemp(join(tmpdir(), "machine-sshd-"));
  const used = port ?? (await freePort());
  for (const type of types) await makeKey(join(dir, `host_${type}`), type);
  const key = join(dir, "id_ed25519");
  await makeKey(key, "ed25519");
  await authorize(dir, key);
  const lines = [
    `Port ${String(used)}`,
    "ListenAddress 127.0.0.1",
    "ListenAddress ::1",
    ...types.map((type) => `HostKey ${join(dir, `host_${type}`)}`),
    `AuthorizedKeysFile ${join(dir, "authorized_keys")}`,
    `PidFile ${join(dir, "pid")}`,
    "StrictModes no",
    "UsePAM no",
    "PermitRootLogin yes",
    "PasswordAuthentication no",
    "Subsystem sftp internal-sftp",
    // Else bash reads the user's start-up files at each command, which may cost more than all that is tested.
    `SetEnv HOME=${dir}`,
    ...config,
  ];
  await writeFile(join(dir, "sshd_config"), `${lines.join("\n")}\n`);
  const child = await run(join(dir, "sshd_config"));
  return {
    port: used,
    dir,
    key,
    hostKeys: Object.fromEntries(types.map((type) => [type, join(dir, `host_${type}.pub`)])),
    fingerprints: Object.fromEntries(
      await Promise.all(types.map(async (type) => [type, await fingerprintOf(join(dir, `host_${type}.pub`))] as const)),
    ),
    log: child.log,
    stop: async () => {
      await child.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function run(config: string): Promise<{ readonly log: () => string; stop(): Promise<void> }> {
  if (userInfo().uid === 0) await mkdir("/run/sshd", { recursive: true });
  const child = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  await new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", () => {
      reject(new Error(`sshd: ${log}`));
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      if (log.includes("Server listening on 127.0.0.1")) resolve();
    });
  });
  return { log: () => log, stop: () => end(child) };
}

export function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    child.on("exit", () => {
      resolve();
    });
    child.kill();
  });
}

/** Lets in the holder of a private key, besides those before. */
export async function authorize(dir: string, key: string): Promise<void> {
  await writeFile(join(dir, "authorized_keys"), await readFile(`${key}.pub`), { flag: "a" });
}

export async function makeKey(path: string, type: string, passphrase = ""): Promise<void> {
  await output("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", "test", "-f", path]);
  await chmod(path, 0o600);
}

export async function fingerprintOf(path: string): Promise<string> {
  return (await output("ssh-keygen", ["-l", "-f", path])).split(" ")[1] ?? "";
}

export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** A directory of its own for one test. */
export async function temporary(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "machine-ssh-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Other values of a target; undefined takes one away. */
export type Changes = { readonly [Name in keyof SshTarget]?: SshTarget[Name] | undefined };

/** What is different from the ordinary. */
export interface Connect {
  readonly target?: Changes;
  readonly options?: Partial<SshOptions>;
}

export function targetFor(sshd: Sshd, changes: Changes = {}): SshTarget {
  const target = { host: "127.0.0.1", port: sshd.port, user: userInfo().username, keyPath: sshd.key, ...changes };
  const { keyPath, hostKey, jump, proxy, host = "", port = 22, user = "" } = target;
  return {
    ...{ kind: "ssh", host, port, user },
    ...(keyPath === undefined ? {} : { keyPath }),
    ...(hostKey === undefined ? {} : { hostKey }),
    ...(jump === undefined ? {} : { jump }),
    ...(proxy === undefined ? {} : { proxy }),
  };
}

/** Connects as machine `web-1`, with a known_hosts file of its own unless one is given; closed after the test. */
export async function connectTo(sshd: Sshd, { target, options }: Connect = {}): Promise<SshConnection> {
  const connection = await connectSsh(targetFor(sshd, target), {
    machine: "web-1",
    knownHosts: options?.knownHosts ?? join(await temporary(), "known_hosts"),
    env: {},
    signal: new AbortController().signal,
    notice: () => undefined,
    ...options,
  });
  onTestFinished(() => connection.close());
  return connection;
}

/** The error of a promise that must reject. */
export async function failure(
  promise: Promise<unknown>,
): Promise<Error & { code?: string; hint?: string; output?: string }> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Error) return outcome;
  throw new Error("did not fail");
}

/** A TCP relay in front of a port, whose wires can be cut or frozen. */
export interface Relay {
  readonly port: number;
  readonly connections: () => number;
  /** Resolves when everybody has hung up. */
  idle(): Promise<unknown>;
  cut(): void;
  freeze(): void;
}

export async function relayTo(port: number): Promise<Relay> {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    sockets.push(near, far);
    near.pipe(far).pipe(near);
    // An end that is reset has no end of what it sends, and what nobody takes any more has none either.
    near.on("close", () => far.end().resume());
    far.on("close", () => near.end().resume());
    for (const socket of [near, far]) socket.on("error", () => undefined);
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const relay = {
    port: await listen(server),
    connections: () => sockets.length / 2,
    idle: () => Promise.all(sockets.filter(({ closed }) => !closed).map((socket) => once(socket, "close"))),
    cut,
    freeze: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  return relay;
}
