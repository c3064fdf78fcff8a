import { loadHost } from "../core/host.js";
import { boolean, isMachineError, MachineError } from "../driver/index.js";
import { print } from "../ui/terminal.js";
import { followConsole } from "../vm/index.js";
import { defineCommand } from "./command.js";
import { oneName } from "./machines.js";

export const console = defineCommand({
  usage: "[OPTIONS] [NAME]",
  options: { follow: boolean({ help: "Go on with what is printed, until Ctrl-C", short: "f" }) },
  async run({ args, values, session, terminal }) {
    const { name, driver, machine, io } = await loadHost(session, await oneName(args, session));
    const path = driver.console?.(machine);
    if (path === undefined) {
      throw new MachineError(
        "unsupported",
        `${driver.name} driver does not support console: ${name} has no log of one`,
      );
    }
    const news = followConsole(path);
    for (;;) {
      for (const line of await news()) print(terminal, line);
      if (!values.follow) return 0;
      try {
        await io.sleep(250);
      } catch (error) {
        if (isMachineError(error) && error.code === "interrupted") return 0;
        throw error;
      }
    }
  },
});
