import { existsSync, readFileSync } from "node:fs";
import { isObject, MachineError } from "../driver/index.js";
import { parseJson } from "./json.js";

/** Secret options of a machine's driver that were given as flags, by their variables: `{"AWS_ACCESS_KEY_ID": "..."}`. */
export type KeptCredentials = Readonly<Record<string, string>>;

/** Those in a machine's credentials.json; none where there is no such file. @throws MachineError `failed` for a broken one */
export function keptCredentials(path: string): KeptCredentials {
  if (!existsSync(path)) return {};
  try {
    const json = parseJson(readFileSync(path, "utf8"));
    const isWhole = isObject(json) && Object.values(json).every((value) => typeof value === "string");
    if (isWhole) return json as KeptCredentials;
  } catch {
    // Never with a part of the text.
  }
  throw new MachineError("failed", `${path} is not valid`, {
    hint: "delete it, and pass the credentials by environment variables or a profile",
  });
}
