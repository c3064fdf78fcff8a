import { ok, warning, type Check, type Finding, type Io } from "../../src/driver/index.js";
import { defaultKeys, readableKey } from "./key.js";

/** @param sshKey the key to log in with, where one is named */
export function checks(sshKey: string | undefined): readonly Check[] {
  return [{ what: "keys", run: (io) => (sshKey ? checkKey(sshKey, io) : checkDefaults(io)) }];
}

async function checkKey(sshKey: string, io: Io): Promise<Finding> {
  return ok(`${await readableKey(sshKey, io)} can be read`);
}

async function checkDefaults(io: Io): Promise<Finding> {
  const [count, files] = await Promise.all([agentKeys(io), defaultKeys(io)]);
  const agent = count === 0 ? [] : [`${String(count)} of the agent`];
  if (count + files.length > 0) return ok([...agent, ...files].join(", "));
  return warning(
    "there is no ssh agent that has a key, and no key in ~/.ssh that can be read",
    "ssh-keygen -t ed25519 makes one and ssh-copy-id brings it to a host; --generic-ssh-key FILE names another one",
  );
}

/** ssh-add fails where there is no agent, or none that has a key. */
async function agentKeys(io: Pick<Io, "run">): Promise<number> {
  const { stdout } = await io.run("ssh-add", ["-l"]).catch(() => ({ stdout: "" }));
  return stdout.split("\n").filter((line) => line !== "").length;
}
