import { mkdir, readlink, realpath, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { boolean, MachineError } from "../driver/index.js";
import { defineCommand } from "../cli/command.js";
import { dockerFolder } from "../store/paths.js";

export const installPlugin = defineCommand({
  usage: "[OPTIONS]",
  options: { uninstall: boolean({ help: "Take the plugin away again" }) },
  async run({ values, terminal, out }) {
    if (terminal.platform === "win32") {
      throw new MachineError("unsupported", "docker on Windows takes only programs that end in .exe as plugins");
    }
    const folder = join(dockerFolder(terminal.env), "cli-plugins");
    const path = join(folder, "docker-machine");
    const target = await realpath(terminal.file);
    await refuseForeign(path);
    if (values.uninstall) {
      await rm(path, { force: true });
      out.text(`${path} is removed.`);
      out.json({ path, isInstalled: false });
      return;
    }
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const temporary = `${path}.new`;
    await rm(temporary, { force: true });
    await symlink(target, temporary);
    await rename(temporary, path);
    out.text(`${path} is this program: try docker machine ls`);
    out.json({ path, isInstalled: true });
  },
});

/** @throws MachineError `failed` where something else than a link to this program, in whatever version, is there */
async function refuseForeign(path: string): Promise<void> {
  const found = await readlink(path).catch((error: unknown) => (error as NodeJS.ErrnoException).code);
  if (found === "ENOENT" || found?.endsWith("/dist/cli.cjs") === true) return;
  throw new MachineError("failed", `${path} is not of this program`, {
    hint: "move it away, then type machine install-plugin again",
  });
}
