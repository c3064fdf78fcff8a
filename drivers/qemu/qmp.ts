import type { NetConnectOpts, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { MachineError, messageOf } from "../../src/driver/index.js";

/**
 * Sends one command to a QEMU by its machine protocol and resolves with what it returns. QEMU serves one connection at
 * a time, so each command has its own and nobody waits long.
 * @param limit milliseconds without an answer, default 5,000
 * @throws MachineError `unreachable` when nobody listens there or answers; `failed` with QEMU's reason
 * @see https://www.qemu.org/docs/master/interop/qmp-spec.html
 */
export async function ask(
  address: NetConnectOpts,
  command: string,
  args: Readonly<Record<string, unknown>> = {},
  limit = 5_000,
): Promise<unknown> {
  const socket = await connected(address, limit, command);
  try {
    const answers = messages(socket);
    await next(answers, command);
    socket.write('{"execute":"qmp_capabilities"}\n');
    await next(answers, command);
    socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    return (await next(answers, command))["return"];
  } finally {
    socket.destroy();
  }
}

/** QEMU lets one other wait; who comes then is told to come again (EAGAIN). */
async function connected(address: NetConnectOpts, limit: number, command: string): Promise<Socket> {
  const end = Date.now() + limit;
  for (;;) {
    try {
      return await connectOnce(address, limit);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || Date.now() > end) {
        throw unreachable(command, messageOf(error), error);
      }
      await sleep(20);
    }
  }
}

async function connectOnce(address: NetConnectOpts, limit: number): Promise<Socket> {
  const { connect } = await import("node:net");
  const socket = connect(address);
  socket.setTimeout(limit, () => {
    socket.destroy(new Error("no answer"));
  });
  return new Promise((resolve, reject) => {
    socket.once("error", reject).once("connect", () => {
      resolve(socket);
    });
  });
}

type Message = Readonly<Record<string, unknown>>;

/** What arrives, without the events, which may come at any time. */
async function* messages(socket: Socket): AsyncGenerator<Message, undefined> {
  socket.setEncoding("utf8");
  let rest = "";
  for await (const chunk of socket) {
    const lines = `${rest}${String(chunk)}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const message = JSON.parse(line) as Message;
      if (!("event" in message)) yield message;
    }
  }
}

async function next(answers: AsyncGenerator<Message, undefined>, command: string): Promise<Message> {
  const { value } = await answers.next().catch((cause: unknown) => {
    throw unreachable(command, messageOf(cause), cause);
  });
  if (value === undefined) throw unreachable(command, "it hung up");
  const error = value["error"] as { readonly desc?: string } | undefined;
  if (error === undefined) return value;
  throw new MachineError("failed", `qemu refuses ${command}: ${error.desc ?? "it does not say why"}`);
}

function unreachable(command: string, why: string, cause?: unknown): MachineError {
  return new MachineError("unreachable", `qemu does not answer ${command}: ${why}`, { cause });
}
