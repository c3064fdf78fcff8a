import { createPrivateKey } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { platform } from "node:os";
import { join } from "node:path";
import ssh2, { type AnyAuthMethod, type BaseAgent, type ParsedKey } from "ssh2";
import { defaultKeyNames, isMachineError, MachineError, messageOf, isSystemError } from "../../driver/index.js";
import { openSshKeyPair } from "../../driver/key-pair.js";
import { isEncrypted, isPrivateKey, readPublicKey } from "../keys.js";

/** Who logs in and with what. */
export interface SshLogin {
  /** Machine that messages name. */
  readonly machine: string;
  readonly user: string;
  readonly keyPath?: string | undefined;
  /** With a key: try the agent's and the default keys after it. Without one they are tried anyway. */
  readonly others: boolean;
  /** `SSH_AUTH_SOCK` for the agent, `HOME` or `USERPROFILE` for the default keys. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Undefined as an answer: nobody can be asked. */
  readonly askPassphrase?: ((keyPath: string) => Promise<string | undefined>) | undefined;
}

/** One way to log in. */
export interface Credential {
  /** What it is, for messages. */
  readonly label: string;
  /** Undefined: it turned out to be of no use. May ask for a passphrase, so it is called when the host is known. */
  method(): Promise<AnyAuthMethod | undefined>;
}

/**
 * The ways to log in, in the order in which they are tried.
 * @throws MachineError `failed` when the given key file cannot be used
 */
export async function credentials(login: SshLogin): Promise<Credential[]> {
  const { keyPath, others } = login;
  const given = keyPath === undefined ? [] : [await givenKey(login, keyPath)];
  if (keyPath !== undefined && !others) return given;
  const agent = await askAgent(login);
  return [
    ...given,
    ...(agent === undefined ? [] : [agentKeys(login, agent)]),
    ...(await defaultKeys(login, agent?.keys ?? [])),
  ];
}

interface Agent {
  readonly client: BaseAgent;
  readonly keys: readonly ParsedKey[];
}

/** Undefined: there is none, or it has no key. */
async function askAgent({ env }: SshLogin): Promise<Agent | undefined> {
  const socket = env["SSH_AUTH_SOCK"] ?? (platform() === "win32" ? "\\\\.\\pipe\\openssh-ssh-agent" : "");
  if (socket === "") return undefined;
  const client = ssh2.createAgent(socket);
  const keys = await new Promise<ParsedKey[]>((resolve) => {
    client.getIdentities((error, found = []) => {
      resolve(error ? [] : found.filter(isParsed));
    });
  });
  return keys.length === 0 ? undefined : { client, keys };
}

/** The types allow more; ssh2 gives parsed keys, and passes over those that it does not know (FIDO). */
function isParsed(key: unknown): key is ParsedKey {
  return typeof key === "object" && key !== null && "getPublicSSH" in key;
}

/** The key file itself where it is open; an encrypted one through the agent that holds it, else with its passphrase. */
async function givenKey(login: SshLogin, path: string): Promise<Credential> {
  const content = await readKeyFile(login.machine, path);
  if (isEncrypted(content)) {
    const agent = await askAgent(login);
    const key = await heldKey(agent?.keys ?? [], path);
    if (agent !== undefined && key !== undefined) return agentKeys(login, { ...agent, keys: [key] });
  }
  return {
    label: `key ${path}`,
    method: async () => ({ type: "publickey", username: login.user, key: await unlock(login, path, content) }),
  };
}

/** The agent's copy of the key in a file. */
async function heldKey(keys: readonly ParsedKey[], path: string): Promise<ParsedKey | undefined> {
  const key = await readPublicKey(path);
  return keys.find((held) => held.getPublicSSH().toString("base64") === key?.base64);
}

function agentKeys({ user }: SshLogin, { client, keys }: Agent): Credential {
  const agent = Object.assign(client, {
    getIdentities: (done: (error: null, keys: readonly ParsedKey[]) => void) => {
      done(null, keys);
    },
  });
  return {
    label: keys.length === 1 ? "1 key of the agent" : `${String(keys.length)} keys of the agent`,
    method: () => Promise.resolve({ type: "agent", username: user, agent }),
  };
}

/** ssh's own default keys; those that cannot be used are passed over. */
async function defaultKeys(login: SshLogin, held: readonly ParsedKey[]): Promise<Credential[]> {
  const home = login.env["HOME"] || login.env["USERPROFILE"];
  if (!home) return [];
  const paths = defaultKeyNames.map((name) => join(home, ".ssh", name));
  const found = await Promise.all(paths.map((path) => defaultKey(login, path, held)));
  return found.filter((credential) => credential !== undefined);
}

async function defaultKey(login: SshLogin, path: string, held: readonly ParsedKey[]): Promise<Credential | undefined> {
  try {
    const content = await readKeyFile(login.machine, path);
    if ((await heldKey(held, path)) !== undefined) return undefined;
    if (isEncrypted(content) && login.askPassphrase === undefined) return undefined;
    return {
      label: `key ${path}`,
      method: async () => {
        const unlocked = await unlock(login, path, content).catch(() => undefined);
        return unlocked === undefined ? undefined : { type: "publickey", username: login.user, key: unlocked };
      },
    };
  } catch {
    return undefined;
  }
}

/** OpenSSH refuses a private key that others can read; so do we, with docker-machine's words. */
async function readKeyFile(machine: string, path: string): Promise<string> {
  const fail = (message: string, hint: string, cause?: unknown): MachineError =>
    new MachineError("failed", `${machine}: ${message}`, { hint, cause });
  let content: string;
  try {
    const mode = (await stat(path)).mode & 0o777;
    if ((mode & 0o077) !== 0 && platform() !== "win32") {
      throw fail(`permissions 0${mode.toString(8)} for '${path}' are too open`, `chmod 600 '${path}'`);
    }
    content = await readFile(path, "utf8");
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) {
      throw fail(`SSH key does not exist: "${path}"`, "look whether the file was moved", error);
    }
    if (isSystemError(error, "EACCES", "EPERM")) throw fail(`'${path}' is not readable`, "look who owns it", error);
    if (isSystemError(error, "EISDIR")) throw fail(`'${path}' is a directory`, "give the private key file", error);
    if (isMachineError(error)) throw error;
    throw fail(`'${path}' cannot be read: ${messageOf(error)}`, "give the private key file", error);
  }
  if (isPrivateKey(content) || content.startsWith("PuTTY-User-Key-File")) return content;
  const hint = /^(ssh|ecdsa)-/.test(content)
    ? "this is a public key: give the file without .pub"
    : "ssh-keygen makes one";
  throw fail(`'${path}' is not a private key`, hint);
}

const passphraseTries = 3;

async function unlock(login: SshLogin, path: string, content: string): Promise<ParsedKey> {
  const { machine, askPassphrase } = login;
  if (!isEncrypted(content)) {
    const key = parsePrivateKey(content);
    if (!(key instanceof Error)) return key;
    throw new MachineError("failed", `${machine}: '${path}' cannot be used: ${key.message}`, { cause: key });
  }
  for (let tries = 0; tries < passphraseTries; tries++) {
    const passphrase = await askPassphrase?.(path);
    if (passphrase === undefined) {
      throw new MachineError("failed", `${machine}: '${path}' needs a passphrase and nobody can be asked`, {
        hint: `ssh-add '${path}'`,
      });
    }
    const key = parsePrivateKey(content, passphrase);
    if (!(key instanceof Error)) return key;
  }
  throw new MachineError("failed", `${machine}: wrong passphrase for '${path}'`, {
    hint: `ssh-keygen -y -f '${path}' tells whether you know it`,
  });
}

/** ssh2 reads OpenSSH's, PuTTY's and the older PEM formats; what else Node can read is turned into one of those. */
function parsePrivateKey(content: string, passphrase?: string): ParsedKey | Error {
  const parsed = ssh2.utils.parseKey(content, passphrase);
  if (!(parsed instanceof Error) && parsed.isPrivateKey()) return parsed;
  if (content.includes("OPENSSH PRIVATE KEY")) return parsed;
  try {
    const key = createPrivateKey({ key: content, ...(passphrase === undefined ? {} : { passphrase }) });
    if (key.asymmetricKeyType === "ed25519") return ssh2.utils.parseKey(openSshKeyPair(key, "").privateKey);
    const type = key.asymmetricKeyType === "ec" ? "sec1" : "pkcs1";
    return ssh2.utils.parseKey(key.export({ type, format: "pem" }));
  } catch (error) {
    return error instanceof Error ? error : new Error(messageOf(error));
  }
}
