import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MachineError } from "../driver/index.js";
import { templatesFolder } from "../driver/templates.js";
import type { Terminal } from "../ui/terminal.js";
import { defineCommand } from "../cli/command.js";

const shells = ["bash", "zsh", "fish", "powershell"];

export const completion = printing(["completion"]);

export const shellInit = printing(["completion", "init"]);

/** A command that prints these scripts of a shell, for it to evaluate when it starts. */
function printing(scripts: readonly string[]) {
  return defineCommand({
    usage: shells.join("|"),
    options: {},
    async run({ args, terminal }) {
      const [shell = "", ...extra] = args;
      if (!shells.includes(shell) || extra.length > 0) {
        throw new MachineError("usage", `one shell is needed: ${shells.join(", ")}`);
      }
      for (const script of scripts) await printScript(script, shell, terminal);
    },
  });
}

async function printScript(script: string, shell: string, terminal: Terminal): Promise<void> {
  const folder = await templatesFolder(import.meta.dirname);
  terminal.write(await readFile(join(folder, "shell", `${script}.${shell}`), "utf8"));
}
