import { isObject, MachineError, messageOf } from "../../driver/index.js";

/** Those lists of a cloud-config that the machine needs something in; undefined for one that it does not have. */
export interface Lists {
  readonly users?: readonly unknown[] | undefined;
  readonly runcmd?: readonly unknown[] | undefined;
  readonly mounts?: readonly unknown[] | undefined;
}

/**
 * Reads them as cloud-init does: `users` may also be a map of names, or names with commas; what is empty is not there.
 * @throws MachineError `usage` for what is no YAML, and for what cloud-init would pass over
 * @see https://cloudinit.readthedocs.io/en/latest/reference/modules.html#users-and-groups
 */
export async function listsIn(cloudConfig: Buffer): Promise<Lists> {
  const config = await parsed(cloudConfig.toString());
  if (config === null || config === undefined) return {};
  if (!isObject(config)) throw refused("must be a map of settings");
  return {
    users: usersIn(config["users"]),
    runcmd: listIn("runcmd", config["runcmd"]),
    mounts: listIn("mounts", config["mounts"]),
  };
}

/** YAML 1.1, in which `yes` is true. */
async function parsed(text: string): Promise<unknown> {
  const { parse } = await import("yaml");
  try {
    return parse(text, { version: "1.1", logLevel: "error" }) as unknown;
  } catch (error) {
    throw refused(`is not valid YAML: ${messageOf(error).split("\n")[0] ?? ""}`);
  }
}

function usersIn(users: unknown): readonly unknown[] | undefined {
  if (typeof users === "string") return users.split(/\s*,\s*/).filter((name) => name !== "");
  if (!isObject(users)) return listIn("users", users);
  const named = Object.entries(users);
  return named.length === 0 ? undefined : named.map(([name, one]) => (isObject(one) ? { name, ...one } : name));
}

function listIn(key: string, value: unknown): readonly unknown[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value as readonly unknown[];
  throw refused(`must have a list as ${key}`);
}

function refused(why: string): MachineError {
  return new MachineError("usage", `the user data ${why}`, { hint: "check it with `cloud-init schema -c FILE`" });
}
