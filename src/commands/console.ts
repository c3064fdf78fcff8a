import { readFile } from "node:fs/promises";
import { loadHost } from "../core/host.js";
import { boolean, isMachineError, MachineError, type Io } from "../driver/index.js";
import { print, type Terminal } from "../ui/terminal.js";
import { cleanConsole, followConsole } from "../vm/seed/console.js";
import { defineCommand } from "./command.js";
import { oneName } from "./machines.js";

export const console = defineCommand({
  usage: "[OPTIONS] [NAME]",
  options: { follow: boolean({ help: "Go on with what is printed, until Ctrl-C", short: "f" }) },
  async run({ args, values, session, terminal }) {
    const { driver, machine, io } = await loadHost(session, await oneName(args, session));
    const path = driver.console?.(machine);
    if (path === undefined) {
      throw new MachineError("unsupported", `${driver.name} driver does not support console`);
    }
    if (values.follow) await follow(path, io, terminal);
    else terminal.write(cleanConsole(await readFile(path, "utf8").catch(() => "")));
  },
});

async function follow(path: string, io: Io, terminal: Terminal): Promise<void> {
  const news = followConsole(path);
  while (!io.signal.aborted) {
    for (const line of await news()) print(terminal, line);
    await io.sleep(250).catch((error: unknown) => {
      if (!isMachineError(error) || error.code !== "interrupted") throw error;
    });
  }
}
