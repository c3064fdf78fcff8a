import { readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseJump } from "../../src/shell/ssh/jump.js";
import { authorize, connectTo, failure, freePort, relayTo, startSshd, temporary, type Sshd } from "./sshd.js";

let sshd: Sshd;
let bastion: Sshd;
let gate: Sshd;
beforeAll(async () => {
  [sshd, bastion, gate] = await Promise.all([startSshd(), startSshd(), startSshd()]);
  await authorize(bastion.dir, sshd.key);
  await authorize(gate.dir, sshd.key);
});
afterAll(() => Promise.all([sshd, bastion, gate].map((host) => host.stop())));

const at = (host: Sshd): string => `127.0.0.1:${String(host.port)}`;

test("reads [user@]host[:port], with IPv6 addresses", () => {
  expect(parseJump("bastion")).toEqual({ host: "bastion", port: 22 });
  expect(parseJump("me@bastion.example:2222")).toEqual({ host: "bastion.example", port: 2222, user: "me" });
  expect(parseJump("me@[2001:db8::1]:2222")).toEqual({ host: "2001:db8::1", port: 2222, user: "me" });
  expect(parseJump("2001:db8::1")).toEqual({ host: "2001:db8::1", port: 22 });
});

test.each(["", "me@", "bastion:", "bastion:0", "bastion:70000", "a b", "-oProxyCommand=x", "a:b:22x", "x@y@z"])(
  "refuses %j as a jump host",
  async (jump) => {
    const error = await failure(connectTo(sshd, { target: { jump: [jump] } }));
    expect(error.code).toBe("usage");
  },
);

test("goes through jump hosts and pins the key of each", async () => {
  const knownHosts = join(await temporary(), "known_hosts");
  const notices: string[] = [];
  const shell = await connectTo(sshd, {
    target: { jump: [at(bastion), `${userInfo().username}@${at(gate)}`] },
    options: { knownHosts, notice: (line) => void notices.push(line) },
  });
  expect((await shell.exec("echo $SSH_CONNECTION | cut -d' ' -f4")).stdout).toBe(`${String(sshd.port)}\n`);
  expect(bastion.log()).toContain("Accepted publickey");
  expect(gate.log()).toContain("Accepted publickey");
  expect(notices).toHaveLength(3);
  const names = (await readFile(knownHosts, "utf8")).split("\n").map((line) => line.split(" ")[0]);
  expect(names).toEqual([`[127.0.0.1]:${String(bastion.port)}`, `[127.0.0.1]:${String(gate.port)}`, "web-1", ""]);
});

test("refuses a jump host whose key has changed, until it is trusted", async () => {
  const knownHosts = join(await temporary(), "known_hosts");
  const [type = "", base64 = ""] = (await readFile(sshd.hostKeys["ed25519"] ?? "", "utf8")).split(" ");
  await writeFile(knownHosts, `[127.0.0.1]:${String(bastion.port)} ${type} ${base64}\n`);
  const target = { jump: [at(bastion)] };
  const error = await failure(connectTo(sshd, { target, options: { knownHosts } }));
  expect(error.code).toBe("untrusted");
  expect(error.message).toContain(`the host key of jump host 127.0.0.1 port ${String(bastion.port)} has changed`);
  await connectTo(sshd, { target, options: { knownHosts, trust: bastion.fingerprints["ed25519"] } });
  await connectTo(sshd, { target, options: { knownHosts } });
});

test("says which host a jump host cannot reach", async () => {
  const port = await freePort();
  const error = await failure(connectTo(sshd, { target: { jump: [at(bastion)], port } }));
  expect(error.code).toBe("unreachable");
  expect(error.message).toContain(`the jump host does not get to 127.0.0.1 port ${String(port)}: `);
  expect(error.hint).toContain("AllowTcpForwarding");
});

test("a lost jump host is a lost connection", async () => {
  const relay = await relayTo(bastion.port);
  const shell = await connectTo(sshd, { target: { jump: [`127.0.0.1:${String(relay.port)}`] } });
  const onLine = (): void => {
    relay.cut();
  };
  expect((await failure(shell.exec("echo on; sleep 30", { onLine }))).code).toBe("unreachable");
  expect(shell.closed).toBe(true);
});

test("closing leaves no connection to a jump host behind", async () => {
  const relay = await relayTo(bastion.port);
  const shell = await connectTo(sshd, { target: { jump: [`127.0.0.1:${String(relay.port)}`] } });
  await shell.close();
  await relay.idle();
});
