import { constants, promises as fs } from "node:fs";
import { isIP } from "node:net";
import { absolutePath, MachineError, readUserData, type Io } from "../../src/driver/index.js";
import type { Ec2Options } from "./options.js";
import { parsePort } from "./network/rules.js";

/**
 * What can be seen without EC2.
 * @param notice told of what is odd but harmless
 * @throws MachineError `usage`, in docker-machine's words where it has some
 */
export function checkOptions(given: Ec2Options, notice: (line: string) => void): void {
  const { accessKey = "", secretKey = "", keypairName, sshKeypath, tags, ingressCidr, blockDurationMinutes } = given;
  if ((accessKey === "") !== (secretKey === "") && given.profile === "") {
    throw usage(
      "amazonec2 driver requires AWS credentials configured with the --amazonec2-access-key and --amazonec2-secret-key options, environment variables, ~/.aws/credentials, or an instance role",
      "the access key and the secret key go together",
    );
  }
  if (keypairName !== "" && sshKeypath === "") {
    throw usage("using --amazonec2-keypair-name also requires --amazonec2-ssh-keypath");
  }
  if (given.insecureTransport && given.endpoint === "") {
    throw usage("using --amazonec2-insecure-transport also requires --amazonec2-endpoint");
  }
  if (commas(given.instanceType).length === 0) throw usage("--amazonec2-instance-type names no type");
  given.openPort.forEach(parsePort);
  const wrong = ingressCidr.find((one) => !isCidr(one));
  if (wrong !== undefined) {
    throw usage(`--amazonec2-ingress-cidr ${wrong}: addresses are 192.0.2.0/24 or 2001:db8::/32`);
  }
  if (blockDurationMinutes % 60 !== 0 || blockDurationMinutes < 0 || blockDurationMinutes > 360) {
    throw usage("--amazonec2-block-duration-minutes must be 60, 120, 180, 240, 300 or 360");
  }
  if (given.requestSpotInstance && given.spotPrice !== "" && !/^\d*\.?\d+$/.test(given.spotPrice)) {
    throw usage(`--amazonec2-spot-price ${given.spotPrice}: a price is 0.05`);
  }
  const parts = tags === "" ? 0 : tags.split(",").length;
  if (parts % 2 !== 0) notice(`Tags are not key value in pairs. ${String(parts)} elements found`);
}

/** Parts of a text with commas. */
export function commas(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/**
 * Absolute path of the private key that was named, else empty. Without a key pair at EC2 its public half is needed too.
 * @throws MachineError `precheck`
 */
export async function privateKey({ sshKeypath, keypairName }: Ec2Options, io: Pick<Io, "env">): Promise<string> {
  if (sshKeypath === "") return "";
  const path = absolutePath(sshKeypath, io.env);
  for (const file of keypairName === "" ? [path, `${path}.pub`] : [path]) {
    await fs.access(file, constants.R_OK).catch((cause: unknown) => {
      throw new MachineError("precheck", `SSH key cannot be read: "${file}"`, {
        hint:
          file === path
            ? "--amazonec2-ssh-keypath takes the private key file"
            : `write the public key there: ssh-keygen -y -f ${path} > ${file}`,
        cause,
      });
    });
  }
  if (keypairName === "") await checkKind(`${path}.pub`);
  return path;
}

/** @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ImportKeyPair.html */
async function checkKind(publicKey: string): Promise<void> {
  if (/^ssh-(rsa|ed25519) /.test(await fs.readFile(publicKey, "utf8"))) return;
  throw usage(`EC2 does not support the type of ${publicKey}`, "use RSA or Ed25519: ssh-keygen -t ed25519");
}

/**
 * Absolute path of the user data that was named, else empty.
 * @throws MachineError `precheck`
 */
export async function userDataFile({ userdata }: Ec2Options, io: Pick<Io, "env">): Promise<string> {
  if (userdata === "") return "";
  const path = absolutePath(userdata, io.env);
  await readUserData(path, "--amazonec2-userdata", "precheck");
  return path;
}

function isCidr(text: string): boolean {
  const [address = "", length = "", ...more] = text.split("/");
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return more.length === 0 && /^\d+$/.test(length) && Number(length) <= most;
}

function usage(message: string, hint?: string): MachineError {
  return new MachineError("usage", message, { hint });
}
