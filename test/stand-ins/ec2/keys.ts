import type * as sdk from "@aws-sdk/client-ec2";
import { createHash } from "node:crypto";
import type { Handler } from "./context.js";
import { failure } from "./failure.js";
import { type KeyPair, newId, type Region } from "./region.js";
import { byIds, type Filters, filtered } from "./select.js";
import { tagsAtBirth } from "./tags.js";

export const ImportKeyPair: Handler<sdk.ImportKeyPairRequest, sdk.ImportKeyPairResult> = ({ region }, input) => {
  const { KeyName = "", PublicKeyMaterial = new Uint8Array() } = input;
  if (KeyName === "" || KeyName.length > 255) throw failure("InvalidParameterValue", "Invalid value for keyName");
  const line = Buffer.from(PublicKeyMaterial).toString().trim();
  const [type = "", blob = ""] = line.split(" ");
  if (!/^(?:ssh-rsa|ssh-ed25519)$/.test(type) || !Buffer.from(blob, "base64").toString("latin1").includes(type)) {
    throw failure("InvalidKey.Format", "Key is not in valid OpenSSH public key format");
  }
  const tags = tagsAtBirth(input.TagSpecifications, "key-pair");
  if (region.keyPairs.some((pair) => pair.KeyName === KeyName)) {
    throw failure("InvalidKeyPair.Duplicate", `The keypair already exists`);
  }
  return () => {
    const pair: KeyPair = {
      KeyName,
      KeyPairId: newId("key"),
      KeyType: type === "ssh-rsa" ? "rsa" : "ed25519",
      KeyFingerprint: fingerprint(type, blob),
      CreateTime: new Date(),
      Tags: tags,
      PublicKey: line,
    };
    region.keyPairs.push(pair);
    return { KeyName, KeyPairId: pair.KeyPairId, KeyFingerprint: pair.KeyFingerprint, Tags: tags };
  };
};

/** Of RSA keys: MD5 of the key; of ed25519 keys: SHA-256 in base64, as ssh-keygen prints it. */
function fingerprint(type: string, blob: string): string {
  const key = Buffer.from(blob, "base64");
  if (type === "ssh-ed25519") return `${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}=`;
  return createHash("md5")
    .update(key)
    .digest("hex")
    .replace(/..(?=.)/g, "$&:");
}

export const DescribeKeyPairs: Handler<sdk.DescribeKeyPairsRequest, sdk.DescribeKeyPairsResult> =
  ({ region }, input) =>
  () => {
    const { KeyNames: names, KeyPairIds: ids } = input;
    const missing = names?.find((name) => !region.keyPairs.some(({ KeyName }) => KeyName === name));
    if (missing !== undefined) throw noKeyPair(missing);
    const named = names?.length ? region.keyPairs.filter(({ KeyName }) => names.includes(KeyName)) : region.keyPairs;
    const found = filtered(ids?.length ? pairsOf(region, ids) : named, input.Filters, filters);
    return {
      KeyPairs: found.map((pair) => ({ ...pair, PublicKey: input.IncludePublicKey ? pair.PublicKey : undefined })),
    };
  };

const filters: Filters<KeyPair> = {
  fingerprint: ({ KeyFingerprint }) => [KeyFingerprint],
  "key-name": ({ KeyName }) => [KeyName],
  "key-pair-id": ({ KeyPairId }) => [KeyPairId],
};

/** Succeeds for a name that is not there, as EC2 does; an id must be there. */
export const DeleteKeyPair: Handler<sdk.DeleteKeyPairRequest, sdk.DeleteKeyPairResult> = ({ region }, input) => {
  if (input.KeyName === undefined && input.KeyPairId === undefined) {
    throw failure("MissingParameter", "The request must contain the parameter KeyName or KeyPairId");
  }
  const gone =
    input.KeyPairId === undefined
      ? region.keyPairs.find(({ KeyName }) => KeyName === input.KeyName)
      : pairsOf(region, [input.KeyPairId])[0];
  return () => {
    region.keyPairs = region.keyPairs.filter((pair) => pair !== gone);
    return { Return: true, KeyPairId: gone?.KeyPairId };
  };
};

function pairsOf(region: Region, ids: readonly string[]): KeyPair[] {
  return byIds(region.keyPairs, ids, ({ KeyPairId }) => KeyPairId, {
    prefix: "key",
    what: "key pair ID",
    malformed: "InvalidParameterValue",
    notFound: "InvalidKeyPair.NotFound",
  });
}

export function keyPairNamed({ keyPairs }: Region, name: string): KeyPair {
  const pair = keyPairs.find(({ KeyName }) => KeyName === name);
  if (pair === undefined) throw noKeyPair(name);
  return pair;
}

function noKeyPair(name: string) {
  return failure("InvalidKeyPair.NotFound", `The key pair '${name}' does not exist`);
}
