import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MachineError } from "../driver/index.js";
import { templatesFolder } from "../driver/templates.js";
import { defineCommand } from "../cli/command.js";

const shells = ["bash", "zsh", "fish", "powershell"];

export const completion = printing(["completion"]);

export const shellInit = printing(["completion", "init"]);

/** A command that prints these scripts of a shell, for it to evaluate when it starts. */
function printing(scripts: readonly string[]) {
  return defineCommand({
    usage: shells.join("|"),
    options: {},
    async run({ args, out }) {
      const [shell = "", ...extra] = args;
      if (!shells.includes(shell) || extra.length > 0) {
        throw new MachineError("usage", `one shell is needed: ${shells.join(", ")}`);
      }
      for (const script of scripts) out.raw(await read(script, shell));
    },
  });
}

async function read(script: string, shell: string): Promise<string> {
  const folder = await templatesFolder(import.meta.dirname);
  return readFile(join(folder, "shell", `${script}.${shell}`), "utf8");
}
