import { readFile } from "node:fs/promises";
import { loadHost } from "../core/host/host.js";
import { boolean, isMachineError, MachineError, type Io } from "../driver/index.js";
import { cleanConsole, followConsole } from "../vm/index.js";
import { defineCommand } from "../cli/command.js";
import { printable } from "../ui/terminal.js";
import { oneName } from "../cli/for-each-machine.js";

export const serialConsole = defineCommand({
  usage: "[OPTIONS] [NAME]",
  options: { follow: boolean({ help: "Go on with what is printed, until Ctrl-C", short: "f" }) },
  async run({ args, values, json, session, out }) {
    const host = await loadHost(session, await oneName(args, session));
    const { driver, io } = host;
    const path = driver.console?.(host);
    if (path === undefined) {
      throw new MachineError("unsupported", `${driver.name} driver does not support console`);
    }
    const say = (line: string): void => {
      out.raw(`${json ? JSON.stringify({ line }) : printable(line)}\n`);
    };
    if (values.follow) {
      await follow(path, io, say);
      return;
    }
    const text = cleanConsole(await readFile(path, "utf8").catch(() => ""));
    if (!json) out.raw(printable(text));
    else for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) say(line.replace("\n", ""));
  },
});

async function follow(path: string, io: Io, say: (line: string) => void): Promise<void> {
  const news = followConsole(path);
  while (!io.signal.aborted) {
    for (const line of await news()) say(line);
    await io.sleep(250).catch((error: unknown) => {
      if (!isMachineError(error) || error.code !== "interrupted") throw error;
    });
  }
}
