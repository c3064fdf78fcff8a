import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MachineError } from "./error.js";

/**
 * The path of the folder `templates` of the package that a module belongs to: the same from its source and from a bundle.
 * @param from the module's `import.meta.dirname`
 * @throws MachineError `failed` when the package is incomplete
 */
export async function templatesFolder(from: string): Promise<string> {
  const folder = join(from, "templates");
  try {
    await Promise.all([access(join(from, "package.json")), access(folder)]);
    return folder;
  } catch (error) {
    const parent = dirname(from);
    if (parent === from) throw new MachineError("failed", "this installation lacks its templates", { cause: error });
    return templatesFolder(parent);
  }
}
