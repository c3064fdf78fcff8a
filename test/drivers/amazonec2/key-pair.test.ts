import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deleteKeyPair, importKeyPair, makeKey } from "../../../drivers/amazonec2/instance/key-pair.js";
import type { Ec2State } from "../../../drivers/amazonec2/state.js";
import { finish } from "../../support/command.js";
import { scriptedEc2 } from "./scripted-ec2.js";
import { planned } from "./state.js";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "machine-ec2-key-"));
});
afterEach(() => rm(dir, { recursive: true }));

function make(state: Ec2State): Promise<Partial<Ec2State>> {
  return makeKey({ name: "web-1", dir, state });
}

describe("the machine's key", () => {
  test("is one that ssh takes, for the user alone, under docker-machine's name", async () => {
    const { SSHKeyPath = "", KeyName = "" } = await make(planned);
    expect(SSHKeyPath).toBe(join(dir, "id_rsa"));
    expect((await stat(SSHKeyPath)).mode & 0o777).toBe(0o600);
    const { stdout } = await finish("ssh-keygen", ["-y", "-f", SSHKeyPath]);
    expect(stdout).toBe(await readFile(`${SSHKeyPath}.pub`, "utf8"));
    expect(KeyName).toMatch(/^web-1-[0-9a-f]{8}$/);
  });

  test("has another name at EC2 in another store", async () => {
    expect((await make(planned)).KeyName).not.toBe((await make(planned)).KeyName);
  });

  test("that the user has stays where it is", async () => {
    const given = { ...planned, SSHPrivateKeyPath: "/home/ann/key", ExistingKey: true, KeyName: "ann" };
    expect(await make(given)).toEqual({ SSHKeyPath: "/home/ann/key" });
    const { SSHKeyPath, KeyName } = await make({ ...given, ExistingKey: false, KeyName: "" });
    expect(SSHKeyPath).toBe("/home/ann/key");
    expect(KeyName).toMatch(/^web-1-/);
    expect(await readdir(dir)).toEqual([]);
  });
});

describe("the key pair at EC2", () => {
  const saved = (): Ec2State => ({ ...planned, KeyName: "web-1-k", SSHKeyPath: join(dir, "id_rsa") });

  test("is the public key, marked as the store's", async () => {
    await make(planned);
    const ec2 = scriptedEc2({ ImportKeyPair: {} });
    await importKeyPair(ec2, saved());
    const [input] = ec2.inputs("ImportKeyPair");
    expect(Buffer.from(input?.PublicKeyMaterial ?? []).toString()).toMatch(/^ssh-ed25519 AAAA\S+ web-1\n$/);
    expect(input).toMatchObject({ KeyName: "web-1-k", TagSpecifications: [{ ResourceType: "key-pair" }] });
    expect(JSON.stringify(input?.TagSpecifications)).toContain(planned.Owner);
  });

  test("is fine when it was imported before a crash", async () => {
    await make(planned);
    const ec2 = scriptedEc2({ ImportKeyPair: "InvalidKeyPair.Duplicate" });
    await expect(importKeyPair(ec2, saved())).resolves.toBeUndefined();
  });

  test("cannot be of a key without its public half, and how to write that is told", async () => {
    await writeFile(join(dir, "id_rsa"), "");
    const hint = expect.stringContaining("ssh-keygen -y -f") as string;
    await expect(importKeyPair(scriptedEc2({}), saved())).rejects.toMatchObject({ hint });
  });

  test("is deleted where it is marked as the store's", async () => {
    const ec2 = scriptedEc2({ DescribeKeyPairs: { KeyPairs: [{ KeyName: "web-1-k" }] }, DeleteKeyPair: {} });
    await deleteKeyPair(ec2, saved());
    expect(ec2.inputs("DescribeKeyPairs")[0]?.Filters).toEqual([
      { Name: "key-name", Values: ["web-1-k"] },
      { Name: "tag:machine:owner", Values: [planned.Owner] },
    ]);
    expect(ec2.inputs("DeleteKeyPair")).toEqual([{ KeyName: "web-1-k" }]);
  });

  test("is left alone where it is the user's, or somebody else's, or gone", async () => {
    const ec2 = scriptedEc2({ DescribeKeyPairs: { KeyPairs: [] } });
    await deleteKeyPair(ec2, { ...saved(), ExistingKey: true });
    await deleteKeyPair(ec2, { ...saved(), KeyName: "" });
    await deleteKeyPair(ec2, saved());
    expect(ec2.asked.map(({ name }) => name)).toEqual(["DescribeKeyPairs"]);
  });
});
