import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MachineError } from "../driver/index.js";
import { encodeJson, isObject, parseJson } from "./json.js";

/** Secret options of a machine's driver that were given as flags, by their variables: `{"AWS_ACCESS_KEY_ID": "..."}`. */
export type KeptCredentials = Readonly<Record<string, string>>;

/** Those that are kept for a machine; none where there is no such file. @throws MachineError `failed` for one that is damaged */
export function readCredentials(path: string): KeptCredentials {
  if (!existsSync(path)) return {};
  try {
    const json = parseJson(readFileSync(path, "utf8"));
    if (isObject(json) && Object.values(json).every((value) => typeof value === "string"))
      return json as KeptCredentials;
  } catch {
    // Never with a part of the text.
  }
  throw new MachineError("failed", `${path} is damaged`, {
    hint: "delete it, and give the credentials by the environment or a profile",
  });
}

/** @param dir a machine's directory */
export function hasCredentials(dir: string): boolean {
  return existsSync(join(dir, "credentials.json"));
}

/** Keeps them, for their owner's eyes alone. None: nothing is written. @throws MachineError `failed` */
export async function keepCredentials(path: string, credentials: KeptCredentials): Promise<void> {
  if (Object.keys(credentials).length === 0) return;
  // What only reads them loads nothing that writes.
  const { replaceFile } = await import("./file.js");
  await replaceFile(path, encodeJson(credentials));
}
