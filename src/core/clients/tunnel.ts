import { once } from "node:events";
import { chmod, rm } from "node:fs/promises";
import { createServer, type AddressInfo, type ListenOptions, type Server, type Socket } from "node:net";
import { platform } from "node:os";
import { join } from "node:path";
import { MachineError, messageOf } from "../../driver/index.js";
import type { SshConnection } from "../../shell/ssh.js";
import { makeDirectory } from "../../store/file.js";
import { sshTargetOf, type Host } from "../host/host.js";
import { openSsh } from "../session/io.js";
import type { Session } from "../session/session.js";

/** The engine's socket on the host. */
const engineSocket = "/var/run/docker.sock";

/**
 * Brings the engine's socket to this computer until the session is interrupted.
 * @param listen `127.0.0.1:PORT`; default: a unix socket in the store
 * @param onOpen told the DOCKER_HOST for it
 * @throws MachineError `unreachable` where the engine's socket cannot be opened, or when the connection is lost; `busy`
 * where there is such a tunnel already; `usage`
 */
export async function openTunnel(
  session: Session,
  host: Host,
  listen: string | undefined,
  onOpen: (url: string) => void,
): Promise<void> {
  if (listen !== undefined) {
    await serve(session, host, loopback(listen), onOpen);
    return;
  }
  const path = socketPath(session, host.name);
  const work = async (): Promise<void> => {
    await makeDirectory(session.store.paths.sockets);
    // Whoever left one has not got the lock any more.
    await rm(path, { force: true });
    try {
      await serve(session, host, { path }, onOpen);
    } finally {
      await rm(path, { force: true });
    }
  };
  await session.store.lockNamed(`tunnel-${host.name}`, work, { wait: 0 });
}

async function serve(session: Session, host: Host, at: ListenOptions, onOpen: (url: string) => void): Promise<void> {
  const connection = await openSsh(session, host.name, sshTargetOf(host));
  // Whether it can be opened at all is better said now than to the first client.
  (await connection.toSocket(engineSocket)).destroy();
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    clients.add(client);
    client.on("close", () => clients.delete(client));
    relay(client, connection).catch((error: unknown) => {
      session.tell(messageOf(error));
      client.destroy();
    });
  });
  try {
    onOpen(await listening(server, at));
    const why = await Promise.race([aborted(session.signal), connection.lost]);
    if (why !== undefined) throw ended(host.name, why);
  } finally {
    server.close();
    for (const client of clients) client.destroy();
  }
}

/** Joins a client with a connection to the engine of its own; either side may end its half before the other. */
async function relay(client: Socket, connection: SshConnection): Promise<void> {
  client.on("error", () => client.destroy());
  const engine = await connection.toSocket(engineSocket);
  engine.on("error", () => client.destroy());
  engine.on("close", () => {
    client.destroySoon();
  });
  client.on("close", () => engine.destroy());
  client.pipe(engine).pipe(client);
}

/** Resolves with the DOCKER_HOST. */
function listening(server: Server, at: ListenOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new MachineError("failed", `the tunnel cannot listen: ${cause.message}`, { cause }));
    });
    server.listen(at, () => {
      if (at.path === undefined) resolve(`tcp://${at.host ?? ""}:${String((server.address() as AddressInfo).port)}`);
      else
        chmod(at.path, 0o600).then(() => {
          resolve(`unix://${at.path ?? ""}`);
        }, reject);
    });
  });
}

function socketPath({ store }: Session, name: string): string {
  const path = join(store.paths.sockets, `${name}.sock`);
  // What macOS takes at most.
  if (platform() !== "win32" && Buffer.byteLength(path) <= 103) return path;
  const why = "its path would be too long, or this is Windows";
  throw new MachineError("usage", `the store is no place for a unix socket: ${why}`, {
    hint: `machine tunnel --listen 127.0.0.1:0 ${name}`,
  });
}

/** Whoever reaches the address controls the machine, so nothing but this computer may. */
function loopback(listen: string): ListenOptions {
  const [, host, port = ""] = /^(127\.0\.0\.1|localhost):(\d{1,5})$/.exec(listen) ?? [];
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
  const why = "no other computer may reach the engine";
  throw new MachineError("usage", `--listen takes 127.0.0.1:PORT, not "${listen}": ${why}`);
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await once(signal, "abort");
}

function ended(name: string, why: string): MachineError {
  return new MachineError("unreachable", `the tunnel to ${name} has ended: ${why}`, {
    hint: `did the host go down, or the network on the way? when it is back: machine tunnel ${name}`,
  });
}
