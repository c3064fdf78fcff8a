import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileFailure, MachineError, messageOf } from "../driver/index.js";
import type { Store } from "./store.js";

/** What a person keeps of `create`'s options, by the name of the flag: text, or of a repeatable one a list. */
export type Settings = Readonly<Record<string, string | readonly string[]>>;

const file = (root: string): string => join(root, "settings.json");

/** @throws MachineError `failed` for a file that is no JSON */
export async function readSettings(root: string): Promise<Settings> {
  // conf takes longer to load than all that a command without settings does.
  return existsSync(file(root)) ? (await open(root)).store : {};
}

/** Keeps these values; undefined forgets one. The others stay. */
export async function changeSettings(
  { root, lockNamed }: Pick<Store, "root" | "lockNamed">,
  changes: Readonly<Record<string, string | readonly string[] | undefined>>,
): Promise<void> {
  await lockNamed("settings", async () => {
    const settings = await open(root);
    const all = Object.entries({ ...settings.store, ...changes });
    try {
      settings.store = Object.fromEntries(all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
    } catch (error) {
      throw fileFailure(`${file(root)} cannot be written`, error);
    }
  });
}

async function open(root: string) {
  const { default: Conf } = await import("conf");
  try {
    return new Conf<Record<string, string | readonly string[]>>({
      cwd: root,
      configName: "settings",
      configFileMode: 0o600,
      accessPropertiesByDotNotation: false,
    });
  } catch (cause) {
    throw new MachineError("failed", `the settings cannot be read: ${messageOf(cause)}`, {
      hint: `mend or delete ${file(root)}`,
      cause,
    });
  }
}
