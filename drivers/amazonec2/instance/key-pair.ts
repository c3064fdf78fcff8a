import { readFile } from "node:fs/promises";
import { makeKeyPair, MachineError, saveKeyPair, type Machine } from "../../../src/driver/index.js";
import type { Ec2 } from "../api/calls.js";
import { codeOf } from "../api/failure.js";
import { tags } from "./find-instance.js";
import { allTags } from "./launch.js";
import type { Ec2State } from "../state.js";

/**
 * Makes the machine's own key, unless the user has named one, which stays where it is. The key pair at EC2 gets a name
 * that no other machine has, and that is saved before anything is there under it.
 */
export async function makeKey({ name, dir, state }: Machine<Ec2State>): Promise<Partial<Ec2State>> {
  if (state.ExistingKey) return { SSHKeyPath: state.SSHPrivateKeyPath };
  const KeyName = keyName(name, crypto.randomUUID().slice(0, 8));
  if (state.SSHPrivateKeyPath !== "") return { SSHKeyPath: state.SSHPrivateKeyPath, KeyName };
  return { SSHKeyPath: await saveKeyPair(dir, makeKeyPair(name)), KeyName };
}

/** What a key pair of ours is called. */
export function keyName(machine: string, random: string): string {
  return `${machine}-${random}`;
}

/**
 * Fine when it is there already: its name belongs to this machine alone.
 * @param publicKey default: that of the machine's private key
 */
export async function importKeyPair(ec2: Ec2, state: Readonly<Ec2State>, publicKey?: Uint8Array): Promise<void> {
  const PublicKeyMaterial = publicKey ?? (await readPublicKey(`${state.SSHKeyPath}.pub`));
  const TagSpecifications = [{ ResourceType: "key-pair" as const, Tags: allTags(state) }];
  try {
    await ec2.call("ImportKeyPair", { KeyName: state.KeyName, PublicKeyMaterial, TagSpecifications });
  } catch (error) {
    if (codeOf(error) !== "InvalidKeyPair.Duplicate") throw error;
  }
}

async function readPublicKey(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: unknown) => {
    throw new MachineError("failed", `the public key cannot be read: ${path}`, {
      hint: `write it there with: ssh-keygen -y -f ${path.replace(/\.pub$/, "")} > ${path}`,
      cause,
    });
  });
}

/** Deletes the key pair that was made for this machine, never the user's; fine when there is none. */
export async function deleteKeyPair(ec2: Ec2, { ExistingKey, KeyName, Owner }: Readonly<Ec2State>): Promise<void> {
  if (ExistingKey || KeyName === "") return;
  if (Owner === undefined) {
    await ec2.call("DeleteKeyPair", { KeyName });
    return;
  }
  const Filters = [
    { Name: "key-name", Values: [KeyName] },
    { Name: `tag:${tags.owner}`, Values: [Owner] },
  ];
  const { KeyPairs = [] } = await ec2.call("DescribeKeyPairs", { Filters });
  if (KeyPairs.length > 0) await ec2.call("DeleteKeyPair", { KeyName });
}
