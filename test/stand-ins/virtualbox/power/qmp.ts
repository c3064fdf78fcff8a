import { createConnection } from "node:net";
import { createInterface } from "node:readline";

/** Runs commands of QEMU's monitor one after another. @returns what the last returned @throws with QEMU's words */
export async function monitor(socket: string, ...commands: readonly MonitorCommand[]): Promise<unknown> {
  const connection = createConnection(socket);
  // Whoever waits for an answer sees the end of the lines.
  connection.on("error", () => undefined);
  const lines = createInterface(connection)[Symbol.asyncIterator]();
  try {
    await answer(lines);
    let result: unknown;
    for (const command of [{ execute: "qmp_capabilities" }, ...commands]) {
      connection.write(`${JSON.stringify(command)}\n`);
      result = await answer(lines);
    }
    return result;
  } finally {
    connection.destroy();
  }
}

export interface MonitorCommand {
  readonly execute: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/** The next message that is no event. */
async function answer(lines: AsyncIterator<string>): Promise<unknown> {
  for (;;) {
    const next = await lines.next();
    if (next.done === true) throw new Error("QEMU closed its monitor");
    const message = JSON.parse(next.value) as { event?: string; error?: { desc: string }; return?: unknown };
    if (message.error) throw new Error(message.error.desc);
    if (message.event === undefined) return message.return;
  }
}
