import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { output } from "../support/command.js";
import { authorize, connectTo, end, failure, listen, makeKey, startSshd, temporary, type Sshd } from "./sshd.js";

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd({ config: ["MaxAuthTries 3"] });
});
afterAll(() => sshd.stop());

const user = userInfo().username;

async function admitted(type: string, passphrase = "", name = `id_${type}`): Promise<string> {
  const path = join(await temporary(), name);
  await makeKey(path, type, passphrase);
  await authorize(sshd.dir, path);
  return path;
}

/** A real agent that holds these keys; resolves with its socket. */
async function agentWith(...keys: readonly string[]): Promise<string> {
  const socket = join(await temporary(), "agent");
  const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => end(agent));
  await new Promise((resolve) => agent.stdout.once("data", resolve));
  for (const key of keys) await output("ssh-add", ["-q", key], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  return socket;
}

test.each([
  ["ed25519", ""],
  ["rsa", ""],
  ["ecdsa", ""],
  ["rsa", "PEM"],
  ["ecdsa", "PEM"],
  ["rsa", "PKCS8"],
  ["ecdsa", "PKCS8"],
])("logs in with an %s key (%s)", async (type, format) => {
  const keyPath = await admitted(type);
  if (format !== "") await output("ssh-keygen", ["-q", "-p", "-m", format, "-N", "", "-f", keyPath]);
  const shell = await connectTo(sshd, { target: { keyPath } });
  expect((await shell.exec("echo in")).stdout).toBe("in\n");
});

test("logs in with an ed25519 key in PKCS#8, as openssl makes it", async () => {
  const keyPath = join(await temporary(), "id");
  await output("openssl", ["genpkey", "-algorithm", "ed25519", "-out", keyPath]);
  await chmod(keyPath, 0o600);
  const { readPublicKey } = await import("../../src/shell/keys.js");
  await writeFile(`${keyPath}.pub`, `${(await readPublicKey(keyPath))?.line ?? ""}\n`);
  await authorize(sshd.dir, keyPath);
  await connectTo(sshd, { target: { keyPath } });
});

test.each(["RFC4716", "PEM"])("asks for the passphrase of a key (%s), again when it was wrong", async (format) => {
  const keyPath = await admitted("rsa", "right");
  await output("ssh-keygen", ["-q", "-p", "-m", format, "-P", "right", "-N", "right", "-f", keyPath]);
  const asked: string[] = [];
  const answers = ["wrong", "", "right"];
  const askPassphrase = (path: string): Promise<string | undefined> => {
    asked.push(path);
    return Promise.resolve(answers.shift());
  };
  await connectTo(sshd, { target: { keyPath }, options: { askPassphrase } });
  expect(asked).toEqual([keyPath, keyPath, keyPath]);
});

test("gives up after three wrong passphrases and does not repeat them", async () => {
  const keyPath = await admitted("ed25519", "right");
  let asked = 0;
  const askPassphrase = (): Promise<string> => Promise.resolve(`wrong-${String((asked += 1))}`);
  const error = await failure(connectTo(sshd, { target: { keyPath }, options: { askPassphrase } }));
  expect(error.message).toBe(`web-1: wrong passphrase for '${keyPath}'`);
  expect(error.code).toBe("failed");
  expect(JSON.stringify([error.message, error.hint, error.stack])).not.toContain("wrong-");
  expect(asked).toBe(3);
});

test("the time a person takes for the passphrase does not count", async () => {
  const keyPath = await admitted("ed25519", "right");
  const askPassphrase = (): Promise<string> => new Promise((resolve) => setTimeout(resolve, 3_500, "right"));
  await connectTo(sshd, { target: { keyPath }, options: { askPassphrase, connectTimeout: 3_000 } });
});

test("says what to do where nobody can be asked for a passphrase", async () => {
  const keyPath = await admitted("ed25519", "right");
  const error = await failure(connectTo(sshd, { target: { keyPath } }));
  expect(error.message).toBe(`web-1: '${keyPath}' needs a passphrase and nobody can be asked`);
  expect(error.hint).toBe(`ssh-add '${keyPath}'`);
});

test("logs in with the agent when no key is given", async () => {
  const key = await admitted("ecdsa");
  const env = { SSH_AUTH_SOCK: await agentWith(key) };
  await connectTo(sshd, { target: { keyPath: undefined }, options: { env } });
});

test("uses the agent for an encrypted key that it holds, and only that key", async () => {
  const key = await admitted("ed25519");
  const strangers = await Promise.all(
    ["a", "b", "c", "d"].map(async (name) => {
      const path = join(await temporary(), name);
      await makeKey(path, "ed25519");
      return path;
    }),
  );
  const env = { SSH_AUTH_SOCK: await agentWith(...strangers, key) };
  const locked = join(dirname(key), "locked");
  await copyFile(key, locked);
  await output("ssh-keygen", ["-q", "-p", "-P", "", "-N", "right", "-f", locked]);
  await connectTo(sshd, { target: { keyPath: locked }, options: { env } });
  await connectTo(sshd, { target: { keyPath: key }, options: { env } });
});

test("says so when an agent has so many wrong keys that the host hangs up", async () => {
  const keys = await Promise.all(
    ["a", "b", "c", "d", "e"].map(async (name) => {
      const path = join(await temporary(), name);
      await makeKey(path, "ed25519");
      return path;
    }),
  );
  const env = { SSH_AUTH_SOCK: await agentWith(...keys) };
  const error = await failure(connectTo(sshd, { target: { keyPath: undefined }, options: { env } }));
  expect(error.code).toBe("failed");
  expect(error.message).toContain("Too many authentication failures");
  expect(error.message).toContain("tried: 5 keys of the agent");
});

test("does not wait for an agent that does not answer", async () => {
  const socket = join(await temporary(), "agent");
  const server = createServer(() => undefined).listen(socket);
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const env = { SSH_AUTH_SOCK: socket };
  const error = await failure(
    connectTo(sshd, { target: { keyPath: undefined }, options: { env, connectTimeout: 300 } }),
  );
  expect(error.message).toBe("web-1: the SSH agent does not answer");
  expect(error.hint).toContain("SSH_AUTH_SOCK");
  await connectTo(sshd, { options: { env } });
});

test("tries the default keys after an agent that is gone, and passes over unusable ones", async () => {
  const key = await admitted("rsa");
  const home = await temporary();
  await mkdir(join(home, ".ssh"));
  await copyFile(key, join(home, ".ssh", "id_rsa"));
  await writeFile(join(home, ".ssh", "id_ecdsa"), "nonsense", { mode: 0o600 });
  await copyFile(key, join(home, ".ssh", "id_ed25519"));
  await chmod(join(home, ".ssh", "id_ed25519"), 0o644);
  const env = { HOME: home, SSH_AUTH_SOCK: join(home, "gone") };
  await connectTo(sshd, { target: { keyPath: undefined }, options: { env } });
});

test("says that there is no key at all", async () => {
  const error = await failure(connectTo(sshd, { target: { keyPath: undefined } }));
  expect(error.code).toBe("failed");
  expect(error.message).toContain(`refused the login of ${user}: permission denied (there is no key to try)`);
  expect(error.hint).toContain("ssh-add");
});

test("names host, user and key of a refused login", async () => {
  const keyPath = join(await temporary(), "stranger");
  await makeKey(keyPath, "ed25519");
  const error = await failure(connectTo(sshd, { target: { keyPath } }));
  expect(error.code).toBe("failed");
  expect(error.message).toBe(
    `web-1: 127.0.0.1 port ${String(sshd.port)} refused the login of ${user}: permission denied (tried: key ${keyPath})`,
  );
  expect(error.hint).toContain(`~${user}/.ssh/authorized_keys`);
});

test("explains key files that cannot be used", async () => {
  const dir = await temporary();
  const good = await admitted("ed25519");
  const tell = async (keyPath: string): Promise<string> => {
    const { message, code } = await failure(connectTo(sshd, { target: { keyPath } }));
    expect(code).toBe("failed");
    return message;
  };
  expect(await tell(join(dir, "none"))).toBe(`web-1: SSH key does not exist: "${join(dir, "none")}"`);
  await chmod(good, 0o644);
  expect(await tell(good)).toBe(`web-1: permissions 0644 for '${good}' are too open`);
  await writeFile(join(dir, "text"), "hello", { mode: 0o600 });
  expect(await tell(join(dir, "text"))).toBe(`web-1: '${join(dir, "text")}' is not a private key`);
  await writeFile(join(dir, "pub"), await readFile(`${good}.pub`), { mode: 0o600 });
  expect((await failure(connectTo(sshd, { target: { keyPath: join(dir, "pub") } }))).hint).toContain("without .pub");
  const torn = (await readFile(good, "utf8")).split("\n").toSpliced(2, 2).join("\n");
  await writeFile(join(dir, "torn"), torn, { mode: 0o600 });
  expect(await tell(join(dir, "torn"))).toContain(`'${join(dir, "torn")}' cannot be used`);
  await mkdir(join(dir, "directory"), { mode: 0o700 });
  expect(await tell(join(dir, "directory"))).toBe(`web-1: '${join(dir, "directory")}' is a directory`);
  expect(await tell("no\0path")).toMatch(/^web-1: .no\0path. cannot be read: /);
});

test("says what a host accepts that wants no keys", async () => {
  const server = new ssh2.Server({ hostKeys: [await readFile(join(sshd.dir, "host_ed25519"))] }, (client) => {
    client
      .on("error", () => undefined)
      .on("authentication", (context) => {
        context.reject(["password"]);
      });
  });
  const port = await listen(server);
  onTestFinished(() => void server.close());
  const error = await failure(connectTo(sshd, { target: { port } }));
  expect(error.hint).toBe("the host accepts only: password");
});

test("gets in where a host asks for nothing", async () => {
  const server = new ssh2.Server({ hostKeys: [await readFile(join(sshd.dir, "host_ed25519"))] }, (client) => {
    client
      .on("error", () => undefined)
      .on("authentication", (context) => {
        if (context.method === "none") context.accept();
        else context.reject();
      });
  });
  const port = await listen(server);
  onTestFinished(() => void server.close());
  expect((await connectTo(sshd, { target: { port } })).closed).toBe(false);
});

test("says that a host does not finish the login", async () => {
  const server = new ssh2.Server({ hostKeys: [await readFile(join(sshd.dir, "host_ed25519"))] }, (client) => {
    client.on("error", () => undefined).on("authentication", () => undefined);
  });
  const port = await listen(server);
  onTestFinished(() => void server.close());
  const error = await failure(connectTo(sshd, { target: { port }, options: { connectTimeout: 2_500 } }));
  expect(error.code).toBe("unreachable");
  expect(error.message).toContain("did not finish the login (within 2.5 s)");
});
